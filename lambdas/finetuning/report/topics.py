"""The effect by topic and by language."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.charts.dumbbell import base_to_custom
from finetuning.report.charts.interval import interval_sketch, reach_of
from finetuning.report.formatting import MISSING, exact, number
from finetuning.report.markup import Html, element, join, section, table
from finetuning.report.score import Score, finite, pair, primary_score
from finetuning.report.scores import with_interval
from finetuning.report.wording import named
from finetuning.texts import Texts

Effects = Mapping[str, Mapping[str, Any]]


def topics(result: Mapping[str, Any], say: Texts) -> Html | None:
    """Weakest first."""
    score = primary_score(result)
    effects = result.get("effects") or {}
    by_topic = effects.get("topic") or {}
    by_language = effects.get("language") or {}
    if not by_topic and not by_language:
        return None
    return section(
        "topics",
        say("report.topics.title"),
        element("p", say("report.topics.reading", metric=score.name(say))),
        _effects_table(by_topic, "topic", score, say),
        _effects_table(by_language, "language", score, say) if len(by_language) > 1 else None,
    )


def _effects_table(effects: Effects, kind: str, score: Score, say: Texts) -> Html | None:
    if not effects:
        return None
    found = {name: effect or {} for name, effect in effects.items()}
    reach = reach_of([(finite(effect.get("difference")), pair(effect.get("ci95"))) for effect in found.values()])
    weakest_first = sorted(found, key=lambda name: (_last_mean(found[name]), name))
    rows = [_row(named(say, kind, name), found[name], score, reach, say) for name in weakest_first]
    columns = [
        say(f"report.topics.{column}") for column in (kind, "n", "base", "custom", "move", "difference", "effect")
    ]
    return table(columns, rows, numeric=(1, 2, 3, 5), wide=True)


def _last_mean(effect: Mapping[str, Any]) -> float:
    custom, base = finite(effect.get("custom")), finite(effect.get("base"))
    return custom if custom is not None else base if base is not None else 0.0


def _row(name: str, effect: Mapping[str, Any], score: Score, reach: float, say: Texts) -> list[str]:
    base, custom, difference = (finite(effect.get(key)) for key in ("base", "custom", "difference"))
    interval, p_value = pair(effect.get("ci95")), finite(effect.get("pValue"))
    written = None
    if interval:
        written = join([exact(bound, score.show_change(bound, say)) for bound in interval], say("report.to"))
    return [
        element("span", name, dir="auto"),
        number(effect.get("n")),
        exact(base, score.show(base)),
        exact(custom, score.show(custom)),
        base_to_custom(base, custom, score.bounds) if score.bounds else MISSING,
        with_interval(exact(difference, score.show_change(difference, say)), written),
        interval_sketch(difference, interval, reach, score.tone_of_effect(interval, p_value, finite(effect.get("n"))))
        or MISSING,
    ]
