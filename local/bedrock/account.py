"""The account, region and clock that the emulated services share, and the names of resources in them."""

import hashlib
from dataclasses import dataclass

from finetuning.services import Clock


@dataclass(frozen=True)
class Account:
    clock: Clock
    region: str
    id: str

    def arn(self, resource: str) -> str:
        return f"arn:aws:bedrock:{self.region}:{self.id}:{resource}"

    def foundation_model_arn(self, model_id: str) -> str:
        return f"arn:aws:bedrock:{self.region}::foundation-model/{model_id}"


def resource_id(*parts: str) -> str:
    """Twelve letters and digits, as in Bedrock's ARNs; the same for the same parts, so that runs can be repeated."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:12]
