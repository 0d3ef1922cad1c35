"""What became of a scenario: its executions, and the throughputs and deployments that were created."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from finetuning.guard import Kind
from finetuning.guard import Outcome as Removed

FIRST_RUN, COMPANION, RESUMED = "run-1", "run-2", "run-3"


@dataclass(frozen=True)
class Purchase:
    """A throughput or deployment that was created for a run."""

    run: str
    arn: str
    created_at: datetime
    in_service_at: datetime
    deleted_at: datetime | None


@dataclass(frozen=True)
class Run:
    """What became of one execution. answers, generated: of each model, those in the bucket, and those Bedrock gave.

    failed_task: the last task before the failure path, which is the one that failed; None where it was not entered.
    saw_gone: whether it wrote down that its throughput or deployment is gone.
    """

    name: str
    status: str
    cause: str | None
    entered: Sequence[str]
    failed_task: str | None
    failure_path_at: datetime | None
    ended_at: datetime
    result: Mapping[str, Any] | None
    has_report: bool
    answers: Mapping[str, int]
    generated: Mapping[str, int]
    job_status: str | None
    saw_gone: bool


@dataclass(frozen=True)
class Outcome:
    """Times are virtual. struck: whether all went wrong that was to.

    removed: ARNs of what the reaper ordered to end. unanswered: of what it cannot know whether it did. notes: what it
    wrote of that. messages: what the topic heard.
    failing: whether the run branched off to its failure path. calls: by state, Bedrock's operations from its branch on.
    """

    runs: Mapping[str, Run]
    purchases: Sequence[Purchase]
    removed: Collection[str]
    unanswered: Collection[str]
    notes: Sequence[Mapping[str, Any]]
    messages: Sequence[str]
    struck: bool
    failing: bool
    calls: Mapping[str, Sequence[str]]
    ended_at: datetime


def is_told(note: Mapping[str, Any]) -> bool:
    """Whether all is told of what the guard removed: a host's whole life, and that a job is being stopped."""
    done: str = note["outcome"]
    return bool(note["told"]) and done == (Removed.ASKED if note["kind"] == Kind.JOB else Removed.GONE)
