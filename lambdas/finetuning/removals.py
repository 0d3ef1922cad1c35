"""What the guard removes, as it is written down in the run's folder and told to people.

A note is written before the order, again with what came of it, and once people have heard of that. So whatever is
lost, a later look knows of it. Looks may run side by side: each writes only over the note that it has read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from finetuning.guard import Kind, Outcome, Reap, Reason, Resource
from finetuning.run_store import RunStore, removal_key

# Where Bedrock took the order.
_TAKEN = (Outcome.ASKED, Outcome.GONE)
# How often a note is written anew after another look has written it meanwhile.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Removal:
    """ordered_at: when it was ordered to go, and there as far as the guard saw. at: when this came of the order.

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
    """A removal as it is written down. told: whether people have heard of it.

    version: by which whoever writes over it says what was read.
    """

    removal: Removal
    told: bool
    version: str

    @property
    def is_untold(self) -> bool:
        return not self.told and self.removal.outcome in _TAKEN


def find_note(store: RunStore, key: str) -> Note | None:
    found = store.find_version(key)
    return Note(Removal.from_json(found.document), found.document["told"], found.etag) if found else None


def write_note(store: RunStore, removal: Removal, earlier: Note | None, *, told: bool = False) -> Note | None:
    """None where another look has written since `earlier` was read."""
    document, replaced = {**removal.to_json(), "told": told}, earlier.version if earlier else None
    version = store.write_version(key_of(removal.resource), document, replaced)
    return Note(removal, told, version) if version else None


def key_of(resource: Resource) -> str:
    return removal_key(resource.kind, resource.created_at)


def write_down(store: RunStore, removal: Removal) -> Note | None:
    """The note of what came of an order, to be told; None where that is no news, or another look's to tell."""
    for _attempt in range(_ATTEMPTS):
        earlier = find_note(store, key_of(removal.resource))
        if not _is_news(removal, earlier):
            return None
        if note := write_note(store, removal, earlier):
            return note
    raise RuntimeError(f"other looks have written {_ATTEMPTS} times meanwhile")


def _is_news(removal: Removal, earlier: Note | None) -> bool:
    """That something is on its way out, and then that it is gone; also what an earlier look wrote and did not tell."""
    if removal.outcome not in _TAKEN or earlier is None or earlier.removal.outcome not in _TAKEN:
        return removal.outcome in _TAKEN
    if earlier.removal.outcome is Outcome.GONE:
        return False
    return removal.outcome is Outcome.GONE or (earlier.is_untold and removal.ordered_at > earlier.removal.at)


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
