"""Names of executions, which are the run ids."""

import re
import secrets
from datetime import datetime

from finetuning.names import MAX_RUN_ID_LENGTH


def new_run_id(dataset: str, now: datetime) -> str:
    """`<dataset>-<yyyymmdd-hhmmss>-<4 hex>`: only a-z, 0-9 and single hyphens, as Bedrock's names allow."""
    suffix = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    readable = re.sub(r"[^a-z0-9]+", "-", dataset.lower())[: MAX_RUN_ID_LENGTH - len(suffix) - 1].strip("-")
    return f"{readable or 'run'}-{suffix}"
