"""What was measured: every metric with its intervals, and how many answers got which score."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.charts.distribution import distribution as distribution_picture
from finetuning.report.charts.drawing import figure, legend
from finetuning.report.charts.interval import interval_sketch
from finetuning.report.completed import MODELS
from finetuning.report.formatting import MISSING, exact, is_number, number, p_value
from finetuning.report.markup import Html, element, join, section, table
from finetuning.report.score import Interval, Score, finite, pair, primary_score, read_score
from finetuning.report.wording import named
from finetuning.texts import Texts


def scores(result: Mapping[str, Any], say: Texts) -> Html | None:
    metrics = result.get("scores") or {}
    shown = _compared(result, say) if metrics else _base_alone(result, say)
    if shown is None:
        return None
    return section(
        "scores",
        say("report.scores.title"),
        shown,
        _pattern(result, say),
        element("p", _unscored(result.get("unscored") or {}, say)),
        _unanswered(result.get("unanswered") or {}, say),
        element("p", say("report.scores.howToRead"), class_="detail"),
    )


def _compared(result: Mapping[str, Any], say: Texts) -> Html:
    columns = ("metric", "base", "custom", "difference", "effect", "p", "counted", "n")
    rows = [score_row(read_score(result, metric), say) for metric in result["scores"]]
    names = [say(f"report.scores.{column}") for column in columns]
    return table(names, rows, numeric=(1, 2, 3, 5, 6, 7), wide=True)


def score_row(score: Score, say: Texts) -> list[str]:
    """A metric's row: name, base, custom, difference, its picture, p-value, wins/ties/losses, questions."""
    reach = max((abs(end) for end in (score.difference, *(score.interval or ())) if end), default=1.0)
    counted = (score.wins, score.ties, score.losses)
    return [
        join([score.name(say), element("span", range_and_direction(score, say), class_="detail")], " "),
        with_interval(exact(score.base, score.show(score.base)), _written(score, score.base_interval, say)),
        with_interval(exact(score.custom, score.show(score.custom)), _written(score, score.custom_interval, say)),
        difference_cell(score, say),
        interval_sketch(score.difference, score.interval, reach, score.tone) or MISSING,
        exact(score.p_value, p_value(score.p_value)),
        MISSING
        if None in counted or score.higher_is_better is None
        else " / ".join(number(count) for count in counted),
        number(score.n),
    ]


def difference_cell(score: Score, say: Texts) -> Html:
    """The difference of two means with its 95% interval below it."""
    difference = exact(score.difference, score.show_change(score.difference, say))
    if score.interval is None:
        return with_interval(difference, None)
    low, high = (exact(bound, score.show_change(bound, say)) for bound in score.interval)
    return with_interval(difference, join([low, say("report.to"), high]))


def with_interval(value: Html, interval: Html | None) -> Html:
    return element("span", value, element("small", interval) if interval else None, class_="estimate")


def _written(score: Score, interval: Interval | None, say: Texts) -> Html | None:
    if interval is None:
        return None
    return join([exact(bound, score.show(bound)) for bound in interval], say("report.to"))


def range_and_direction(score: Score, say: Texts) -> str:
    better = {True: "higherIsBetter", False: "lowerIsBetter", None: "neither"}[score.higher_is_better]
    unit = named(say, "unit", score.unit) if score.unit and not (score.bounds and score.unit == "points") else None
    low_high = (score.show_one(bound) for bound in score.bounds) if score.bounds else None
    parts = [say("report.to").join(low_high) if low_high else None, unit, say(f"report.scores.{better}")]
    return say("report.comma").join(part for part in parts if part)


def _base_alone(result: Mapping[str, Any], say: Texts) -> Html | None:
    measured = result.get("baseScores") or {}
    if not measured:
        return None
    rows = []
    for metric, mean in measured.items():
        score = read_score(result, metric)
        value, interval = finite((mean or {}).get("mean")), pair((mean or {}).get("ci95"))
        rows.append(
            [
                score.name(say),
                with_interval(exact(value, score.show(value)), _written(score, interval, say)),
                number((mean or {}).get("n")),
            ]
        )
    return table([say(f"report.scores.{column}") for column in ("metric", "base", "n")], rows, numeric=(1, 2))


def _pattern(result: Mapping[str, Any], say: Texts) -> Html | None:
    """What the dataset's card asks of an answer."""
    asked = (result.get("provenance") or {}).get("pattern")
    if not asked:
        return None
    parts = [asked.get("name") or say("report.metric.pattern"), asked.get("description") or None]
    said = say("report.scores.patternIs", name=say("report.comma").join(part for part in parts if part))
    return element("p", said, element("code", asked.get("regex")), dir="auto")


def _unscored(unscored: Mapping[str, Any], say: Texts) -> str:
    counts = {model: unscored.get(model) or 0 for model in MODELS}
    if not any(counts.values()):
        return say("report.scores.allScored")
    return say("report.scores.unscored", **{model: number(count) for model, count in counts.items()})


def _unanswered(unanswered: Mapping[str, Any], say: Texts) -> Html | None:
    count = unanswered.get("custom")
    return element("p", say("report.scores.unanswered", n=number(count))) if count else None


def distribution(result: Mapping[str, Any], say: Texts) -> Html | None:
    """How many answers got which correctness."""
    score = primary_score(result)
    found = {model: of for model in MODELS if (of := (result.get("distribution") or {}).get(model))}
    counts = {
        model: {int(place): int(count) for place, count in (of.get("counts") or {}).items() if is_number(count)}
        for model, of in found.items()
    }
    places = sorted({place for counted in counts.values() for place in counted})
    if not places:
        return None
    shows = say("report.betweenSentences").join(
        say(
            "report.distribution.shows",
            model=say(f"report.model.{model}"),
            n=number(of.get("n")),
            median=score.show_one(of.get("median")),
            low=score.show_one(of.get("lowest")),
            high=score.show_one(of.get("highest")),
        )
        for model, of in found.items()
    )
    columns = [score.name(say), *(say(f"report.model.{model}") for model in counts)]
    rows = [[str(place), *(number(counted.get(place, 0)) for counted in counts.values())] for place in places]
    key = legend(*((model, say(f"report.model.{model}")) for model in counts))
    return section(
        "distribution",
        say("report.distribution.title"),
        element("p", shows),
        figure(distribution_picture(counts, places, shows, score.name(say)), key),
        element(
            "details",
            element("summary", say("report.inNumbers")),
            table(columns, rows, numeric=range(1, len(columns))),
        ),
    )
