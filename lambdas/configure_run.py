"""ConfigureRun: check the execution input and fill in the defaults."""

import json
import os
from collections.abc import Mapping
from typing import Any

from finetuning.run_config import configure
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    return configure(
        task.state["input"],
        task.base_model,
        shipped_datasets=json.loads(os.environ["DATASETS"]),
        data_bucket=os.environ["DATA_BUCKET"],
        started_at=task.services.clock.now().isoformat(),
    ).to_json()
