"""Every invariant can fail: an outcome that breaks one promise is found to break that one, and no other."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from finetuning.customization import JobStatus
from finetuning.guard import Outcome as Removed
from invariants import GRACE, Broken, assess
from outcomes import COMPANION, FIRST_RUN, RESUMED, Outcome, Purchase, Run
from scenarios import Observed, Scenario
from small_app import QUESTIONS, USD_PER_HOUR

T0 = datetime(2026, 2, 2, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OBSERVED = Observed(operations={}, polls={}, verdict="improved")
TASK = "GenerateAnswers (custom)"
WHAT_TO_DO = "Mend it."
FAILURE = {"state": TASK, "error": "TransientError", "message": "no answer", "whatToDo": WHAT_TO_DO}
CAUSE = f"{TASK} failed: no answer What to do: {WHAT_TO_DO}\nReport: s3://bucket/report.html"
HOSTING = {"seconds": 660.0}
FAILED_RESULT: Mapping[str, Any] = {"status": "FAILED", "failure": FAILURE, "hosting": HOSTING}
SUCCEEDED_RESULT: Mapping[str, Any] = {
    "status": "SUCCEEDED",
    "verdict": "improved",
    "unanswered": {},
    "hosting": HOSTING,
}
ALL = {"base": QUESTIONS, "custom": QUESTIONS}
FAILED = Run(
    name=FIRST_RUN,
    status="FAILED",
    cause=CAUSE,
    entered=["CreateProvisionedThroughput", TASK, "CaptureFailedState", "WriteReport (after failure)"],
    failed_task=TASK,
    failure_path_at=T0 + 10 * MINUTE,
    ended_at=T0 + 12 * MINUTE,
    result=FAILED_RESULT,
    has_report=True,
    answers=ALL,
    generated=ALL,
    job_status=JobStatus.COMPLETED,
    saw_gone=False,
)
SUCCEEDED = replace(
    FAILED,
    name=RESUMED,
    status="SUCCEEDED",
    cause=None,
    entered=[TASK, "WriteReport"],
    failed_task=None,
    failure_path_at=None,
    result=SUCCEEDED_RESULT,
    generated={"base": 0, "custom": 0},
    job_status=None,
)
ARN = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/x"
NOTE = {"arn": ARN, "kind": "throughput", "outcome": "gone", "told": True, "seconds": 660.0, "usd": 9.17}
BOUGHT = Purchase(FIRST_RUN, ARN, T0, T0 + 5 * MINUTE, T0 + 11 * MINUTE)
OUTCOME = Outcome(
    runs={FIRST_RUN: FAILED, COMPANION: replace(SUCCEEDED, name=COMPANION), RESUMED: SUCCEEDED},
    purchases=[BOUGHT],
    removed=[ARN],
    unanswered=[],
    notes=[NOTE],
    messages=[f"The throughput x ({ARN}) is gone."],
    struck=True,
    failing=True,
    calls={},
    ended_at=T0 + 60 * MINUTE,
)


def first(**changes: Any) -> Outcome:  # noqa: ANN401 - fields of Run, or of a result
    return replace(OUTCOME, runs={**OUTCOME.runs, FIRST_RUN: replace(FAILED, **changes)})


def other(name: str, **changes: Any) -> Outcome:  # noqa: ANN401 - fields of Run, or of a result
    return replace(OUTCOME, runs={**OUTCOME.runs, name: replace(OUTCOME.runs[name], **changes)})


def told(**changes: Any) -> Outcome:  # noqa: ANN401 - fields of Run, or of a result
    """The first run's result says otherwise."""
    return first(result={**FAILED_RESULT, **changes})


def noted(**changes: Any) -> Outcome:  # noqa: ANN401 - fields of a note
    return replace(OUTCOME, notes=[{**NOTE, **changes}])


def bought(*purchases: Purchase) -> Outcome:
    return replace(OUTCOME, purchases=purchases)


def succeeded(**result: Any) -> Outcome:  # noqa: ANN401 - fields of Run, or of a result
    return first(**_of_success(), result={**SUCCEEDED_RESULT, **result})


def _of_success() -> dict[str, Any]:
    return {
        "status": "SUCCEEDED",
        "cause": None,
        "entered": SUCCEEDED.entered,
        "failed_task": None,
        "failure_path_at": None,
    }


