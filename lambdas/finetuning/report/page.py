"""The page: head, sections in reading order, footer."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from finetuning.report import evaluation, learning, questions, record, summary
from finetuning.report.markup import Html, element, join

# Nothing is loaded and nothing runs, whatever a dataset or a model wrote into the result.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

_FIRST_SCREEN = (
    summary.local_notice,
    summary.failure,
    summary.key_figures,
    summary.warnings,
    summary.diagnosis,
    summary.next_steps,
)
_EVIDENCE = (
    evaluation.scores,
    learning.learning,
    evaluation.topics,
    questions.questions,
    record.cost,
    record.timeline,
    record.provenance,
)


def render(result: Mapping[str, Any]) -> str:
    """The report of a run as one HTML file that needs no network.

    result: the result.json document; parts that a run did not get to may be empty, null or absent. Its strings are
    untrusted: every one is shown as text.
    """
    main = element("main", *(part(result) for part in (*_FIRST_SCREEN, *_EVIDENCE)))
    body = element("body", summary.header(result), main, _footer(result))
    return "<!doctype html>\n" + element("html", _head(result), body, lang="en") + "\n"


def _head(result: Mapping[str, Any]) -> Html:
    style = files("finetuning.report").joinpath("style.css").read_text(encoding="utf-8")
    title = join([summary.verdict_words(result), result.get("runId"), "fine-tuning experiment"], " · ")
    return element(
        "head",
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Html(style)),
    )


def _footer(result: Mapping[str, Any]) -> Html:
    return element(
        "footer", element("p", join(["bedrock-ft", (result.get("provenance") or {}).get("codeVersion")], " "))
    )
