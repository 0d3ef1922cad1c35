"""What was measured: scores by metric and effect by topic."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from finetuning.report.charts import base_to_custom
from finetuning.report.formatting import decimals_for, exact, is_number, number, p_value, signed
from finetuning.report.markup import Html, element, join, section, table

_METRIC_NAMES = {"correctness": "Correctness", "chrf": "chrF"}
DEFAULT_RANGE = (1.0, 10.0)
_MODELS = ("base", "custom")

_HOW_TO_READ = (
    "Correctness: a judge model compares each answer with the reference answer. chrF: characters shared with the "
    "reference. The difference is the mean of custom minus base over the questions where both answers have a score; "
    "95% interval and p-value say how much of it could be the luck of these questions."
)


def metric_name(metric: str) -> str:
    return _METRIC_NAMES.get(metric, metric)


def primary_metric(result: Mapping[str, Any]) -> str:
    """The metric that the verdict rests on."""
    scores = result.get("scores") or {}
    return "correctness" if "correctness" in scores else next(iter(scores), "correctness")


def score_of(result: Mapping[str, Any], metric: str) -> Mapping[str, Any]:
    score: Mapping[str, Any] | None = (result.get("scores") or {}).get(metric)
    return score or {}


def scores(result: Mapping[str, Any]) -> Html | None:
    by_metric = result.get("scores") or {}
    if not by_metric:
        return None
    columns = ["Metric", "Base", "Custom", "Difference", "95% interval", "p-value", "Questions"]
    rows = [_score_row(metric, score) for metric, score in by_metric.items()]
    return section(
        "scores",
        "Scores",
        table(columns, rows, numeric=range(1, 7), wide=True),
        element("p", _unscored(result.get("unscored") or {})),
        element("p", _HOW_TO_READ, class_="detail"),
    )


def _score_row(metric: str, score: Mapping[str, Any]) -> list[str]:
    decimals = decimals_for(score.get("range"))
    low, high = score.get("ci95") or (None, None)
    interval = element("span", exact(low, signed(low, decimals)), " to ", exact(high, signed(high, decimals)))
    return [
        join([metric_name(metric), element("span", _direction(score), class_="detail")], " "),
        *(exact(score.get(model), number(score.get(model), decimals)) for model in _MODELS),
        exact(score.get("difference"), signed(score.get("difference"), decimals)),
        interval if is_number(low) and is_number(high) else number(None),
        exact(score.get("pValue"), p_value(score.get("pValue"))),
        number(score.get("n")),
    ]


def _direction(score: Mapping[str, Any]) -> str:
    better = "higher is better" if score.get("higherIsBetter", True) else "lower is better"
    low, high = score.get("range") or (None, None)
    return f"{low:g} to {high:g}, {better}" if is_number(low) and is_number(high) else better


def _unscored(unscored: Mapping[str, Any]) -> str:
    base, custom = (unscored.get(model) or 0 for model in _MODELS)
    if not base and not custom:
        return "The judge scored every answer."
    return (
        f"Answers that the judge could not score, left out of the means: base {number(base)}, custom {number(custom)}."
    )


def topics(result: Mapping[str, Any]) -> Html | None:
    """Means by topic over the questions where every model that answered has a score, weakest topic first."""
    metric = primary_metric(result)
    questions = result.get("questions") or []
    asked = [model for model in _MODELS if any(question.get(model) for question in questions)]
    by_topic: dict[str, list[list[float]]] = {}
    for question in questions:
        scored = by_topic.setdefault(str(question.get("topic")), [])
        values = [(question.get(model) or {}).get(metric) for model in asked]
        numbers = [value for value in values if is_number(value)]
        if len(numbers) == len(asked):
            scored.append(numbers)
    if not by_topic:
        return None
    value_range = score_of(result, metric).get("range") or DEFAULT_RANGE
    means = {topic: _means(asked, scored) for topic, scored in by_topic.items()}
    weakest_first = sorted(means, key=lambda topic: (means[topic].get(asked[-1], 0.0) if asked else 0.0, topic))
    rows = [_topic_row(topic, means[topic], len(by_topic[topic]), value_range) for topic in weakest_first]
    columns = ["Topic", "Questions", "Base", "Custom", "Difference", "Base to custom"]
    return section(
        "topics",
        "By topic",
        element(
            "p",
            f"Mean {metric_name(metric).lower()}, weakest topic first. Only questions where each answer has a score.",
        ),
        table(columns, rows, numeric=range(1, 5)),
    )


def _means(asked: Sequence[str], scored: Sequence[Sequence[float]]) -> dict[str, float]:
    return {model: fmean(values) for model, values in zip(asked, zip(*scored, strict=True), strict=False)}


def _topic_row(topic: str, means: Mapping[str, float], count: int, value_range: Sequence[float]) -> list[str]:
    decimals = decimals_for(value_range)
    base, custom = means.get("base"), means.get("custom")
    difference = None if base is None or custom is None else custom - base
    return [
        element("span", topic, dir="auto"),
        number(count),
        number(base, decimals),
        number(custom, decimals),
        signed(difference, decimals),
        base_to_custom(base, custom, value_range),
    ]
