"""What stopped a run: where, why, and what to do about it."""

import json
from typing import Any

from finetuning.ending import Ending
from finetuning.verdict import failure_message


def describe_failure(ending: Ending) -> dict[str, Any] | None:
    failure = ending.state.get("failure")
    if failure is None:
        return None
    error, go_on = failure["Error"], "start a new execution"
    if ending.resume is not None:
        go_on += f" with the input {json.dumps(ending.resume)}: what this run has made and paid for is used again"
    if error == "OverBudget":
        failed_at, what_to_do = "EstimateCost", _cheaper(ending)
    else:
        failed_at, what_to_do = _failed_at(ending), f"Mend what the message names, then {go_on}."
    if error == "OverBudgetError":
        what_to_do = f"To spend more, {go_on}; raise maxSpendUsd in it."
    elif error in ("TransientError", "States.Timeout", "Sandbox.Timedout"):
        what_to_do = f"AWS did not answer as it should, several times. Later, {go_on}."
    return {"state": failed_at, "error": error, "message": failure_message(failure), "whatToDo": what_to_do}


def _cheaper(ending: Ending) -> str:
    """Where the money would have gone, since that is where a change helps."""
    items = ending.state.get("cost", {}).get("items", [])
    dearest = max(items, key=lambda item: item["usd"] or 0, default=None)
    most = f" Most of the estimate is {dearest['item']}: ${dearest['usd']:,.2f}." if dearest and dearest["usd"] else ""
    return f"Raise maxSpendUsd in the execution input.{most}"


def _failed_at(ending: Ending) -> str:
    """The first state that has left nothing behind."""
    state = ending.state
    given = ending.run is not None and ending.run.custom_model_arn is not None
    # A run that has seen enough goes on to its report at once.
    headroom, learned = state.get("baseScores", {}).get("hasHeadroom"), state.get("training", {}).get("learned")
    enough = headroom is False or learned is False
    # Neither does one whose earlier run had every answer already buy a throughput.
    answered = enough or state.get("dataset", {}).get("customModelAnswered") is True
    done = {
        "ConfigureRun": "run" in state,
        "CheckPrerequisites": "prerequisites" in state,
        "ValidateDataset": "dataset" in state,
        "EstimateCost": "cost" in state,
        "CalibrateJudge": "calibration" in state,
        "GenerateAnswers (base)": "baseAnswers" in state,
        "ScoreAnswers (base)": "baseScores" in state,
        "StartCustomizationJob": enough or given or "job" in state,
        "GetCustomizationJob": enough or given or state.get("job", {}).get("status") == "Completed",
        "ReadTrainingMetrics": enough or given or "training" in state,
        "CreateProvisionedThroughput": answered or "throughput" in state,
        "GetProvisionedThroughput": answered or state.get("throughput", {}).get("status") == "InService",
        "GenerateAnswers (custom)": answered or "customAnswers" in state,
        "DeleteProvisionedThroughput or ScoreAnswers (custom)": enough or "customScores" in state,
        "WriteReport": "report" in state,
    }
    return next((name for name, is_done in done.items() if not is_done), "Notify")
