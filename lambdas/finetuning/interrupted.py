"""The report of a run that could not write its own: its execution was aborted, timed out, or failed before it could.

What the run had found out until then stands in the execution's history, as the input of the last state it entered.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finetuning import names
from finetuning.base_models import BaseModel, Hosting
from finetuning.cost import is_since
from finetuning.ending import Ending
from finetuning.hosting import Found, record
from finetuning.hosting.record import Record
from finetuning.inventory import Problems
from finetuning.report import render
from finetuning.result import build
from finetuning.run_store import REPORT, RESULT, RunStore
from finetuning.task import usable
from finetuning.texts import Texts

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_stepfunctions.client import SFNClient
    from types_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

# It is entered with the execution input itself, which anybody may have written; all states after it with our state.
FIRST_STATE = "CaptureInput"
# The last state was entered a few events before the end; each event carries the state.
_EVENTS_PER_PAGE = 10
_ENDED = ("ABORTED", "TIMED_OUT", "FAILED")


@dataclass(frozen=True)
class Seen:
    """The run's host as the guard saw it: last there, and gone (None where nobody has seen that). ISO 8601."""

    created_at: str
    last_seen_at: str
    gone_at: str | None


@dataclass(frozen=True)
class Interrupted:
    """Writes result.json and report.html where an execution left none.

    find_host: asks Bedrock for a run's, by its hosting and run id. problems: where it is noted that this failed.
    """

    find_host: Callable[[Hosting, str], Found | None]
    stepfunctions: "SFNClient"
    s3: "S3Client"
    results_bucket: str
    model: BaseModel
    environment: str
    problems: Problems

    def write_missing_report(self, execution_arn: str, host: Seen | None, now: datetime) -> dict[str, Any] | None:
        """The new result; None where the run has one already: a verdict that it wrote before it was stopped stands.

        host: None where the guard has never seen one. A report that had to leave open whether it is gone is written
        again until it is, and so is one that says it was gone, or never there, when it was.
        """
        run_id = run_id_of(execution_arn)
        store = RunStore(self.s3, self.results_bucket, run_id)
        earlier = store.find_json(RESULT)
        if earlier and not _is_overtaken(earlier, host):
            if store.find_bytes(REPORT) is None:
                store.write_text(REPORT, render(earlier), "text/html")
            return None
        entered, state = self._last_entered(execution_arn)
        host, is_gone = self._asked(run_id, state, host, now)
        state = _concluded(state, host, is_gone, earlier, record.read(store), now)
        result = self._result(execution_arn, entered, state, store, now)
        store.write_json(RESULT, result)
        store.write_text(REPORT, render(result), "text/html")
        return result if earlier is None else None

    def _asked(
        self, run_id: str, state: Mapping[str, Any], host: Seen | None, now: datetime
    ) -> tuple[Seen | None, bool]:
        """The run's host, and whether it is gone. A list may lack what is there: only Bedrock, asked for it, says that.

        Where it gives no answer, the report is written all the same, and leaves that open.
        """
        if host is not None and host.gone_at is not None:
            return host, True
        if "run" not in state:
            return host, host is None
        at = now.isoformat()
        with self.problems.kept(f"ask for the host of run {run_id}"):
            found = self.find_host(state["run"]["hosting"], run_id)
            if found is None:
                return host and replace(host, gone_at=at), True
            host = Seen(found.created_at.isoformat(), at, None)
        return host, False

    def _last_entered(self, execution_arn: str) -> tuple[str, Mapping[str, Any]]:
        """The last state's name and the execution's state when it was entered."""
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(
            executionArn=execution_arn, reverseOrder=True, PaginationConfig={"PageSize": _EVENTS_PER_PAGE}
        )
        for event in (event for page in pages for event in page["events"]):
            if entered := event.get("stateEnteredEventDetails"):
                return entered["name"], _state(entered["name"], json.loads(entered["input"]))
        return FIRST_STATE, {}

    def _result(
        self, execution_arn: str, entered: str, state: Mapping[str, Any], store: RunStore, now: datetime
    ) -> dict[str, Any]:
        state = {"failedAt": {"state": entered}, **state}
        ending = Ending(run_id_of(execution_arn), execution_arn, state, store, self.model, self.environment, now)
        if "failure" in state:
            return build(ending)
        description = self.stepfunctions.describe_execution(executionArn=execution_arn)
        result = build(replace(ending, state={**state, "failure": _failure(description, ending.say)}))
        result["headline"] = ending.say("verdict.interrupted", state=entered)
        result["failure"]["whatToDo"] = _what_to_do(ending)
        return result


def run_id_of(execution_arn: str) -> str:
    return names.run_id(execution_arn.rpartition(":")[2])


def _is_overtaken(earlier: Mapping[str, Any], host: Seen | None) -> bool:
    if earlier["status"] == "SUCCEEDED":
        return False
    told = earlier["hosting"]
    return told["alive"] or (host is not None and _contradicts(host, told["createdAt"], told["goneAt"]))


def _contradicts(host: Seen, created_at: str | None, gone_at: str | None) -> bool:
    """It was told of no host, or that it was gone when it was there: lists may not show yet what was just created."""
    return created_at is None or gone_at is None or not is_since(gone_at, host.last_seen_at)


def _state(entered: str, given: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    if entered == FIRST_STATE:
        return {"input": given}
    # An item of a Map carries the whole state with it.
    return usable(given.get("state", given))


def _concluded(
    state: Mapping[str, Any],
    host: Seen | None,
    is_gone: bool,
    earlier: Mapping[str, Any] | None,
    recorded: Record,
    now: datetime,
) -> Mapping[str, Any]:
    """The state with what the guard saw of the host, as the task that deletes it would have told it."""
    deletion, told = state.get("deletion", {}), earlier["hosting"] if earlier else {}
    created_at = deletion.get("createdAt") or state.get("host", {}).get("createdAt") or recorded.created_at
    gone_at = deletion["at"] if deletion.get("gone") else recorded.gone_at
    if gone_at and not (host and _contradicts(host, created_at, gone_at)):
        return state
    at = (host and host.gone_at) or now.isoformat()
    known_of = [host and host.created_at, created_at, told.get("createdAt")]
    return {
        **state,
        "deletion": {
            "gone": is_gone,
            "at": at,
            "since": deletion.get("since") or told.get("deletionSince") or at,
            "createdAt": next(filter(None, known_of), None),
        },
    }


def _failure(execution: "DescribeExecutionOutputTypeDef", say: Texts) -> dict[str, str]:
    """In the form of a Catch's result."""
    status = execution["status"]
    cause = execution.get("cause") or say(
        f"failure.ended.{status}" if status in _ENDED else "failure.ended.OTHERWISE", status=status
    )
    return {"Error": execution.get("error") or status, "Cause": cause}


def _what_to_do(ending: Ending) -> str:
    if "dataset" not in ending.state:
        return ending.say("failure.nothingMade")
    return ending.say("failure.goOnFromInterrupted", input=json.dumps({"resumeFrom": ending.run_id}))
