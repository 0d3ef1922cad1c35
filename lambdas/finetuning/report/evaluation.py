"""What was measured: scores by metric and effect by topic."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from finetuning.report.charts import base_to_custom
from finetuning.report.formatting import MISSING, exact, is_number, number, p_value, signed
from finetuning.report.markup import Html, element, join, section, table
from finetuning.report.score import Score, primary_score, read_score

_MODELS = ("base", "custom")

_HOW_TO_READ = (
    "Correctness: a judge model compares each answer with the reference answer. chrF: characters shared with the "
    "reference. The difference is the mean of custom minus base over the questions where both answers have a score; "
    "95% interval and p-value say how much of it could be the luck of these questions."
)


def scores(result: Mapping[str, Any]) -> Html | None:
    metrics = result.get("scores") or {}
    if not metrics:
        return None
    columns = ["Metric", "Base", "Custom", "Difference", "95% interval", "p-value", "Questions"]
    rows = [_score_row(read_score(result, metric)) for metric in metrics]
    return section(
        "scores",
        "Scores",
        table(columns, rows, numeric=range(1, 7), wide=True),
        element("p", _unscored(result.get("unscored") or {})),
        _unanswered(result.get("unanswered") or {}),
        element("p", _HOW_TO_READ, class_="detail"),
    )


def _score_row(score: Score) -> list[str]:
    return [
        join([score.name, element("span", _direction(score), class_="detail")], " "),
        exact(score.base, number(score.base, score.decimals)),
        exact(score.custom, number(score.custom, score.decimals)),
        exact(score.difference, signed(score.difference, score.decimals)),
        _interval(score),
        exact(score.p_value, p_value(score.p_value)),
        number(score.n),
    ]


def _interval(score: Score) -> str:
    if score.interval is None:
        return MISSING
    low, high = (exact(bound, signed(bound, score.decimals)) for bound in score.interval)
    return element("span", low, " to ", high)


def _direction(score: Score) -> str:
    better = "higher is better" if score.higher_is_better else "lower is better"
    return f"{score.bounds[0]:g} to {score.bounds[1]:g}, {better}" if score.bounds else better


def _unscored(unscored: Mapping[str, Any]) -> str:
    base, custom = (unscored.get(model) or 0 for model in _MODELS)
    if not base and not custom:
        return "The judge scored every answer."
    return (
        f"Answers that the judge could not score, left out of the means: base {number(base)}, custom {number(custom)}."
    )


def _unanswered(unanswered: Mapping[str, Any]) -> Html | None:
    count = unanswered.get("custom")
    said = f"Questions that the custom model's time did not suffice for, left out too: {number(count)}."
    return element("p", said) if count else None


def topics(result: Mapping[str, Any]) -> Html | None:
    """Means by topic over the questions where every model that answered has a score, weakest topic first."""
    score = primary_score(result)
    questions = result.get("questions") or []
    asked = [model for model in _MODELS if any(question.get(model) for question in questions)]
    by_topic: dict[str, list[list[float]]] = {}
    for question in questions:
        scored = by_topic.setdefault(str(question.get("topic")), [])
        values = [(question.get(model) or {}).get(score.metric) for model in asked]
        numbers = [value for value in values if is_number(value)]
        if len(numbers) == len(asked):
            scored.append(numbers)
    if not asked:
        return None
    means = {topic: _means(asked, scored) for topic, scored in by_topic.items()}
    weakest_first = sorted(means, key=lambda topic: (means[topic].get(asked[-1], 0.0), topic))
    rows = [_topic_row(topic, means[topic], len(by_topic[topic]), score) for topic in weakest_first]
    columns = ["Topic", "Questions", "Base", "Custom", "Difference", "Base to custom"]
    reading = f"Mean {score.name}, weakest topic first, over the questions where each answer has a score."
    return section("topics", "By topic", element("p", reading), table(columns, rows, numeric=range(1, 5)))


def _means(asked: Sequence[str], scored: Sequence[Sequence[float]]) -> dict[str, float]:
    """By model; empty where no question of the topic has every score."""
    return {model: fmean(values[index] for values in scored) for index, model in enumerate(asked) if scored}


def _topic_row(topic: str, means: Mapping[str, float], count: int, score: Score) -> list[str]:
    base, custom = means.get("base"), means.get("custom")
    difference = None if base is None or custom is None else custom - base
    return [
        element("span", topic, dir="auto"),
        number(count),
        number(base, score.decimals),
        number(custom, score.decimals),
        signed(difference, score.decimals),
        base_to_custom(base, custom, score.bounds) if score.bounds else MISSING,
    ]