BREAKING: list[tuple[Broken, Callable[[], Outcome]]] = [
    (Broken.LEAKED, lambda: bought(BOUGHT, replace(BOUGHT, run="of no run", deleted_at=None))),
    (
        Broken.LEAKED,
        lambda: bought(BOUGHT, replace(BOUGHT, run=COMPANION, arn="its", deleted_at=OUTCOME.ended_at + MINUTE)),
    ),
    (Broken.BOUGHT_TWICE, lambda: bought(BOUGHT, replace(BOUGHT, deleted_at=BOUGHT.created_at))),
    (Broken.BOUGHT_TWICE, lambda: bought(BOUGHT, *[replace(BOUGHT, run=RESUMED)] * 2)),
    (Broken.JOB_RUNNING, lambda: first(job_status=JobStatus.IN_PROGRESS)),
    (Broken.FALSE_SUCCESS, lambda: succeeded(verdict="worse")),
    (Broken.FALSE_SUCCESS, lambda: first(**_of_success())),
    (Broken.FALSE_SUCCESS, lambda: first(**_of_success() | {"entered": [TASK]}, result=SUCCEEDED_RESULT)),
    (Broken.FALSE_SUCCESS, lambda: other(RESUMED, status="FAILED")),
    (Broken.NO_REPORT, lambda: first(has_report=False)),
    (Broken.CAUSE, lambda: first(cause=CAUSE.replace(WHAT_TO_DO, ""))),
    (Broken.CAUSE, lambda: first(cause=CAUSE.replace(TASK, FAILED.entered[0]))),
    (Broken.CAUSE, lambda: first(status="ABORTED", result=_failed_in(FAILED.entered[0]))),
    (Broken.WRONG_LIFE, lambda: told(hosting={"seconds": 600.0})),
    (Broken.WRONG_LIFE, lambda: told(hosting={"seconds": 1350.0})),
    (Broken.WRONG_LIFE, lambda: succeeded(hosting={"seconds": 1300.0})),
    (Broken.WRONG_LIFE, lambda: first(saw_gone=True, result={**FAILED_RESULT, "hosting": {"seconds": 1300.0}})),
    (Broken.WRONG_LIFE, lambda: noted(seconds=600.0, usd=8.33)),
    (Broken.WRONG_LIFE, lambda: noted(seconds=1350.0, usd=18.75)),
    (Broken.WRONG_LIFE, lambda: noted(usd=None)),
    (Broken.UNHEARD, lambda: replace(OUTCOME, messages=[])),
    (Broken.UNHEARD, lambda: noted(outcome=Removed.NOT_YET)),
    (Broken.UNHEARD, lambda: noted(outcome=Removed.ASKED)),
    (Broken.UNHEARD, lambda: noted(told=False)),
    (Broken.MISTOLD, lambda: replace(OUTCOME, removed=[])),
    (Broken.MISTOLD, lambda: replace(OUTCOME, messages=[*OUTCOME.messages] * 2)),
    (Broken.ANSWERS_LOST, lambda: first(answers={**ALL, "custom": QUESTIONS - 1})),
    (Broken.PAID_AGAIN, lambda: other(RESUMED, generated={"base": 1, "custom": 0})),
    (Broken.PAID_AGAIN, lambda: other(RESUMED, job_status=JobStatus.COMPLETED)),
    (Broken.DISTURBED, lambda: other(COMPANION, status="FAILED")),
    (Broken.NOT_STRUCK, lambda: replace(OUTCOME, struck=False)),
]


def _failed_in(state: str) -> dict[str, Any]:
    return {**FAILED_RESULT, "failure": {**FAILURE, "state": state}}


def broken(outcome: Outcome) -> set[Broken]:
    return {finding.broken for finding in assess(Scenario("test"), outcome, OBSERVED).findings}


def test_what_keeps_every_promise_breaks_none() -> None:
    assert broken(OUTCOME) == set()
    assert broken(succeeded()) == set()


@pytest.mark.parametrize(("promise", "outcome"), BREAKING)
def test_what_breaks_a_promise_is_found(promise: Broken, outcome: Callable[[], Outcome]) -> None:
    assert broken(outcome()) == {promise}


@pytest.mark.parametrize("status", ["FAILED", "SUCCEEDED"])
def test_a_throughput_that_outlives_its_run_is_found(status: str) -> None:
    late = T0 + (10 if status == "FAILED" else 12) * MINUTE + GRACE + MINUTE
    life = {"seconds": (late - T0).total_seconds()}
    usd = round(life["seconds"] / 3600 * USD_PER_HOUR, 2)
    outcome = told(hosting=life) if status == "FAILED" else succeeded(hosting=life)
    outcome = replace(outcome, purchases=[replace(BOUGHT, deleted_at=late)], notes=[{**NOTE, **life, "usd": usd}])
    assert broken(outcome) == {Broken.ALIVE_TOO_LONG}


def test_every_promise_is_seen_to_break() -> None:
    assert {promise for promise, _ in BREAKING} | {Broken.ALIVE_TOO_LONG} == set(Broken)
