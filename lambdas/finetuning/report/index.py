"""All runs of a results folder on one page, newest first. A pure function of their results."""

from collections.abc import Mapping, Sequence

from finetuning.report.comparison import Run, correctness_cell, cost_cell, local_notice
from finetuning.report.formatting import moment, moment_text
from finetuning.report.markup import Html, definitions, element, join, section, table
from finetuning.report.shell import document, footer
from finetuning.report.summary import pattern_sentence, verdict_badge
from finetuning.texts import Language, Texts, texts
from finetuning.version import code_version


def render_index(runs: Sequence[Run], language: Language, unreadable: Mapping[str, str] | None = None) -> str:
    """One HTML file that needs no network. The strings of the results are untrusted: every one is shown as text.

    unreadable: folders whose result cannot be shown, with the reason.
    """
    say = texts(language)
    title = say("comparison.index", n=len(runs))
    columns = ("run", "started", "verdict", "baseModel", "dataset", "correctness", "cost")
    rows = (
        [
            run.name,
            moment_text(_started(run)),
            join(
                [
                    verdict_badge(run.result, say),
                    element("p", run.result.get("headline"), dir="auto"),
                    pattern_sentence(run.result),
                ]
            ),
            run.result.get("baseModel") or "",
            run.dataset,
            correctness_cell(run, say),
            cost_cell(run, say),
        ]
        for run in sorted(runs, key=_order, reverse=True)
    )
    listed = table([say(f"comparison.{column}") for column in columns], rows, numeric=(5, 6), wide=True)
    body = join(
        [
            element("header", element("p", say("report.experiment"), class_="run"), element("h1", title)),
            element(
                "main",
                local_notice(runs, say),
                _unreadable(unreadable, say),
                section("runs", say("comparison.runs"), listed),
                class_="comparison",
            ),
            footer(say, code_version()),
        ]
    )
    return document(title, body, say)


def _unreadable(why: Mapping[str, str] | None, say: Texts) -> Html | None:
    if not why:
        return None
    listed = definitions({name: element("span", reason, dir="auto") for name, reason in why.items()})
    return element("div", section("unreadable", say("comparison.unreadable"), listed), class_="stopped caution")


def _started(run: Run) -> str | None:
    started: str | None = (run.result.get("provenance") or {}).get("startedAt")
    return started


def _order(run: Run) -> tuple[str, str]:
    """Runs without a time, whose input was refused, come last."""
    at = moment(_started(run))
    return (at.isoformat() if at else "", str(run.result.get("runId")))
