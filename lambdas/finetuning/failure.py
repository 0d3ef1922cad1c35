"""What stopped a run: where, why, and what to do about it."""

import json
from collections.abc import Mapping
from typing import Any

from finetuning.ending import Ending
from finetuning.texts import Texts
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
    error, say = failure["Error"], ending.say
    go_on = say("failure.goOn", input=json.dumps(ending.resume)) if ending.resume else say("failure.startAnew")
    if error == "OverBudget":
        what_to_do = _cheaper(ending)
    elif error == "OverBudgetError":
        price = "AtAPrice" if _throughput_price_unknown(ending) else ""
        what_to_do = say(f"failure.spendMore{price}", goOn=go_on)
    else:
        what_to_do = say(f"failure.{'later' if error in TRANSIENT_ERRORS else 'mend'}", goOn=go_on)
    state: str = ending.state["failedAt"]["state"]
    return {
        "state": state,
        "error": error,
        "message": failure_message(failure.get("Cause", "")),
        "whatToDo": what_to_do,
    }


def failure_text(failure: Mapping[str, Any], say: Texts) -> str:
    """For people, from result.json's `failure`: the state that failed, why, and what to do."""
    message = failure["message"] or failure["error"]
    if len(message) > LONGEST_MESSAGE:
        message = say("failure.longMessage", message=message[:LONGEST_MESSAGE])
    return say("failure.text", state=failure["state"], message=message, whatToDo=failure["whatToDo"])


def _throughput_price_unknown(ending: Ending) -> bool:
    """Then a limit that is given cannot be kept, however high."""
    return "throughputPerHour" in ending.state["cost"]["unknownPrices"]


def _cheaper(ending: Ending) -> str:
    """What was in the way; and where the money would have gone, since that is where a change helps."""
    cost, say = ending.state["cost"], ending.say
    above = cost["estimatedUsd"] > ending.state["run"]["maxSpendUsd"]
    if not _throughput_price_unknown(ending):
        advice = say("failure.raiseLimit")
    else:
        advice = say("failure.raiseLimitAndGivePrice" if above else "failure.givePrice")
    dearest = max(cost["items"], key=lambda item: item["usd"] or 0, default=None)
    if dearest is None or not dearest["usd"]:
        return advice
    return say("failure.dearest", advice=advice, item=say(f"report.item.{dearest['item']}"), usd=dearest["usd"])
