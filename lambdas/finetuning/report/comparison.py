"""Several runs on one page: how they differ, how they learned, what they scored. A pure function of their results."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from finetuning.report.charts.curves import curves_picture, look
from finetuning.report.charts.drawing import figure
from finetuning.report.charts.interval import interval_sketch, reach_of
from finetuning.report.comparability import (
    goes_on,
    incomparable,
    is_usd_per_point_lower_bound,
    settings,
    usd_per_point,
    varied,
)
from finetuning.report.formatting import MISSING, exact, is_number, number, usd
from finetuning.report.markup import Html, definitions, element, join, section, table
from finetuning.report.score import Score, read_score
from finetuning.report.scores import difference_cell, range_and_direction
from finetuning.report.shell import document, footer
from finetuning.report.summary import verdict_badge
from finetuning.report.wording import named
from finetuning.texts import Language, Texts, texts
from finetuning.version import code_version

# Of a system prompt, beside those of other runs.
MOST_OF_A_SETTING = 200


@dataclass(frozen=True)
class Run:
    """A run on a page about several: its result.json, and the path from the page to its report, if there is one."""

    result: Mapping[str, Any]
    report: str | None

    @property
    def name(self) -> Html:
        run_id = str(self.result.get("runId"))
        return (
            element("a", run_id, href=quote(self.report, errors="replace")) if self.report else element("span", run_id)
        )

    @property
    def dataset(self) -> str:
        return ((self.result.get("provenance") or {}).get("dataset") or {}).get("name") or MISSING


def render_comparison(runs: Sequence[Run], language: Language, best: Mapping[str, str] | None = None) -> str:
    """One HTML file that needs no network. The strings of the results are untrusted: every one is shown as text.

    best: of a sweep, by base model the id of the run with the lowest validation loss.
    """
    say = texts(language)
    title = say("comparison.title", n=len(runs))
    parts = (
        local_notice(runs, say),
        _best(best or {}, say),
        _incomparable(runs, say),
        _table(runs, say),
        _curves(runs, say),
        *_scores(runs, say),
    )
    header = element("header", element("p", say("report.experiment"), class_="run"), element("h1", title))
    body = join([header, element("main", *parts, class_="comparison"), footer(say, code_version())])
    return document(title, body, say)


def local_notice(runs: Sequence[Run], say: Texts) -> Html | None:
    if not any((run.result.get("provenance") or {}).get("environment") == "local" for run in runs):
        return None
    return element("aside", say("comparison.local"), class_="notice")


def _marked(place: int, run: Run) -> Html:
    return join([element("span", str(place + 1), class_=f"look {look(place)}"), run.name], " ")


def _incomparable(runs: Sequence[Run], say: Texts) -> Html | None:
    differing = incomparable([run.result for run in runs])
    if not differing:
        return None
    reasons = (
        element("li", say(f"comparison.differs.{name}"), " ", _groups(groups, say))
        for name, groups in differing.items()
    )
    title, why = say("comparison.incomparable.title"), say("comparison.incomparable.why")
    return element("div", section("incomparable", title, element("p", why), element("ul", *reasons)), class_="stopped")


def _best(best: Mapping[str, str], say: Texts) -> Html | None:
    if not best:
        return None
    found = definitions({base_model: element("strong", run) for base_model, run in best.items()})
    return section(
        "best", say("comparison.best"), found, element("p", say("comparison.bestHowToRead"), class_="detail")
    )


def _groups(groups: Mapping[str | None, Sequence[int]], say: Texts) -> Html:
    said = [
        say(
            "comparison.group",
            runs=say("report.comma").join(str(place + 1) for place in places),
            value=say("comparison.unknown") if value is None else named(say, "environment", value),
        )
        for value, places in groups.items()
    ]
    return join(said, say("report.and"))


def _table(runs: Sequence[Run], say: Texts) -> Html:
    names = varied([run.result for run in runs])
    columns = ("run", "verdict", "baseModel", "dataset", "settings", "correctness", "cost", "perPoint")
    rows = (
        [
            _marked(place, run),
            verdict_badge(run.result, say),
            run.result.get("baseModel") or MISSING,
            run.dataset,
            _settings(run, names, say),
            correctness_cell(run, say),
            cost_cell(run, say),
            _per_point(run, say),
        ]
        for place, run in enumerate(runs)
    )
    return section(
        "runs",
        say("comparison.runs"),
        table([say(f"comparison.{column}") for column in columns], rows, numeric=(5, 6, 7), wide=True),
        element("p", say("comparison.perPointHowToRead"), class_="detail"),
    )


def _settings(run: Run, names: Sequence[str], say: Texts) -> Html:
    if not names:
        return element("span", say("comparison.sameSettings"), class_="detail")
    told = settings(run.result)
    if not any(told.values()):
        return Html(MISSING)
    return definitions({_setting(name, say): _beginning(told.get(name) or MISSING) for name in names})


def _beginning(value: str) -> str:
    """The run's own report has all of it."""
    return value if len(value) <= MOST_OF_A_SETTING else f"{value[:MOST_OF_A_SETTING]}…"


