"""Every question of the evaluation, both answers side by side with their scores: sortable and filterable.

The controls do nothing without questions.js, which enables them and only reads the rows' data attributes and text: the
page is complete without it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from finetuning.report.completed import MODELS
from finetuning.report.formatting import is_number, number, question_number
from finetuning.report.markup import Html, element, join, section, text_block
from finetuning.report.score import Score, finite, primary_score, read_score
from finetuning.report.wording import named
from finetuning.report.written import Written, answering_models
from finetuning.texts import Texts

SCRIPT = "questions.js"
# An answer's keys, as against the metrics' in `scores`.
_MARKS = ("correctness", "contradictions", "similarity", "chrf", "length", "latency", "outputTokens")
_TRUE_OF = ("refusal", "pattern")
_CHANGES = ("better", "same", "worse", "notCompared")


def questions(result: Mapping[str, Any], say: Texts, written: Written) -> Html | None:
    asked, models = result.get("questions") or [], answering_models(result)
    if not models:
        return None
    score = primary_score(result)
    rows = element(
        "tbody",
        *(
            _row(question, models, texts, score, result, say)
            for question, texts in zip(asked, written.texts, strict=True)
        ),
    )
    return section(
        "questions",
        say("report.questions.title"),
        element(
            "p", join([say("report.questions.marked"), element("mark", say("report.questions.markedExample"))], " ")
        )
        if len(models) == len(MODELS)
        else None,
        element("p", say("report.questions.shortened", n=number(written.shortened)), class_="shortened")
        if written.shortened
        else None,
        _controls(asked, score, say),
        element("table", _head(models, say), rows, class_="answers"),
    )


def _head(models: Sequence[str], say: Texts) -> Html:
    """The sort buttons: a column each."""
    columns = [
        ("topic", say("report.questions.topicAndQuestion")),
        *((model, say(f"report.model.{model}")) for model in models),
        ("difference", say("report.questions.changed")),
        ("coverage", say("report.questions.coverage")),
    ]
    heads = (
        element("th", element("button", name, type="button", data_sort=key, disabled=""), scope="col", class_=key)
        for key, name in columns
    )
    return element("thead", element("tr", *heads))


def _controls(asked: Sequence[Mapping[str, Any]], score: Score, say: Texts) -> Html:
    topics = {str(question.get("topic")): str(question.get("topic")) for question in asked}
    languages = {
        str(question["language"]): named(say, "language", question["language"])
        for question in asked
        if question.get("language")
    }
    present = {_change(question, score) for question in asked}
    changes = {change: say(f"report.questions.{change}") for change in _CHANGES if change in present}
    shown = element(
        "p",
        say("report.questions.shown", shown=len(asked), all=len(asked)),
        id="shown-count",
        role="status",
        data_template=say("report.questions.shown", shown="{shown}", all="{all}"),
    )
    text = element("label", say("report.questions.text"), element("input", type="search", id="filter-text"))
    return element(
        "form",
        text,
        _select("topic", dict(sorted(topics.items())), say),
        _select("language", languages, say),
        _select("change", changes, say),
        shown,
        class_="controls",
        hidden="",
        aria_label=say("report.questions.controls"),
    )


def _select(key: str, values: Mapping[str, str], say: Texts) -> Html:
    options = (element("option", name, value=value) for value, name in values.items())
    everything = element("option", say("report.questions.all"), value="")
    return element("label", say(f"report.questions.{key}"), element("select", everything, *options, id=f"filter-{key}"))


def _row(
    question: Mapping[str, Any],
    models: Sequence[str],
    texts: Mapping[str, Html],
    score: Score,
    result: Mapping[str, Any],
    say: Texts,
) -> Html:
    answers = {model: question.get(model) for model in models}
    found = question.get("coverage") or {}
    return element(
        "tr",
        _asked(question, texts, say),
        *(_answer_cell(answers[model], texts, model, result, say) for model in models),
        element("td", _difference(question, score, say), class_="number", data_label=say("report.questions.changed")),
        element("td", _coverage(found, say), data_label=say("report.questions.coverage")),
        id=f"question-{question_number(question.get('index'))}",
        data_question=question.get("index"),
        data_topic=str(question.get("topic")),
        data_language=question.get("language"),
        data_change=_change(question, score),
        data_base=finite((answers.get("base") or {}).get(score.metric)),
        data_custom=finite((answers.get("custom") or {}).get(score.metric)),
        data_difference=finite(question.get("difference")),
        data_coverage=finite(found.get("records")),
    )


def _asked(question: Mapping[str, Any], texts: Mapping[str, Html], say: Texts) -> Html:
    language = question.get("language")
    return element(
        "th",
        element(
            "p",
            element("span", f"#{question_number(question.get('index'))}", class_="topic"),
            element("span", question.get("topic"), class_="topic", dir="auto"),
            element("span", named(say, "language", language), class_="topic") if language else None,
        ),
        text_block(texts["question"], "text question"),
        element("p", say("report.questions.reference"), class_="detail"),
        text_block(texts["reference"], "text reference"),
        scope="row",
    )


def _change(question: Mapping[str, Any], score: Score) -> str:
    difference = question.get("difference")
    if not is_number(difference):
        return "notCompared"
    return {"good": "better", "bad": "worse"}.get(score.tone_of(difference), "same")


def _difference(question: Mapping[str, Any], score: Score, say: Texts) -> Html:
    difference = question.get("difference")
    if not is_number(difference):
        return element("span", say("report.questions.notCompared"), class_="detail")
    whole = difference == round(difference) and not score.is_share
    written = (
        f"{difference:+.0f}".replace("-", "\N{MINUS SIGN}")
        if whole and difference
        else score.show_change(difference, say)
    )
    hint = element("span", " ", say(f"report.questions.{_change(question, score)}"), class_="hidden")
    return element("span", written, hint, class_=f"change {score.tone_of(difference)}")


def _coverage(found: Mapping[str, Any], say: Texts) -> Html:
    if not found:
        return element("span", say("report.questions.coverageUnknown"), class_="detail")
    similarity, line = found.get("similarity"), found.get("line")
    nearest = say("report.questions.nearest", similarity=number(similarity, 2), line=number(line))
    return element(
        "span",
        element("strong", number(found.get("records"))),
        element("small", nearest) if is_number(similarity) and is_number(line) else None,
        class_="estimate",
    )


def _answer_cell(
    answer: Mapping[str, Any] | None, texts: Mapping[str, Html], model: str, result: Mapping[str, Any], say: Texts
) -> Html:
    name = say(f"report.model.{model}")
    if not answer:
        return element("td", element("p", say("report.questions.noAnswer"), class_="detail"), data_label=name)
    marks: list[str] = [_mark(answer, read_score(result, metric), say) for metric in _MARKS if metric in answer]
    marks += [_true_of(key, result, say) for key in _TRUE_OF if answer.get(key) is True]
    return element(
        "td",
        text_block(texts[model]),
        element("p", join(marks, "\N{NO-BREAK SPACE}· "), class_="marks"),
        text_block(reason, "text reason") if (reason := texts[f"{model} reason"]) else None,
        class_=model,
        data_label=name,
    )


def _mark(answer: Mapping[str, Any], score: Score, say: Texts) -> Html:
    value = answer.get(score.metric)
    written = score.show_one(value) if is_number(value) else say("report.questions.notScored")
    if score.metric == "latency" and is_number(value):
        written = say("report.seconds", n=number(value, 2))
    repeated = answer.get("scores") or []
    each = (
        element("small", " (", ", ".join(number(single, 0) for single in repeated), ")")
        if score.metric == "correctness" and len(repeated) > 1
        else None
    )
    return join([score.name(say), "\N{NO-BREAK SPACE}", element("b", written), each])


def _true_of(key: str, result: Mapping[str, Any], say: Texts) -> str:
    score = read_score(result, "pattern")
    if key == "pattern":
        return score.label or say("report.metric.pattern")
    return say("report.questions.refusal")
