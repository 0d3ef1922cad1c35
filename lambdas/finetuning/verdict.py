"""The verdict: what a run says about fine-tuning, from its numbers alone."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from finetuning.power import ALPHA, detectable_difference, needed_questions
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
    TRAINED = "trained"
    FAILED = "failed"


@dataclass(frozen=True)
class Ruling:
    """A verdict and the sentence that says it to people."""

    verdict: Verdict
    headline: str


def minimum_questions(asked: int) -> int:
    """asked: questions of the evaluation data; those without an answer or a score may differ in kind from the rest."""
    return max(MINIMUM_QUESTIONS, math.ceil(MINIMUM_SHARE * asked))


def more_than_chance(interval: Sequence[float] | None, p_value: float | None, n: float | None) -> bool:
    """Whether so many questions show a difference: its 95% interval leaves out zero, and its p-value agrees.

    With few questions, or few that differ, a bootstrap interval is too narrow to say it alone. None = not measured.
    """
    if interval is None or p_value is None or n is None:
        return False
    low, high = interval
    return n >= MINIMUM_QUESTIONS and p_value <= ALPHA and not low <= 0 <= high


def compare(correctness: Mapping[str, Any], say: Texts, asked: int) -> Ruling:
    """From the paired difference in correctness: {"base", "custom", "difference", "ci95", "pValue", "n", …}.

    asked: as for minimum_questions.
    """
    n, interval, p_value = correctness["n"], correctness["ci95"], correctness["pValue"]
    means = {key: correctness[key] for key in ("base", "custom", "difference", "n")}
    minimum = minimum_questions(asked)
    if interval is None:
        numbers = say("verdict.numbersWithoutInterval", **means)
        return Ruling(Verdict.INCONCLUSIVE, say("verdict.tooFewQuestions", n=n, minimum=minimum, numbers=numbers))
    low, high = interval
    numbers = say("verdict.numbers", **means, low=low, high=high)
    if n < minimum:
        return Ruling(Verdict.INCONCLUSIVE, say("verdict.tooFewQuestions", n=n, minimum=minimum, numbers=numbers))
    if low >= -NEGLIGIBLE and high <= NEGLIGIBLE:
        return Ruling(Verdict.NO_VISIBLE_EFFECT, say("verdict.noVisibleEffect", numbers=numbers))
    if low <= 0 <= high:
        return Ruling(Verdict.INCONCLUSIVE, say("verdict.spansZero", numbers=numbers))
    if not more_than_chance(interval, p_value, n):
        return Ruling(Verdict.INCONCLUSIVE, say("verdict.mayBeChance", numbers=numbers, p=p_value))
    if low > 0:
        return Ruling(Verdict.IMPROVED, say("verdict.improved", numbers=numbers))
    return Ruling(Verdict.WORSE, say("verdict.worse", numbers=numbers))


def rule(state: Mapping[str, Any], scores: Mapping[str, Any], say: Texts) -> Ruling:
    """The verdict on a whole run.

    state: the execution's state at its end; scores: metric → paired comparison, empty before both models are scored.
    """
    if failure := state.get("failure"):
        if failure["Error"] == "OverBudget":
            return Ruling(Verdict.OVER_BUDGET, say("verdict.nothingBought", reason=failure["Cause"]))
        if failure["Error"] == "OverBudgetError":
            return Ruling(
                Verdict.OVER_BUDGET, say("verdict.noThroughputBought", reason=failure_message(failure.get("Cause", "")))
            )
        return Ruling(Verdict.FAILED, say("verdict.failed"))
    if not state["baseScores"]["hasHeadroom"]:
        return Ruling(Verdict.NO_HEADROOM, say("verdict.noHeadroom", mean=state["baseScores"]["correctness"]))
    if "training" in state and not state["training"]["learned"]:
        return Ruling(Verdict.DID_NOT_LEARN, say("verdict.didNotLearn", diagnosis=state["training"]["diagnosis"]))
    if not state["run"]["evaluateCustomModel"]:
        return Ruling(Verdict.TRAINED, say("verdict.trained", diagnosis=state["training"]["diagnosis"]))
    asked = state["customScores"]["asked"]
    if "correctness" not in scores:
        return Ruling(Verdict.INCONCLUSIVE, say("verdict.nothingCompared"))
    return compare(scores["correctness"], say, asked)


def pattern(measured: Mapping[str, Any], name: str, say: Texts, asked: int) -> dict[str, Any]:
    """In how many answers the dataset's pattern is found, before and after; the verdict is on correctness alone.

    measured: the paired comparison of the pattern, or {"mean", "n"} of the base model alone; asked: as for
    minimum_questions. moreThanChance: by the rule of correctness; None where the models were not compared.
    """
    n = measured["n"]
    if "difference" not in measured:
        base = round(measured["mean"] * n)
        return {
            "base": base,
            "custom": None,
            "n": n,
            "moreThanChance": None,
            "text": say("verdict.patternOfBase", name=name, base=base, n=n, rate=measured["mean"]),
        }
    base, custom = round(measured["base"] * n), round(measured["custom"] * n)
    interval, p_value, minimum = measured["ci95"], measured["pValue"], minimum_questions(asked)
    numbers = say("verdict.pattern", name=name, base=base, custom=custom, n=n)
    if interval is not None:
        low, high = (100 * bound for bound in interval)
        difference = 100 * measured["difference"]
        numbers = say("verdict.patternInterval", numbers=numbers, difference=difference, low=low, high=high)
    is_effect = n >= minimum and more_than_chance(interval, p_value, n)
    if is_effect:
        text = say("verdict.patternMoreThanChance", numbers=numbers)
    elif n < minimum:
        text = say("verdict.patternTooFew", numbers=numbers, minimum=minimum)
    elif base == custom:
        text = say("verdict.patternSame", numbers=numbers)
    else:
        text = say("verdict.patternMayBeChance", numbers=numbers, p=p_value)
    return {"base": base, "custom": custom, "n": n, "moreThanChance": is_effect, "text": text}


def power(correctness: Mapping[str, Any], verdict: Verdict, say: Texts, asked: int) -> dict[str, Any]:
    """What so many questions can show, and where that did not suffice for a verdict, how many would.

    correctness: as for compare, with "sd"; asked: as for minimum_questions. An interval around the same difference
    gives a verdict once it leaves out zero or stays within NEGLIGIBLE, whichever is farther from the difference.
    """
    n, sd, difference = correctness["n"], correctness["sd"], correctness["difference"]
    minimum = minimum_questions(asked)
    margin = max(abs(difference), NEGLIGIBLE - abs(difference))
    # Differences that do not vary, or a single one, say nothing of how others would.
    needed = max(minimum, n + 1, needed_questions(sd, margin) if sd else 0)
    detectable = detectable_difference(sd, n) if sd else None
    if n < minimum == needed:
        text = say("verdict.powerMinimum", n=n, minimum=minimum)
    elif detectable is None:
        text = say("verdict.powerUnknown", n=n)
    elif verdict is Verdict.INCONCLUSIVE:
        text = say("verdict.powerNeeded", needed=needed, n=n, detectable=detectable, negligible=NEGLIGIBLE)
    else:
        text = say("verdict.powerShown", n=n, detectable=detectable)
    return {
        "minimumQuestions": minimum,
        "neededQuestions": needed if verdict is Verdict.INCONCLUSIVE else None,
        "detectableDifference": detectable,
        "text": text,
    }


def failure_message(cause: str) -> str:
    """A handler's error arrives as Lambda's JSON; anything else is the state machine's own text. A timeout has none."""
    try:
        message: str = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return cause
    return message
