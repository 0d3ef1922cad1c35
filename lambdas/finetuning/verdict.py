"""The verdict: what a run says about fine-tuning, from its numbers alone."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from finetuning.power import detectable_difference, needed_questions
from finetuning.texts import Texts

# With fewer questions, an interval over questions means little.
MINIMUM_QUESTIONS = 8
# With fewer of those that were to be asked, the rest may differ in kind from them.
MINIMUM_SHARE = 0.5
# A difference within this many points of correctness (scale 1-10) is one that readers of the answers would not notice.
NEGLIGIBLE = 0.5


class Verdict(StrEnum):
    IMPROVED = "improved"
    NO_VISIBLE_EFFECT = "no_visible_effect"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"
    DID_NOT_LEARN = "did_not_learn"
    OVER_BUDGET = "over_budget"
    NO_HEADROOM = "no_headroom"
    FAILED = "failed"


@dataclass(frozen=True)
class Ruling:
    """A verdict and the sentence that says it to people."""

    verdict: Verdict
    headline: str


def minimum_questions(n: int, unanswered: int) -> int:
    """unanswered: questions that time did not suffice for; they may differ in kind from those that were answered."""
    return max(MINIMUM_QUESTIONS, math.ceil(MINIMUM_SHARE * (n + unanswered)))


def compare(correctness: Mapping[str, Any], say: Texts, unanswered: int = 0) -> Ruling:
    """From the paired difference in correctness: {"base", "custom", "difference", "ci95", "n", …}."""
    n, interval = correctness["n"], correctness["ci95"]
    means = {key: correctness[key] for key in ("base", "custom", "difference", "n")}
    minimum = minimum_questions(n, unanswered)
    if interval is None:
        numbers = say("verdict.numbersWithoutInterval", **means)
        return Ruling(Verdict.INCONCLUSIVE, say("verdict.tooFewQuestions", n=n, minimum=minimum, numbers=numbers))
    low, high = interval
    numbers = say("verdict.numbers", **means, low=low, high=high)
    if n < minimum:
        return Ruling(Verdict.INCONCLUSIVE, say("verdict.tooFewQuestions", n=n, minimum=minimum, numbers=numbers))
    if low >= -NEGLIGIBLE and high <= NEGLIGIBLE:
        return Ruling(Verdict.NO_VISIBLE_EFFECT, say("verdict.noVisibleEffect", numbers=numbers))
    if low > 0:
        return Ruling(Verdict.IMPROVED, say("verdict.improved", numbers=numbers))
    if high < 0:
        return Ruling(Verdict.WORSE, say("verdict.worse", numbers=numbers))
    return Ruling(Verdict.INCONCLUSIVE, say("verdict.spansZero", numbers=numbers))


def rule(state: Mapping[str, Any], scores: Mapping[str, Any], say: Texts) -> Ruling:
    """The verdict on a whole run.

    state: the execution's state at its end; scores: metric → paired comparison, empty before both models are scored.
    """
    if failure := state.get("failure"):
        if failure["Error"] == "OverBudget":
            return Ruling(Verdict.OVER_BUDGET, say("verdict.nothingBought", reason=failure["Cause"]))
        if failure["Error"] == "OverBudgetError":
            return Ruling(Verdict.OVER_BUDGET, say("verdict.noThroughputBought", reason=failure_message(failure)))
        return Ruling(Verdict.FAILED, say("verdict.failed"))
    if not state["baseScores"]["hasHeadroom"]:
        return Ruling(Verdict.NO_HEADROOM, say("verdict.noHeadroom", mean=state["baseScores"]["correctness"]))
    if "training" in state and not state["training"]["learned"]:
        return Ruling(Verdict.DID_NOT_LEARN, say("verdict.didNotLearn", diagnosis=state["training"]["diagnosis"]))
    unanswered = state["customScores"]["unanswered"]
    if "correctness" not in scores:
        return Ruling(Verdict.INCONCLUSIVE, say("verdict.nothingCompared"))
    return compare(scores["correctness"], say, unanswered)


def power(correctness: Mapping[str, Any], verdict: Verdict, say: Texts, unanswered: int = 0) -> dict[str, Any]:
    """What so many questions can show, and where that did not suffice for a verdict, how many would.

    correctness: as for compare, with "sd". Differences smaller than NEGLIGIBLE are nobody's question.
    """
    n, sd, difference = correctness["n"], correctness["sd"], max(NEGLIGIBLE, abs(correctness["difference"]))
    minimum = minimum_questions(n, unanswered)
    # Differences that do not vary, or a single one, say nothing of how others would.
    needed = max(minimum, needed_questions(sd, difference)) if sd else minimum
    detectable = detectable_difference(sd, n) if sd else None
    if n < minimum == needed:
        text = say("verdict.powerMinimum", n=n, minimum=minimum)
    elif detectable is None:
        text = say("verdict.powerUnknown", n=n)
    elif verdict is Verdict.INCONCLUSIVE:
        text = say("verdict.powerNeeded", needed=needed, difference=difference, n=n, detectable=detectable)
    else:
        text = say("verdict.powerShown", n=n, detectable=detectable)
    return {
        "minimumQuestions": minimum,
        "neededQuestions": needed if verdict is Verdict.INCONCLUSIVE else None,
        "detectableDifference": detectable,
        "text": text,
    }


def failure_message(failure: Mapping[str, Any]) -> str:
    """A handler's error arrives as Lambda's JSON; anything else is the state machine's own text. A timeout has none."""
    cause: str = failure.get("Cause", "")
    try:
        message: str = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return cause
    return message
