"""What the training data holds on each question, against how well it was answered."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.advice import finding_list
from finetuning.report.charts.drawing import figure
from finetuning.report.charts.scatter import Dot, scatter
from finetuning.report.formatting import exact, is_number, number
from finetuning.report.markup import Html, element, section, table, text_block
from finetuning.report.score import Score, finite, primary_score
from finetuning.texts import Texts

_MOST_OF_A_QUESTION = 60


def coverage(result: Mapping[str, Any], say: Texts) -> Html | None:
    covered = result.get("coverage")
    if not covered:
        return None
    method, threshold = covered.get("method"), finite(covered.get("threshold"))
    score = primary_score(result)
    return section(
        "coverage",
        say("report.coverage.title"),
        text_block(method) if method else None,
        element("p", say("report.coverage.related", threshold=number(threshold, 2))) if threshold is not None else None,
        _picture(result, score, threshold, say),
        _topics(covered.get("topics") or [], score, say),
        finding_list(covered.get("findings") or [], say),
    )


def _picture(result: Mapping[str, Any], score: Score, threshold: float | None, say: Texts) -> Html | None:
    questions = result.get("questions") or []
    model = "custom" if any(question.get("custom") for question in questions) else "base"
    dots = [dot for question in questions if (dot := _dot(question, model, score, say))]
    if not dots or score.bounds is None:
        return None
    axes = (
        say("report.coverage.similarity"),
        say("report.coverage.scoreOf", metric=score.name(say), model=say(f"report.model.{model}")),
    )
    title = say("report.coverage.shows", n=number(len(dots)), x=axes[0], y=axes[1])
    near = say("report.coverage.near")
    caption = element("figcaption", say("report.coverage.howToRead", score=axes[1]))
    return figure(scatter(dots, score.bounds, threshold, title=title, axis=axes[0], near=near), caption)


def _dot(question: Mapping[str, Any], model: str, score: Score, say: Texts) -> Dot | None:
    found, answer = question.get("coverage") or {}, question.get(model) or {}
    similarity, value = finite(found.get("similarity")), finite(answer.get(score.metric))
    if similarity is None or value is None:
        return None
    records = finite(found.get("records")) or 0.0
    name = say(
        "report.coverage.dot",
        question=_beginning(question.get("question") or ""),
        score=score.show_one(value),
        similarity=number(similarity, 2),
        records=number(records),
    )
    return Dot(similarity, value, records, name)


def _beginning(text: str) -> str:
    """The table of questions has all of it."""
    return text if len(text) <= _MOST_OF_A_QUESTION else f"{text[:_MOST_OF_A_QUESTION]}…"


def _topics(topics: list[Mapping[str, Any]], score: Score, say: Texts) -> Html | None:
    if not topics:
        return None
    rows = [
        [
            element("span", str(topic.get("topic")), dir="auto"),
            number(topic.get("questions")),
            number(topic.get("trainingRecords")),
            exact(topic.get("correctness"), score.show(topic.get("correctness"))),
        ]
        for topic in sorted(topics, key=_records)
    ]
    columns = [say(f"report.coverage.{column}") for column in ("topic", "questions", "trainingRecords")]
    return table([*columns, score.name(say)], rows, numeric=(1, 2, 3))


def _records(topic: Mapping[str, Any]) -> float:
    records = topic.get("trainingRecords")
    return records if is_number(records) else 0.0
