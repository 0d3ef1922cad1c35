"""Every question of the evaluation, both answers side by side with their scores."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetuning.report.formatting import is_number, number, signed
from finetuning.report.markup import Html, element, join, section, text_block
from finetuning.report.score import Score, primary_score, read_score

_MODELS = {"base": "Base model", "custom": "Custom model"}
_NOT_METRICS = frozenset({"answer", "reason"})


def questions(result: Mapping[str, Any]) -> Html | None:
    asked = result.get("questions") or []
    if not asked:
        return None
    # A model that answered nothing, since the run ended before, gets no column.
    models = [model for model in _MODELS if any(question.get(model) for question in asked)]
    if not models:
        return None
    names = ("Question and reference answer", *(_MODELS[model] for model in models))
    head = element("tr", *(element("th", name, scope="col") for name in names))
    body = element("tbody", *(_row(question, models, result) for question in asked))
    return section(
        "questions", "Questions and answers", element("table", element("thead", head), body, class_="answers")
    )


def _row(question: Mapping[str, Any], models: Sequence[str], result: Mapping[str, Any]) -> Html:
    change = _change(question.get("difference"), primary_score(result))
    asked = element(
        "th",
        element("p", element("span", question.get("topic"), class_="topic", dir="auto"), change),
        text_block(question.get("question") or "", "text question"),
        element("p", "Reference answer", class_="detail"),
        text_block(question.get("referenceAnswer") or "", "text reference"),
        scope="row",
    )
    answers = (_answer_cell(question.get(model), _MODELS[model], result) for model in models)
    return element("tr", asked, *answers, id=f"question-{question.get('index')}")


def _change(difference: object, score: Score) -> Html | None:
    if not is_number(difference):
        return None
    written = signed(difference, _decimals(difference, score))
    hint = element("span", " difference", class_="hidden")
    return element("span", written, hint, class_=f"change {score.tone_of(difference)}")


def _answer_cell(answer: Mapping[str, Any] | None, model_name: str, result: Mapping[str, Any]) -> Html:
    if not answer:
        return element("td", element("p", "No answer", class_="detail"), data_label=model_name)
    marks = (_mark(read_score(result, name), value) for name, value in answer.items() if name not in _NOT_METRICS)
    return element(
        "td",
        text_block(answer.get("answer") or "(empty answer)"),
        element("p", join(marks, " "), class_="marks"),
        text_block(answer["reason"], "text reason") if answer.get("reason") else None,
        data_label=model_name,
    )


def _mark(score: Score, value: object) -> Html:
    written = number(value, _decimals(value, score)) if is_number(value) else "not scored"
    return element("span", score.name, " ", element("strong", written))


def _decimals(value: float, score: Score) -> int:
    """A judge's score is a whole number and is shown as one."""
    return 0 if value == round(value) else score.decimals
