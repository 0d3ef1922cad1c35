"""The first screen: what happened, how sure that is, what it cost, why, and what to do next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from finetuning.report.charts import interval_picture
from finetuning.report.formatting import (
    duration,
    exact,
    is_number,
    number,
    p_value,
    seconds_between,
    signed,
    usd,
)
from finetuning.report.markup import Html, element, join, section, text_block
from finetuning.report.record import answering_part, item_name
from finetuning.report.score import Score, primary_score


@dataclass(frozen=True)
class _Verdict:
    """tone: a class of style.css; glyph: says the tone to those who do not see colours."""

    words: str
    tone: str
    glyph: str


_VERDICTS = {
    "improved": _Verdict("Improved", "good", "↑"),
    "no_visible_effect": _Verdict("No visible effect", "neutral", "="),
    "worse": _Verdict("Worse", "bad", "↓"),
    "inconclusive": _Verdict("Inconclusive", "caution", "?"),
    "did_not_learn": _Verdict("Did not learn", "caution", "○"),
    "over_budget": _Verdict("Over budget", "caution", "$"),
    "no_headroom": _Verdict("No headroom", "neutral", "↥"),
    "failed": _Verdict("Failed", "bad", "✕"),
}

_LOCAL_RUN = (
    "A small stand-in model took the place of Amazon Bedrock's models, and the judge scored answers by how similar "
    "they are to the reference. The numbers show that the experiment works from end to end; they say nothing about "
    "Bedrock. Nothing was paid: amounts are what such a run's hours and tokens would cost on AWS."
)


def verdict_words(result: Mapping[str, Any]) -> str:
    return _verdict(result).words


def _verdict(result: Mapping[str, Any]) -> _Verdict:
    verdict = result.get("verdict") or "no verdict"
    return _VERDICTS.get(verdict) or _Verdict(verdict, "neutral", "-")


def header(result: Mapping[str, Any]) -> Html:
    verdict = _verdict(result)
    return element(
        "header",
        element(
            "p", join(["Fine-tuning experiment", result.get("baseModel"), result.get("runId")], " · "), class_="run"
        ),
        element(
            "p", element("span", verdict.glyph, aria_hidden="true"), " ", verdict.words, class_=f"badge {verdict.tone}"
        ),
        element("h1", result.get("headline") or verdict.words, dir="auto"),
    )


def local_notice(result: Mapping[str, Any]) -> Html | None:
    if (result.get("provenance") or {}).get("environment") != "local":
        return None
    return element("aside", element("strong", "This was a local run."), " ", _LOCAL_RUN, class_="notice")


def failure(result: Mapping[str, Any]) -> Html | None:
    failed = result.get("failure")
    if not failed:
        return None
    where = join(
        [
            element("code", failed.get("error") or "unknown error"),
            " in ",
            element("code", failed.get("state") or "an unknown state"),
        ]
    )
    advice = failed.get("whatToDo")
    tone = "caution" if result.get("verdict") == "over_budget" else "bad"
    return element(
        "div",
        section(
            "failure",
            "What stopped the run",
            element("p", where),
            text_block(failed.get("message") or "No message was recorded.", "text message"),
            join([element("h3", "What to do"), text_block(advice)]) if advice else None,
        ),
        class_=f"stopped {tone}",
    )


def key_figures(result: Mapping[str, Any]) -> Html:
    return element(
        "section",
        element("h2", "Key figures", class_="hidden", id="figures-title"),
        _difference(primary_score(result)),
        _cost(result.get("cost")),
        _time(result),
        class_="figures",
        aria_labelledby="figures-title",
    )


def _figure(title: str, figure: str, *details: str | None, picture: Html | None = None) -> Html:
    return element(
        "div",
        element("h3", title),
        element("p", figure, class_="big"),
        picture,
        *(element("p", detail, class_="detail") for detail in details if detail),
    )


def _difference(score: Score) -> Html:
    title = f"{score.name}, custom minus base"
    if score.difference is None:
        return _figure(title, "not measured", "The custom model was not compared with the base model.")
    low, high = score.interval or (None, None)
    chance = p_value(score.p_value)
    return _figure(
        title,
        exact(score.difference, signed(score.difference, score.decimals)),
        f"95% interval {signed(low, score.decimals)} to {signed(high, score.decimals)}; "
        f"p {chance if chance.startswith('<') else f'= {chance}'}; {number(score.n)} questions",
        f"Base {number(score.base, score.decimals)}, custom {number(score.custom, score.decimals)}",
        picture=interval_picture(score),
    )


def _cost(cost: Mapping[str, Any] | None) -> Html:
    if cost is None:
        return _figure("Cost", "none", "The run stopped before anything was called that costs money.")
    limit, unknown = cost.get("maxSpendUsd"), cost.get("unknownPrices") or []
    estimate = _amount(cost.get("estimatedUsd"), at_least=bool(cost.get("isLowerBound") or unknown))
    return _figure(
        "Cost",
        _amount(cost.get("actualUsd"), at_least=bool(cost.get("isLowerBound"))),
        join(["Estimated before: ", estimate]),
        f"Limit: {usd(limit)}" if is_number(limit) else None,
        f"Price not known: {'; '.join(item_name(item) for item in unknown)}" if unknown else None,
    )


def _amount(value: object, *, at_least: bool) -> Html:
    return join([element("small", "at least ") if at_least and is_number(value) else None, exact(value, usd(value))])


def _time(result: Mapping[str, Any]) -> Html:
    cost = result.get("cost") or {}
    seconds = cost.get("throughputSeconds")
    provenance = result.get("provenance") or {}
    whole = seconds_between(provenance.get("startedAt"), provenance.get("endedAt"))
    return _figure(
        "Provisioned Throughput",
        exact(seconds, duration(seconds)) if seconds else "none",
        "how long it existed" if seconds else "None was bought.",
        answering_part(cost) if seconds else None,
        f"Whole run: {duration(whole)}" if whole is not None else None,
    )


def diagnosis(result: Mapping[str, Any]) -> Html | None:
    words = (result.get("training") or {}).get("diagnosis")
    return section("diagnosis", "Why", text_block(words)) if words else None


def next_steps(result: Mapping[str, Any]) -> Html | None:
    steps = result.get("nextSteps") or []
    if not steps:
        return None
    return section("next-steps", "What to try next", element("ol", *(_next_step(step) for step in steps)))


def _next_step(step: Mapping[str, Any]) -> Html:
    execution_input = step.get("input")
    paste = element("pre", element("code", json.dumps(execution_input, indent=2, ensure_ascii=False)))
    return element(
        "li",
        text_block(step.get("text") or ""),
        None if execution_input is None else join([element("p", "Execution input:", class_="detail"), paste]),
    )


def warnings(result: Mapping[str, Any]) -> Html | None:
    texts = result.get("warnings") or []
    if not texts:
        return None
    return section("warnings", "Warnings", element("ul", *(element("li", text_block(text)) for text in texts)))
