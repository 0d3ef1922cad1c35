"""Before training: what the base model leaves to be learnt, and which effect the evaluation data can show."""

from collections.abc import Mapping, Sequence
from statistics import stdev
from typing import Any

from finetuning.power import detectable_difference
from finetuning.rubric import HIGHEST

# Standard deviation of the differences by question, in points, as long as none was measured; the base scores' own
# where that is larger. A real run with Claude 3 Haiku had 1.7 (4 questions), a local one 2.4 (70).
PLANNED_SD = 2.0
# A base model that has the dataset's style in so many of its answers has nothing to learn of it.
STYLE_KNOWN = 0.9


def leaves_points(mean: float, minimum: float) -> bool:
    """Whether answers of that mean correctness can become better by what the run asks for."""
    return HIGHEST - mean >= minimum


def has_headroom(metrics: Mapping[str, Mapping[str, Any]], minimum: float) -> bool:
    """Whether there is something to learn: right answers, or the style that the dataset's card asks for.

    metrics: of the base model's answers, as scoring.summarize has them.
    """
    style = metrics.get("pattern", {}).get("mean")
    is_style_missing = style is not None and style < STYLE_KNOWN
    return leaves_points(metrics["correctness"]["mean"], minimum) or is_style_missing


def headroom(questions: Sequence[Mapping[str, Any]], minimum: float) -> dict[str, Any]:
    """questions: those of the base model's scores. minimum: as the execution input's minimumHeadroom.

    questionsWithHeadroom, alreadyAnswered: indices of questions; those without a score are in neither.
    """
    scores = {q["index"]: q["correctness"] for q in questions if q["correctness"] is not None}
    left = [index for index, score in scores.items() if leaves_points(score, minimum)]
    spread = stdev(scores.values()) if len(scores) > 1 else 0.0
    return {
        "minimum": minimum,
        "mean": sum(scores.values()) / len(scores),
        "questionsWithHeadroom": left,
        "alreadyAnswered": [index for index in scores if index not in left],
        "detectableDifference": detectable_difference(max(PLANNED_SD, spread), len(scores)),
    }
