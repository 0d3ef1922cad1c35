"""What the guard removes, as it is written down in the run's folder and told to people.

A note is written before the order, so whatever is lost from then on, a later look knows of it. Looks may run side by
side: each writes only over the note that it has read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeGuard

from finetuning.guard import Kind, Outcome, Reap, Reason, Resource
from finetuning.run_store import RunStore, removal_key


@dataclass(frozen=True)
class Removal:
    """ordered_at: when it was there for the last time, as far as the guard saw. at: when this came of the order.

    usd: burned until then; None for what bills by tokens, and where the price is not known (yet).
    """

    reap: Reap
    outcome: Outcome
    ordered_at: datetime
    at: datetime
    usd: float | None = None

    @property
    def resource(self) -> Resource:
        return self.reap.resource

    @property
    def seconds(self) -> float:
        return (self.at - self.resource.created_at).total_seconds()

    @property
    def is_open(self) -> bool:
        """Whether more is to be told of it. What becomes of a job that is being stopped is its own report's to tell."""
        return self.outcome is Outcome.ORDERED or (self.outcome is Outcome.ASKED and self.resource.kind is not Kind.JOB)

    def to_json(self) -> dict[str, Any]:
        resource = self.resource
        return {
            "kind": resource.kind,
            "name": resource.name,
            "arn": resource.arn,
            "executionArn": resource.owner,
            "status": resource.status,
            "reason": self.reap.reason,
            "outcome": self.outcome,
            "createdAt": resource.created_at.isoformat(),
            "deadline": resource.deadline.isoformat() if resource.deadline else None,
            "orderedAt": self.ordered_at.isoformat(),
            "at": self.at.isoformat(),
            "seconds": self.seconds,
            "usd": self.usd,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Removal":
        deadline = document["deadline"]
        resource = Resource(
            Kind(document["kind"]),
            document["arn"],
            document["name"],
            document["executionArn"],
            datetime.fromisoformat(deadline) if deadline else None,
            datetime.fromisoformat(document["createdAt"]),
            document["status"],
        )
        return cls(
            Reap(resource, Reason(document["reason"])),
            Outcome(document["outcome"]),
            datetime.fromisoformat(document["orderedAt"]),
            datetime.fromisoformat(document["at"]),
            document["usd"],
        )


@dataclass(frozen=True)
class Note:
    """version: by which whoever writes over it says what was read."""

    removal: Removal
    version: str


def find_note(store: RunStore, resource: Resource) -> Note | None:
    found = store.find_version(_key(resource))
    return Note(Removal.from_json(found.document), found.etag) if found else None


def write_note(store: RunStore, removal: Removal, earlier: Note | None) -> Note | None:
    """None where another look has written since `earlier` was read: what it knows stands."""
    replaced = earlier.version if earlier else None
    version = store.write_version(_key(removal.resource), removal.to_json(), replaced)
    return Note(removal, version) if version else None


def _key(resource: Resource) -> str:
    return removal_key(resource.kind, resource.created_at)


def says_more(removal: Removal, earlier: Removal | None) -> bool:
    """Whether it says more than what was told of the same thing before.

    Where Bedrock takes or refuses an order for what it had said to be gone, that was not true.
    """
    if not _is_told(earlier):
        return removal.outcome is not Outcome.NOT_YET
    is_end = earlier.outcome is Outcome.ASKED and removal.outcome is Outcome.GONE
    return is_end or removal.ordered_at > earlier.at


def is_news(removal: Removal, earlier: Removal | None) -> bool:
    """Whether people are to hear of it: once Bedrock took the order, and with the whole cost once it is gone."""
    return says_more(removal, earlier) and (removal.outcome is Outcome.GONE or not _is_told(earlier))


def _is_told(earlier: Removal | None) -> TypeGuard[Removal]:
    return earlier is not None and earlier.outcome in (Outcome.ASKED, Outcome.GONE)


def describe(removal: Removal) -> str:
    """For people: what, why, how long it lived and what that cost."""
    resource = removal.resource
    hours, minutes = divmod(round(removal.seconds / 60), 60)
    cost = "" if removal.usd is None else f", which cost about ${removal.usd:,.2f}"
    done = {
        Outcome.GONE: "is gone",
        Outcome.ASKED: "is being stopped" if resource.kind is Kind.JOB else "is on its way out",
        Outcome.NOT_YET: "cannot be deleted yet; the guard tries again every 5 minutes",
    }
    return (
        f"The {resource.kind} {resource.name} ({resource.arn}) {done[removal.outcome]}: {removal.reap.reason} "
        f"({resource.owner}). It lived {hours} h {minutes:02} min{cost}."
    )
