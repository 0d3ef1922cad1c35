"""The metrics of an answer. Adding a metric = one function and one entry in METRICS.

This module needs the scoring layer (sacrebleu, numpy); only score_answers imports it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sacrebleu.metrics.chrf import CHRF

from finetuning.statistics import paired_difference

_CHRF = CHRF()


@dataclass(frozen=True)
class Metric:
    """higher_is_better and the range belong to every number that is shown of it."""

    name: str
    higher_is_better: bool
    lowest: float
    highest: float


METRICS = (Metric("correctness", True, 1, 10), Metric("chrf", True, 0, 100))


def chrf(answer: str, reference_answer: str) -> float:
    """Character n-gram F-score (chrF2), 0-100; works for any language. https://aclanthology.org/W15-3049/"""
    return float(_CHRF.sentence_score(answer, [reference_answer]).score)


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def summarize(questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Per metric the mean over the questions that have a score, and how many those are."""
    return {
        metric.name: {"mean": mean(scores), "n": len(scores)}
        for metric in METRICS
        for scores in [[q[metric.name] for q in questions if q[metric.name] is not None]]
    }


def compare(base: Sequence[Mapping[str, Any]], custom: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Per metric the paired difference over the questions that both models have a score for.

    The means are over those pairs too, so that custom - base = difference.
    """
    base_by_index = {question["index"]: question for question in base}
    comparison: dict[str, Any] = {}
    for metric in METRICS:
        pairs = [
            (base_by_index[question["index"]][metric.name], question[metric.name])
            for question in custom
            if question[metric.name] is not None and base_by_index[question["index"]][metric.name] is not None
        ]
        if not pairs:
            continue
        before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        paired = paired_difference(before, after)
        comparison[metric.name] = {
            "base": mean(before),
            "custom": mean(after),
            "difference": paired.difference,
            "ci95": list(paired.ci95),
            "pValue": paired.p_value,
            "n": paired.n,
            "higherIsBetter": metric.higher_is_better,
            "range": [metric.lowest, metric.highest],
        }
    return comparison
