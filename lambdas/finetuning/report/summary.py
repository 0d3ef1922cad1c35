"""The first screen: did it help, how sure is that, why, what did it cost, what next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetuning.report.charts.interval import interval_picture
from finetuning.report.comparability import goes_on
from finetuning.report.cost import answering_part, deployed_seconds, item_name
from finetuning.report.formatting import duration, exact, is_number, number, p_value, usd
from finetuning.report.markup import Html, element, join, section, text_block
from finetuning.report.score import Score, finite, pair, primary_score
from finetuning.report.wording import named
from finetuning.texts import Texts


@dataclass(frozen=True)
class _Mark:
    """tone: a class of style.css; glyph: says the tone to those who do not see colours."""

    tone: str
    glyph: str


_MARKS = {
    "improved": _Mark("good", "↑"),
    "no_visible_effect": _Mark("neutral", "="),
    "worse": _Mark("bad", "↓"),
    "inconclusive": _Mark("caution", "?"),
    "did_not_learn": _Mark("caution", "○"),
    "over_budget": _Mark("caution", "$"),
    "trained": _Mark("neutral", "·"),
    "no_headroom": _Mark("neutral", "▲"),
    "failed": _Mark("bad", "\N{MULTIPLICATION SIGN}"),
}


def verdict_words(result: Mapping[str, Any], say: Texts) -> str:
    return named(say, "verdict", result.get("verdict") or "none")


def verdict_badge(result: Mapping[str, Any], say: Texts) -> Html:
    mark = _MARKS.get(result.get("verdict") or "") or _Mark("neutral", "-")
    glyph = element("span", mark.glyph, aria_hidden="true")
    return element("span", glyph, " ", verdict_words(result, say), class_=f"badge {mark.tone}")


def header(result: Mapping[str, Any], say: Texts) -> Html:
    run = [say("report.experiment"), result.get("baseModel"), result.get("runId")]
    return element(
        "header",
        element("p", join(run, " · "), class_="run"),
        element("p", verdict_badge(result, say)),
        element("h1", result.get("headline") or verdict_words(result, say), dir="auto"),
        pattern_sentence(result),
    )


def pattern_sentence(result: Mapping[str, Any]) -> Html | None:
    """Whether the answers have the style that the dataset's card asks for: the headline is on correctness alone."""
    text = (result.get("pattern") or {}).get("text")
    return element("p", text, class_="pattern", dir="auto") if text else None


def local_notice(result: Mapping[str, Any], say: Texts) -> Html | None:
    if (result.get("provenance") or {}).get("environment") != "local":
        return None
    return element(
        "aside", element("strong", say("report.local.title")), " ", say("report.local.text"), class_="notice"
    )


def host_alive(result: Mapping[str, Any], say: Texts) -> Html | None:  # noqa: ARG001 - as every part of a page
    """The first warning, of what may still be there, and cost money."""
    warnings = result.get("warnings") or []
    if not warnings or not (result.get("hosting") or {}).get("alive"):
        return None
    return element("aside", element("strong", warnings[0]), class_="stopped bad", dir="auto")


def failure(result: Mapping[str, Any], say: Texts) -> Html | None:
    failed = result.get("failure")
    if not failed:
        return None
    where = join(
        [
            element("code", failed.get("error") or say("report.failure.unknownError")),
            say("report.failure.in"),
            element("code", failed.get("state") or say("report.failure.unknownState")),
        ]
    )
    advice = failed.get("whatToDo")
    tone = "caution" if result.get("verdict") == "over_budget" else "bad"
    return element(
        "div",
        section(
            "failure",
            say("report.failure.title"),
            element("p", where),
            _message(failed.get("message"), say),
            join([element("h3", say("report.failure.whatToDo")), text_block(advice)]) if advice else None,
        ),
        class_=f"stopped {tone}",
    )


def _message(message: str | None, say: Texts) -> Html:
    """What AWS or a handler said, word for word: a quotation, in whatever language it was said."""
    if not message:
        return element("p", say("report.failure.noMessage"))
    return join(
        [
            element("h3", say("report.failure.message")),
            element("blockquote", message, class_="text message", dir="auto"),
        ]
    )


def summary(result: Mapping[str, Any], say: Texts) -> Html:
    return element(
        "section",
        element("h2", say("report.summary.title"), class_="hidden", id="summary-title"),
        _how_sure(result, say),
        _cost(result, say),
        _time(result, say),
        _why(result, say),
        _next(result, say),
        id="summary",
        aria_labelledby="summary-title",
    )


def _figure(key: str, title: str, figure: str | None, *details: str | None, picture: Html | None = None) -> Html:
    """A question, its answer in large, a picture, and details; such as are markup already stand as they are."""
    return element(
        "div",
        element("h3", title),
        element("p", figure, class_="big") if figure is not None else None,
        picture,
        *(
            detail if isinstance(detail, Html) else element("p", detail, class_="detail")
            for detail in details
            if detail
        ),
        class_=key,
    )


