"""Every question of the evaluation, both answers side by side with their scores."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.evaluation import DEFAULT_RANGE, metric_name, primary_metric, score_of
from finetuning.report.formatting import decimals_for, is_number, number, signed
from finetuning.report.markup import Html, element, join, section, text_block

_COLUMNS = {"base": "Base model", "custom": "Custom model"}
_NOT_METRICS = frozenset({"answer", "reason"})


def questions(result: Mapping[str, Any]) -> Html | None:
    asked = result.get("questions") or []
    if not asked:
        return None
    head = element(
        "tr", *(element("th", name, scope="col") for name in ("Question and reference answer", *_COLUMNS.values()))
    )
    return section(
        "questions",
        "Questions and answers",
        element(
            "table",
            element("thead", head),
            element("tbody", *(_row(question, result) for question in asked)),
            class_="answers",
        ),
    )


def _row(question: Mapping[str, Any], result: Mapping[str, Any]) -> Html:
    asked = element(
        "th",
        element("p", element("span", question.get("topic"), class_="topic", dir="auto"), _difference(question, result)),
        text_block(question.get("question") or "", "text question"),
        element("p", "Reference answer", class_="detail"),
        text_block(question.get("referenceAnswer") or "", "text reference"),
        scope="row",
    )
    answers = (_answer_cell(question.get(model), name, result) for model, name in _COLUMNS.items())
    return element("tr", asked, *answers, id=f"question-{question.get('index')}")


def _difference(question: Mapping[str, Any], result: Mapping[str, Any]) -> Html | None:
    value = question.get("difference")
    if not is_number(value):
        return None
    score = score_of(result, primary_metric(result))
    gain = value if score.get("higherIsBetter", True) else -value
    tone = "good" if gain > 0 else "bad" if gain < 0 else "neutral"
    written = signed(value, _decimals(value, score))
    return element("span", written, element("span", " difference", class_="hidden"), class_=f"change {tone}")


def _answer_cell(answer: Mapping[str, Any] | None, model_name: str, result: Mapping[str, Any]) -> Html:
    if not answer:
        return element("td", element("p", "No answer", class_="detail"), data_label=model_name)
    metrics = [(name, value) for name, value in answer.items() if name not in _NOT_METRICS]
    written = (
        element("span", metric_name(name), " ", element("strong", _score(name, value, result)))
        for name, value in metrics
    )
    return element(
        "td",
        text_block(answer.get("answer") or "(empty answer)"),
        element("p", join(written, " "), class_="marks"),
        text_block(answer["reason"], "text reason") if answer.get("reason") else None,
        data_label=model_name,
    )


def _score(metric: str, value: object, result: Mapping[str, Any]) -> str:
    return number(value, _decimals(value, score_of(result, metric))) if is_number(value) else "not scored"


def _decimals(value: float, score: Mapping[str, Any]) -> int:
    """A judge's score is a whole number and is shown as one."""
    return 0 if value == round(value) else decimals_for(score.get("range") or DEFAULT_RANGE)
