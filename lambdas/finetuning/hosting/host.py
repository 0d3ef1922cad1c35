"""What a Provisioned Throughput and a custom model deployment have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from finetuning.errors import ExperimentError

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_bedrock.type_defs import TagTypeDef


@dataclass(frozen=True)
class Found:
    """A host as Bedrock describes it; status in Bedrock's own words."""

    arn: str
    name: str
    status: str
    created_at: datetime
    failure: str | None = None


class Host(ABC):
    """Bedrock's calls for one kind of host. Get and delete take a name or an ARN.

    called: what people call it. in_service, failed: the statuses in which it answers, and never will.
    longest_creation: after that it is given up. error: what a host that people must look after ends in.
    """

    called: ClassVar[str]
    in_service: ClassVar[str]
    failed: ClassVar[str]
    longest_creation: ClassVar[timedelta]
    error: ClassVar[type[ExperimentError]]

    def __init__(self, bedrock: "BedrockClient") -> None:
        self.bedrock = bedrock

    @staticmethod
    @abstractmethod
    def name(base_model_key: str, run: str) -> str:
        """The same for every attempt of a run; with an empty run id, what all of the base model's begin with."""

    @abstractmethod
    def create(self, name: str, model_arn: str, token: str, tags: "Sequence[TagTypeDef]") -> str:
        """Its ARN. Raises `error`, with what to do, where the account's quota does not allow it."""

    @abstractmethod
    def find(self, identifier: str) -> Found | None:
        """None where Bedrock knows none of it: gone, or never there."""

    @abstractmethod
    def delete(self, arn: str) -> None: ...

    @abstractmethod
    def list(self) -> Iterator[Found]:
        """All of the account's in this region."""
