"""The report of a run that could not write its own: its execution was aborted, timed out, or failed before it could.

What the run had found out until then stands in the execution's history, as the input of the last state it entered.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from finetuning import names
from finetuning.base_models import BaseModel
from finetuning.ending import Ending
from finetuning.report import render
from finetuning.result import build
from finetuning.run_store import REPORT, RESULT, RunStore
from finetuning.task import usable

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_stepfunctions.client import SFNClient
    from types_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

# It is entered with the execution input itself, which anybody may have written; all states after it with our state.
FIRST_STATE = "CaptureInput"

_CAUSES = {
    "ABORTED": "The execution was stopped from outside.",
    "TIMED_OUT": "The execution reached its time limit.",
    "FAILED": "The execution failed without telling why.",
}


@dataclass(frozen=True)
class Throughput:
    """The run's throughput as the guard saw it; times in ISO 8601, gone_at None where it is still there."""

    created_at: str
    gone_at: str | None


@dataclass(frozen=True)
class Interrupted:
    """Writes result.json and report.html where an execution left none."""

    stepfunctions: "SFNClient"
    s3: "S3Client"
    results_bucket: str
    model: BaseModel
    environment: str

    def write_missing_report(
        self, execution_arn: str, throughput: Throughput | None, now: datetime
    ) -> dict[str, Any] | None:
        """The new result; None where the run has one already: a verdict that it wrote before it was stopped stands.

        throughput: None where the guard has never seen one. A report that had to leave open whether it is gone is
        written again until it is, and one that knows of none where there was one.
        """
        run_id = run_id_of(execution_arn)
        store = RunStore(self.s3, self.results_bucket, run_id)
        earlier = store.find_json(RESULT)
        if earlier and not _is_overtaken(earlier, throughput):
            if store.find_bytes(REPORT) is None:
                store.write_text(REPORT, render(earlier), "text/html")
            return None
        entered, state = self._last_entered(execution_arn)
        result = self._result(execution_arn, entered, _concluded(state, throughput, earlier, now), store, now)
        store.write_json(RESULT, result)
        store.write_text(REPORT, render(result), "text/html")
        return result if earlier is None else None

    def _last_entered(self, execution_arn: str) -> tuple[str, Mapping[str, Any]]:
        """The last state's name and the execution's state when it was entered."""
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(
            executionArn=execution_arn, reverseOrder=True
        )
        for page in pages:
            events = [event for event in page["events"] if "stateEnteredEventDetails" in event]
            if events:
                entered = max(events, key=lambda event: event["id"])["stateEnteredEventDetails"]
                return entered["name"], _state(entered["name"], json.loads(entered["input"]))
        return FIRST_STATE, {}

    def _result(
        self, execution_arn: str, entered: str, state: Mapping[str, Any], store: RunStore, now: datetime
    ) -> dict[str, Any]:
        failed_by_itself = "failure" in state
        state = {"failedAt": {"state": entered}, **state}
        if not failed_by_itself:
            description = self.stepfunctions.describe_execution(executionArn=execution_arn)
            state = {**state, "failure": _failure(description)}
        run_id = run_id_of(execution_arn)
        ending = Ending(run_id, execution_arn, state, store, self.model, self.environment, now)
        result = build(ending)
        if not failed_by_itself:
            result["headline"] = ending.say("verdict.interrupted", state=entered)
            result["failure"]["whatToDo"] = _what_to_do(run_id, state)
        return result


def run_id_of(execution_arn: str) -> str:
    return names.run_id(execution_arn.rpartition(":")[2])


def _is_overtaken(earlier: Mapping[str, Any], throughput: Throughput | None) -> bool:
    if earlier["status"] == "SUCCEEDED":
        return False
    told_alive = bool((earlier["cost"] or {}).get("throughputAlive"))
    told_of = earlier.get("throughput", {}).get("createdAt") is not None
    return told_alive or (throughput is not None and (throughput.gone_at is None or not told_of))


def _state(entered: str, given: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    if entered == FIRST_STATE:
        return {"input": given}
    # An item of a Map carries the whole state with it.
    return usable(given.get("state", given))


def _concluded(
    state: Mapping[str, Any], throughput: Throughput | None, earlier: Mapping[str, Any] | None, now: datetime
) -> Mapping[str, Any]:
    """The state with what the guard saw of the throughput, as DeleteProvisionedThroughput would have told it."""
    deletion, told = state.get("deletion", {}), (earlier or {}).get("throughput", {})
    alive = throughput is not None and throughput.gone_at is None
    if deletion.get("gone") and not alive and (throughput is None or deletion.get("createdAt")):
        return state
    at = (throughput and throughput.gone_at) or now.isoformat()
    known_of = [throughput.created_at if throughput else None, deletion.get("createdAt"), told.get("createdAt")]
    known_of.append(state.get("throughput", {}).get("createdAt"))
    return {
        **state,
        "deletion": {
            "gone": not alive,
            "at": at,
            "since": deletion.get("since") or told.get("deletionSince") or at,
            "createdAt": next(filter(None, known_of), None),
        },
    }


def _failure(execution: "DescribeExecutionOutputTypeDef") -> dict[str, str]:
    """In the form of a Catch's result."""
    status = execution["status"]
    cause = execution.get("cause") or _CAUSES.get(status, f"The execution ended {status}.")
    return {"Error": execution.get("error") or status, "Cause": cause}


def _what_to_do(run_id: str, state: Mapping[str, Any]) -> str:
    if "dataset" not in state:
        return "Start a new execution: nothing had been made yet."
    return f'Start a new execution with the input {{"resumeFrom": "{run_id}"}}: it goes on from what this run has made.'
