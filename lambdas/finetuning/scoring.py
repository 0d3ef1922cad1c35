"""The metrics of an answer, and two models compared by them. Adding a metric = one function, one entry in METRICS.

This module needs the scoring layer (sacrebleu, scipy, regex); only score_answers imports it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import regex
from sacrebleu.metrics.chrf import CHRF

from finetuning.card import Pattern
from finetuning.judge import Judgement
from finetuning.languages import language_of
from finetuning.refusals import is_refusal
from finetuning.rubric import HIGHEST, LOWEST
from finetuning.statistics import mean_interval, paired_difference

_CHRF = CHRF()
# Of a regular expression that somebody wrote, on one answer: one that backtracks without end gives no value.
PATTERN_SECONDS = 0.2

Scored = Mapping[str, Any]
"""One answer's scores as the documents under scores/ have them, by Metric.key."""


@dataclass(frozen=True)
class Evidence:
    """What is known of one answer. answer: as the documents under answers/ have it."""

    answer: Mapping[str, Any]
    reference_answer: str
    judgement: Judgement
    similarity: float | None
    pattern: Pattern | None


@dataclass(frozen=True)
class Metric:
    """measure: the value of one answer, None where there is none; a truth value counts as 0 or 1.

    higher_is_better (None = neither), lowest, highest (None = no bound) and unit belong to every number that is shown.
    """

    name: str
    measure: Callable[[Evidence], float | None]
    higher_is_better: bool | None
    unit: str | None = None
    lowest: float = 0
    highest: float | None = None
    # Of one answer, where the metric is named for all of them.
    one: str | None = None

    @property
    def key(self) -> str:
        return self.one or self.name


def chrf(answer: str, reference_answer: str) -> float:
    """Character n-gram F-score (chrF2), 0-100; works for any language. https://aclanthology.org/W15-3049/"""
    return float(_CHRF.sentence_score(answer, [reference_answer]).score)


def has_pattern(answer: str, pattern: Pattern | None) -> bool | None:
    """Whether the pattern is found in the answer; None where the dataset has none, or it takes too long to tell."""
    if pattern is None:
        return None
    try:
        return regex.search(pattern.regex, answer, timeout=PATTERN_SECONDS) is not None
    except TimeoutError:
        return None


METRICS = (
    Metric("correctness", lambda e: e.judgement.score, True, "points", LOWEST, HIGHEST),
    Metric("contradictions", lambda e: e.judgement.contradictions, False, "count"),
    Metric("similarity", lambda e: e.similarity, True, None, 0, 1),
    Metric("chrf", lambda e: chrf(e.answer["answer"], e.reference_answer), True, None, 0, 100),
    Metric("refusals", lambda e: is_refusal(e.answer["answer"]), False, "%", 0, 1, one="refusal"),
    Metric("pattern", lambda e: has_pattern(e.answer["answer"], e.pattern), True, "%", 0, 1),
    Metric("length", lambda e: len(e.answer["answer"]), None, "characters"),
    Metric("latency", lambda e: e.answer["latencyMs"] / 1000, False, "s"),
    Metric("outputTokens", lambda e: e.answer["outputTokens"], None, "tokens"),
)


def measure(evidence: Evidence) -> dict[str, float | None]:
    """Every metric of one answer, by Metric.key."""
    return {metric.key: metric.measure(evidence) for metric in METRICS}


def summarize(questions: Sequence[Scored]) -> dict[str, Any]:
    """Per metric that was measured: the mean over the questions that have a value, its interval, how many those are."""
    return {
        metric.name: {"mean": mean(values), "ci95": mean_interval(values), "n": len(values)}
        for metric in METRICS
        if (values := [float(q[metric.key]) for q in questions if q.get(metric.key) is not None])
    }


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def compare(base: Sequence[Scored], custom: Sequence[Scored]) -> dict[str, Any]:
    """Per metric the paired difference over the questions that both models have a value for.

    The means are over those pairs too, so that custom - base = difference.
    """
    return {metric.name: _compared(metric, pairs) for metric in METRICS if (pairs := _pairs(base, custom, metric.key))}


def effects(base: Sequence[Scored], custom: Sequence[Scored], records: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """Correctness compared within each topic, and within each language of the questions.

    records: the evaluation data, whose position is a question's index.
    """
    return {
        "topic": _effects(base, custom, lambda index: records[index]["topic"]),
        "language": _effects(base, custom, lambda index: language_of(records[index]["question"])),
    }


def _effects(base: Sequence[Scored], custom: Sequence[Scored], group_of: Callable[[int], str]) -> dict[str, Any]:
    groups = defaultdict(list)
    for question in custom:
        groups[group_of(question["index"])].append(question)
    found = {group: _pairs(base, members, "correctness") for group, members in sorted(groups.items())}
    return {group: _difference(pairs) for group, pairs in found.items() if pairs}


Pairs = Sequence[tuple[float, float]]


def _pairs(base: Sequence[Scored], custom: Iterable[Scored], key: str) -> Pairs:
    """(base, custom) of each question that both have a value for."""
    before = {question["index"]: question.get(key) for question in base}
    return [
        (float(one), float(other))
        for question in custom
        if (one := before.get(question["index"])) is not None and (other := question.get(key)) is not None
    ]


def _difference(pairs: Pairs) -> dict[str, Any]:
    base, custom = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    paired = paired_difference(base, custom)
    return {
        "base": mean(base),
        "custom": mean(custom),
        "difference": paired.difference,
        "ci95": paired.ci95,
        "pValue": paired.p_value,
        "n": paired.n,
        "sd": paired.sd,
    }


def _compared(metric: Metric, pairs: Pairs) -> dict[str, Any]:
    return {
        **_difference(pairs),
        "baseCi95": mean_interval([base for base, _ in pairs]),
        "customCi95": mean_interval([custom for _, custom in pairs]),
        **_wins(metric, pairs),
        "higherIsBetter": metric.higher_is_better,
        "range": None if metric.highest is None else [metric.lowest, metric.highest],
        "unit": metric.unit,
    }


def _wins(metric: Metric, pairs: Pairs) -> dict[str, int | None]:
    """On how many questions the custom model is better, equal, worse; None where there is no better."""
    if metric.higher_is_better is None:
        return dict.fromkeys(("wins", "ties", "losses"))
    sign = 1 if metric.higher_is_better else -1
    gains = [sign * (custom - base) for base, custom in pairs]
    return {
        "wins": sum(gain > 0 for gain in gains),
        "ties": sum(gain == 0 for gain in gains),
        "losses": sum(gain < 0 for gain in gains),
    }