def _how_sure(result: Mapping[str, Any], say: Texts) -> Html:
    score = primary_score(result)
    if score.difference is None:
        return _base_alone(result, score, say)
    counted = {"wins": number(score.wins), "ties": number(score.ties), "losses": number(score.losses)}
    return _figure(
        "how-sure",
        say("report.summary.difference", metric=score.name(say)),
        exact(score.difference, score.show_change(score.difference, say)),
        say("report.summary.baseToCustom", base=score.show(score.base), custom=score.show(score.custom)),
        _interval(score, say),
        say("report.summary.counted", **counted) if score.wins is not None else None,
        (result.get("power") or {}).get("text"),
        picture=interval_picture(score, say),
    )


def _interval(score: Score, say: Texts) -> str:
    """Of too few questions there is none, only their number."""
    if score.interval is None:
        return say("report.summary.baseQuestions", n=number(score.n))
    low, high = (score.show_change(bound, say) for bound in score.interval)
    chance = p_value(score.p_value)
    p = chance if chance.startswith("<") else f"= {chance}"
    return say("report.summary.interval", low=low, high=high, p=p, n=number(score.n))


def _base_alone(result: Mapping[str, Any], score: Score, say: Texts) -> Html:
    """Where the run ended before the custom model was asked."""
    base = (result.get("baseScores") or {}).get(score.metric) or {}
    mean, interval = finite(base.get("mean")), pair(base.get("ci95"))
    if mean is None:
        return _figure(
            "how-sure",
            say("report.summary.difference", metric=score.name(say)),
            say("report.summary.notMeasured"),
            say("report.summary.notCompared"),
        )
    within = (
        say("report.summary.meanInterval", low=score.show(interval[0]), high=score.show(interval[1]))
        if interval
        else None
    )
    return _figure(
        "how-sure",
        say("report.summary.baseScore", metric=score.name(say)),
        exact(mean, score.show(mean)),
        within,
        say("report.summary.baseQuestions", n=number(base.get("n"))),
        say("report.summary.notCompared"),
    )


def _cost(result: Mapping[str, Any], say: Texts) -> Html:
    cost = result.get("cost")
    if cost is None:
        return _figure("cost", say("report.summary.cost"), say("report.none"), say("report.summary.nothingPaid"))
    limit, unknown = cost.get("maxSpendUsd"), cost.get("unknownPrices") or []
    lower_bound = bool(cost.get("isLowerBound"))
    return _figure(
        "cost",
        say("report.summary.cost"),
        _amount(cost.get("actualUsd"), say, at_least=lower_bound),
        say("report.summary.thisRunOnly") if goes_on(result) else None,
        element(
            "p",
            say("report.summary.estimated"),
            " ",
            _amount(cost.get("estimatedUsd"), say, at_least=bool(unknown)),
            class_="detail",
        ),
        say("report.summary.limit", usd=usd(limit, say)) if is_number(limit) else None,
        say("report.summary.unknownPrices", items=say("report.and").join(item_name(item, say) for item in unknown))
        if unknown
        else None,
    )


def _amount(value: object, say: Texts, *, at_least: bool) -> Html:
    bound = element("small", say("report.atLeast")) if at_least and is_number(value) else None
    return element("span", bound, exact(value, usd(value, say)))


def _time(result: Mapping[str, Any], say: Texts) -> Html:
    cost = result.get("cost") or {}
    deployed, bought = deployed_seconds(result), cost.get("throughputSeconds")
    whole = (result.get("durations") or {}).get("runSeconds")
    host, seconds = ("deployment", deployed) if deployed else ("throughput", bought)
    alive = say(f"report.summary.{host}", duration=duration(seconds, say)) if seconds else None
    return _figure(
        "time",
        say("report.summary.time"),
        duration(whole, say),
        alive or say("report.summary.noThroughput"),
        answering_part(cost, say) if seconds else None,
    )


def _why(result: Mapping[str, Any], say: Texts) -> Html:
    diagnosis = (result.get("training") or {}).get("diagnosis")
    # Where no model was trained or compared, the training data is not why the run ended.
    explains = bool(result.get("training") or result.get("scores"))
    findings = ((result.get("coverage") or {}).get("findings") or []) if explains else []
    said = [diagnosis, *(finding.get("text") for finding in findings[:1])]
    blocks: list[str] = [text_block(text) for text in said if text]
    return _figure("why", say("report.summary.why"), None, *(blocks or [say("report.summary.noDiagnosis")]))


def _next(result: Mapping[str, Any], say: Texts) -> Html:
    steps = [step.get("text") for step in result.get("nextSteps") or [] if step.get("text")]
    if not steps:
        return _figure("next", say("report.summary.next"), None, say("report.summary.noNextStep"))
    more = element("a", say("report.summary.allSteps", n=number(len(steps))), href="#next-steps")
    return _figure("next", say("report.summary.next"), None, text_block(steps[0]), element("p", more, class_="detail"))
