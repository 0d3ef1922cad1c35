"""The page: sections in reading order."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from finetuning.report import (
    advice,
    cost,
    coverage,
    judge,
    learning,
    provenance,
    questions,
    scores,
    shell,
    summary,
    timeline,
    topics,
)
from finetuning.report.completed import completed
from finetuning.report.markup import Html, element, join
from finetuning.report.wording import texts_of
from finetuning.report.written import Written, shortened, written
from finetuning.texts import Texts

Section = Callable[[Mapping[str, Any], Texts], Html | None]

# A browser opens that at once, and a mail takes it.
MOST_BYTES = 2_000_000
_FIRST_SCREEN = (summary.host_alive, summary.local_notice, summary.failure, summary.summary)
_BEFORE_QUESTIONS = {
    "warnings": advice.warnings,
    "diagnosis": advice.diagnosis,
    "next-steps": advice.next_steps,
    "scores": scores.scores,
    "distribution": scores.distribution,
    "topics": topics.topics,
    "learning": learning.learning,
    "coverage": coverage.coverage,
    "headroom": judge.headroom,
    "judge": judge.judge,
}
_AFTER_QUESTIONS = {
    "timeline": timeline.timeline,
    "cost": cost.cost,
    "provenance": provenance.provenance,
}


def render(result: Mapping[str, Any]) -> str:
    """The report of a run as one HTML file that needs no network, in the result's language.

    result: the result.json document; parts that a run did not get to may be empty, null or absent. Its strings are
    untrusted: every one is shown as text. Where the page would be larger than MOST_BYTES, the longest texts of the
    questions are shortened on it.
    """
    result, say = completed(result), texts_of(result)
    in_full = written(result, say)
    page = _page(result, say, in_full)
    excess = len(page.encode()) - MOST_BYTES
    return page if excess <= 0 else _page(result, say, shortened(in_full, excess, say))


def _page(result: Mapping[str, Any], say: Texts, texts: Written) -> str:
    asked = partial(questions.questions, written=texts)
    sections: dict[str, Section] = {**_BEFORE_QUESTIONS, "questions": asked, **_AFTER_QUESTIONS}
    built = {key: part for key, section in sections.items() if (part := section(result, say)) is not None}
    main = element("main", *(part(result, say) for part in _FIRST_SCREEN), _contents(built, say), *built.values())
    version = (result.get("provenance") or {}).get("codeVersion")
    body = join([summary.header(result, say), main, shell.footer(say, version)])
    title = say("report.pageTitle", verdict=summary.verdict_words(result, say), run=result.get("runId") or "")
    return shell.document(title, body, say, script=questions.SCRIPT if "questions" in built else None)


def _contents(built: Mapping[str, Html], say: Texts) -> Html:
    links = (element("li", element("a", say(f"report.contents.{key}"), href=f"#{key}")) for key in built)
    return element("nav", element("ul", *links), aria_label=say("report.contents"))
