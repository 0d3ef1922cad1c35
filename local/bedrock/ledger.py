"""What tests ask afterwards: which calls were made, what was bought, how long it lived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from local.bedrock.faults import Fault


@dataclass(frozen=True)
class Call:
    """One call that reached the local Bedrock. error: the code, or the class of what the client met instead."""

    at: datetime
    operation: str
    parameters: Mapping[str, Any]
    error: str | None
    fault: Fault | None


class Purchase(Protocol):
    """A host that was ever created: a Provisioned Throughput, billed from created_at to deleted_at, or a deployment."""

    @property
    def name(self) -> str: ...
    @property
    def arn(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def in_service_at(self) -> datetime: ...
    @property
    def deleted_at(self) -> datetime | None: ...


@dataclass
class Ledger:
    """purchases: throughputs; deployments: on-demand ones, which cost nothing while nobody asks them."""

    purchases: Sequence[Purchase]
    deployments: Sequence[Purchase] = ()
    calls: list[Call] = field(default_factory=list)

    def calls_of(self, operation: str) -> list[Call]:
        return [call for call in self.calls if call.operation == operation]

    def alive(self, now: datetime) -> list[Purchase]:
        """Throughputs that are billed at that moment."""
        return [
            each
            for each in self.purchases
            if each.created_at <= now and (each.deleted_at is None or each.deleted_at > now)
        ]

    def alive_seconds(self, now: datetime) -> float:
        """Seconds billed until that moment, over all throughputs."""
        return sum(
            (min(each.deleted_at or now, now) - each.created_at).total_seconds()
            for each in self.purchases
            if each.created_at <= now
        )
