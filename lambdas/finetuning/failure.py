"""What stopped a run: where, why, and what to do about it."""

import json
from collections.abc import Mapping
from typing import Any

from finetuning.ending import Ending
from finetuning.verdict import failure_message

# The handlers' name for what may succeed later; then what Lambda and Step Functions say when a call got lost, or the
# function's process did (Step Functions' guide, "Handle Lambda service exceptions", read 2026-11; a process that ends,
# for example since its memory was used up, is Runtime.ExitError or Lambda.Unknown). Every task may be repeated.
TRANSIENT_ERRORS = (
    "TransientError",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
)
# Step Functions takes a cause of up to 32,768 characters (the type SensitiveCause of its API, read 2026-11).
LONGEST_MESSAGE = 30_000


def describe_failure(ending: Ending) -> dict[str, Any] | None:
    failure = ending.state.get("failure")
    if failure is None:
        return None
    error, go_on = failure["Error"], "start a new execution"
    if ending.resume is not None:
        go_on += f" with the input {json.dumps(ending.resume)}: what this run has made and paid for is used again"
    if error == "OverBudget":
        what_to_do = _cheaper(ending)
    elif error == "OverBudgetError":
        price = " and give prices.throughputPerHour" if _throughput_price_unknown(ending) else ""
        what_to_do = f"To spend more, {go_on}; raise maxSpendUsd{price} in it."
    elif error in TRANSIENT_ERRORS:
        what_to_do = f"AWS did not answer as it should, several times. Later, {go_on}."
    else:
        what_to_do = f"Mend what the message names, then {go_on}."
    state: str = ending.state["failedAt"]["state"]
    return {"state": state, "error": error, "message": failure_message(failure), "whatToDo": what_to_do}


def failure_text(failure: Mapping[str, Any]) -> str:
    """For people, from result.json's `failure`: the state that failed, why, and what to do."""
    message = failure["message"] or failure["error"]
    if len(message) > LONGEST_MESSAGE:
        message = f"{message[:LONGEST_MESSAGE]} … (the report has all of it)"
    return f"{failure['state']} failed: {message}\nWhat to do: {failure['whatToDo']}"


def _throughput_price_unknown(ending: Ending) -> bool:
    """Then a limit that is given cannot be kept, however high."""
    return "throughputPerHour" in ending.state["cost"]["unknownPrices"]


def _cheaper(ending: Ending) -> str:
    """What was in the way; and where the money would have gone, since that is where a change helps."""
    cost, advice = ending.state["cost"], []
    if cost["estimatedUsd"] > ending.state["run"]["maxSpendUsd"]:
        advice.append("raise maxSpendUsd")
    if _throughput_price_unknown(ending):
        advice.append("give prices.throughputPerHour")
    items = cost["items"]
    dearest = max(items, key=lambda item: item["usd"] or 0, default=None)
    most = f" Most of the estimate is {dearest['item']}: ${dearest['usd']:,.2f}." if dearest and dearest["usd"] else ""
    return f"In the execution input, {' and '.join(advice)}.{most}"