def _setting(name: str, say: Texts) -> str:
    return say.by_key.get(f"comparison.setting.{name}", name)


def correctness_cell(run: Run, say: Texts) -> Html:
    """The difference with its interval, and the means below."""
    score = read_score(run.result, "correctness")
    if score.difference is None:
        return Html(MISSING)
    means = say("report.summary.baseToCustom", base=score.show(score.base), custom=score.show(score.custom))
    return element("div", difference_cell(score, say), element("div", means, class_="detail"))


def cost_cell(run: Run, say: Texts) -> Html:
    cost = run.result.get("cost") or {}
    amount = _amount(cost.get("actualUsd"), say, at_least=bool(cost.get("isLowerBound")))
    if not goes_on(run.result):
        return amount
    return element("div", amount, element("div", say("comparison.thisRunOnly"), class_="detail"))


def _per_point(run: Run, say: Texts) -> Html:
    return _amount(usd_per_point(run.result), say, at_least=is_usd_per_point_lower_bound(run.result))


def _amount(value: object, say: Texts, *, at_least: bool) -> Html:
    if not is_number(value):
        return Html(MISSING)
    return element("span", element("small", say("report.atLeast")) if at_least else None, exact(value, usd(value, say)))


def _curves(runs: Sequence[Run], say: Texts) -> Html | None:
    curves = [
        [
            (point["epoch"], point["loss"])
            for point in (run.result.get("training") or {}).get("validationLoss") or []
            if is_number(point.get("loss"))
        ]
        for run in runs
    ]
    shows = say("report.betweenSentences").join(
        _curve_in_words(place + 1, curve, say) for place, curve in enumerate(curves) if curve
    )
    drawn = curves_picture(curves, shows, say("report.learning.epoch"))
    if drawn is None:
        return None
    key = element("figcaption", *(element("p", _marked(place, run)) for place, run in enumerate(runs) if curves[place]))
    trained = [run.result for place, run in enumerate(runs) if curves[place]]
    same = "validationData" not in varied(trained) and len({result.get("baseModel") for result in trained}) == 1
    note = None if same else element("p", say("comparison.curvesDiffer"))
    return section("curves", say("comparison.curves"), element("p", shows), note, figure(drawn, key))


def _curve_in_words(run: int, curve: Sequence[tuple[int, float]], say: Texts) -> str:
    """The lowest of equal losses is the last, as the run's own best epoch is."""
    epoch, lowest = min(reversed(curve), key=lambda point: point[1])
    return say("comparison.curve", run=run, first=number(curve[0][1], 3), lowest=number(lowest, 3), epoch=epoch)


def _scores(runs: Sequence[Run], say: Texts) -> Iterator[Html]:
    """A table a metric: what two runs gained is seen by looking down one column.

    Patterns of different names are different metrics.
    """
    metrics = dict.fromkeys(metric for run in runs for metric in run.result.get("scores") or {})
    for metric in metrics:
        scores = {place: read_score(run.result, metric) for place, run in enumerate(runs)}
        compared = {place: score for place, score in scores.items() if score.difference is not None}
        for number_of, label in enumerate(dict.fromkeys(score.label for score in compared.values()), start=1):
            same = {place: score for place, score in compared.items() if score.label == label}
            yield _metric(f"metric-{metric}-{number_of}", runs, same, say)


def _metric(key: str, runs: Sequence[Run], scores: Mapping[int, Score], say: Texts) -> Html:
    reach = reach_of([(score.difference, score.interval) for score in scores.values()])
    rows = (
        [
            _marked(place, runs[place]),
            exact(score.base, score.show(score.base)),
            exact(score.custom, score.show(score.custom)),
            difference_cell(score, say),
            interval_sketch(score.difference, score.interval, reach, score.tone) or MISSING,
            number(score.n),
        ]
        for place, score in scores.items()
    )
    first = next(iter(scores.values()))
    columns = [
        say("comparison.run"),
        *(say(f"report.scores.{key}") for key in ("base", "custom", "difference", "effect", "n")),
    ]
    return section(
        key,
        first.name(say),
        element("p", range_and_direction(first, say), class_="detail"),
        table(columns, rows, numeric=(1, 2, 3, 5), wide=True),
    )
