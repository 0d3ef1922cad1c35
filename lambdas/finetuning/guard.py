"""What the guard removes: a pure decision from resources, their executions and the time.

An execution that was aborted or timed out runs no Catch, so what it left behind must be found from outside. Whose a
resource is and until when it may live stands in its tags; there is no table that could disagree with them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from finetuning.base_models import Hosting
from finetuning.customization import JobStatus
from finetuning.tags import APP, APP_NAME, DEADLINE, OWNER

NOT_FOUND = "NOT_FOUND"
# Step Functions' own strings, and ours for an execution that it does not know any more.
ENDED = frozenset({"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", NOT_FOUND})
# The longest deadline that the execution input can ask for: what a host whose deadline cannot be read gets.
LONGEST_LIFE = timedelta(minutes=600)


class Kind(StrEnum):
    THROUGHPUT = "throughput"
    DEPLOYMENT = "deployment"
    JOB = "job"


# What serves a custom model, by how it is hosted.
HOST_KINDS: Mapping[Hosting, Kind] = {"provisionedThroughput": Kind.THROUGHPUT, "onDemand": Kind.DEPLOYMENT}


@dataclass(frozen=True)
class Resource:
    """Something of ours that may cost money. owner: the execution's ARN; deadline: a host's only."""

    kind: Kind
    arn: str
    name: str
    owner: str
    deadline: datetime | None
    created_at: datetime
    status: str

    @property
    def costs(self) -> bool:
        """A host as long as it exists, whatever its status (a deployment uses up a quota); a job while it trains."""
        return self.kind is not Kind.JOB or self.status == JobStatus.IN_PROGRESS

    def is_past_deadline(self, now: datetime) -> bool:
        if self.kind is Kind.JOB:
            return False
        return now >= (self.deadline or self.created_at + LONGEST_LIFE)


class Reason(StrEnum):
    """Why something is removed; the end of a sentence."""

    EXECUTION_ENDED = "its execution is no longer running"
    PAST_DEADLINE = "it is past its deadline"


@dataclass(frozen=True)
class Reap:
    resource: Resource
    reason: Reason


class Outcome(StrEnum):
    """What came of a removal. ORDERED: nobody knows yet. NOT_YET: Bedrock did not take the order."""

    ORDERED = "ordered"
    GONE = "gone"
    ASKED = "asked"
    NOT_YET = "not yet"


def own(
    kind: Kind, *, arn: str, name: str, status: str, created_at: datetime, tags: Mapping[str, str], executions_of: str
) -> Resource | None:
    """The resource, if its tags say that it belongs to this app and to an execution of that state machine.

    executions_of: the ARN that all executions of the state machine begin with, the last colon included.
    None where a tag is missing or belongs to somebody else: that is never touched.
    """
    owner = tags.get(OWNER, "")
    if tags.get(APP) != APP_NAME or not owner.startswith(executions_of):
        return None
    return Resource(kind, arn, name, owner, _time(tags.get(DEADLINE)), created_at, status)


def decide(resources: Iterable[Resource], executions: Mapping[str, str], now: datetime) -> list[Reap]:
    """What must go, hosts first since they cost most.

    executions: status by ARN. An execution that is missing here could not be looked up: it counts as running.
    """
    reaps = []
    for resource in resources:
        if not resource.costs:
            continue
        if executions.get(resource.owner) in ENDED:
            reaps.append(Reap(resource, Reason.EXECUTION_ENDED))
        elif resource.is_past_deadline(now):
            reaps.append(Reap(resource, Reason.PAST_DEADLINE))
    return sorted(reaps, key=lambda reap: reap.resource.kind is Kind.JOB)


def past_deadline(resources: Sequence[Resource], now: datetime) -> int:
    """How many hosts are alive that should not be any more, whoever owns them."""
    return sum(resource.is_past_deadline(now) for resource in resources)


def _time(text: str | None) -> datetime | None:
    """None where the tag is missing or no time: the longest life then applies."""
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
