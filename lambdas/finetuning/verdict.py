"""The verdict: what a run says about fine-tuning, from its numbers alone."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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


def compare(correctness: Mapping[str, Any], unanswered: int = 0) -> Ruling:
    """From the paired difference in correctness: {"base", "custom", "difference", "ci95", "n", …}.

    unanswered: questions that time did not suffice for; they may differ in kind from those that were answered.
    """
    low, high = correctness["ci95"]
    n = correctness["n"]
    needed = max(MINIMUM_QUESTIONS, math.ceil(MINIMUM_SHARE * (n + unanswered)))
    numbers = (
        f"correctness {correctness['base']:.1f} → {correctness['custom']:.1f} of 10 "
        f"(95% interval of the difference {low:+.1f} to {high:+.1f}, {n} questions)"
    )
    if n < needed:
        return Ruling(
            Verdict.INCONCLUSIVE,
            f"Too few questions to tell ({n}; at least {needed} are needed): {numbers}.",
        )
    if low >= -NEGLIGIBLE and high <= NEGLIGIBLE:
        return Ruling(Verdict.NO_VISIBLE_EFFECT, f"Fine-tuning had no visible effect: {numbers}.")
    if low > 0:
        return Ruling(Verdict.IMPROVED, f"Fine-tuning helped: {numbers}.")
    if high < 0:
        return Ruling(Verdict.WORSE, f"Fine-tuning made the answers worse: {numbers}.")
    return Ruling(
        Verdict.INCONCLUSIVE,
        f"The questions cannot tell whether fine-tuning helped: {numbers}. The interval spans zero.",
    )


def rule(state: Mapping[str, Any], scores: Mapping[str, Any]) -> Ruling:
    """The verdict on a whole run.

    state: the execution's state at its end; scores: metric → paired comparison, empty before both models are scored.
    """
    if failure := state.get("failure"):
        if failure["Error"] == "OverBudget":
            return Ruling(Verdict.OVER_BUDGET, f"Nothing was bought. {failure['Cause']}")
        if failure["Error"] == "OverBudgetError":
            return Ruling(Verdict.OVER_BUDGET, f"No throughput was bought. {failure_message(failure)}")
        return Ruling(Verdict.FAILED, "The run failed before it could give a verdict.")
    if not state["baseScores"]["hasHeadroom"]:
        mean = state["baseScores"]["correctness"]
        return Ruling(
            Verdict.NO_HEADROOM,
            f"The base model already answers these questions ({mean:.1f} of 10): there is too little left to teach. "
            "Nothing was bought.",
        )
    if "training" in state and not state["training"]["learned"]:
        return Ruling(Verdict.DID_NOT_LEARN, f"{state['training']['diagnosis']} No throughput was bought.")
    unanswered = state["customScores"]["unanswered"]
    if "correctness" not in scores:
        return Ruling(Verdict.INCONCLUSIVE, "No question has a score from both models, so nothing can be said.")
    return compare(scores["correctness"], unanswered)


def failure_message(failure: Mapping[str, Any]) -> str:
    """A handler's error arrives as Lambda's JSON; anything else is the state machine's own text. A timeout has none."""
    cause: str = failure.get("Cause", "")
    try:
        message: str = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return cause
    return message
