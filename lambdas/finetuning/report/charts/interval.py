"""A difference and its 95% interval."""

from finetuning.report.charts.drawing import Scale, decimals, dot, label, line, picture, sketch, ticks
from finetuning.report.formatting import signed
from finetuning.report.markup import Html
from finetuning.report.score import Interval, Score
from finetuning.texts import Texts


def interval_picture(score: Score, say: Texts) -> Html | None:
    """The difference and its 95% interval on an axis with zero on it; None when either is missing."""
    if score.difference is None or score.interval is None:
        return None
    difference, (low, high) = score.difference, score.interval
    reach = (min(low, difference, 0.0), max(high, difference, 0.0))
    margin = (reach[1] - reach[0]) * 0.12 or 1.0
    scale = Scale(reach[0] - margin, reach[1] + margin, 24, 336)
    marks = ticks(scale.low, scale.high, 6)
    zero, axis, middle = scale(0.0), 74, 46
    title = say(
        f"report.interval.{'withZero' if low <= 0 <= high else 'withoutZero'}",
        difference=score.show_change(difference, say),
        low=score.show_change(low, say),
        high=score.show_change(high, say),
    )
    return picture(
        "interval",
        title,
        360,
        96,
        line(scale.start, axis, scale.end, axis, "axis"),
        *(line(scale(mark), axis, scale(mark), axis + 4, "axis") for mark in marks),
        *(label(scale(mark), axis + 19, signed(mark, decimals(marks))) for mark in marks),
        line(zero, 2, zero, axis, "zero"),
        *_sides(zero, score.higher_is_better, say),
        line(scale(low), middle, scale(high), middle, f"range {score.tone}"),
        line(scale(low), middle - 8, scale(low), middle + 8, f"bound {score.tone}"),
        line(scale(high), middle - 8, scale(high), middle + 8, f"bound {score.tone}"),
        dot(scale(difference), middle, 7, f"point {score.tone}"),
    )


def _sides(zero: float, higher_is_better: bool | None, say: Texts) -> list[Html]:
    """Which model each side of zero speaks for, where there is room to say it."""
    if higher_is_better is None:
        return []
    right, left = ("custom", "base") if higher_is_better else ("base", "custom")
    right_text = say("report.interval.rightBetter", model=say(f"report.model.{right}"))
    left_text = say("report.interval.leftBetter", model=say(f"report.model.{left}"))
    sides = [label(zero + 7, 14, right_text, "start")] if zero < 200 else []
    return sides + ([label(zero - 7, 14, left_text, "end")] if zero > 160 else [])


def reach_of(differences: list[tuple[float | None, Interval | None]]) -> float:
    """The farthest from zero that any of these reaches: several sketches below each other share it."""
    ends = [abs(end) for difference, interval in differences for end in (difference, *(interval or ())) if end]
    return max(ends, default=1.0)


def interval_sketch(difference: float | None, interval: Interval | None, reach: float, tone: str) -> Html | None:
    """A difference with its interval around a zero in the middle; None when there is no difference."""
    if difference is None:
        return None
    scale = Scale(-reach, reach, 8, 132)
    marks = [line(8, 10, 132, 10, "track"), line(70, 2, 70, 18, "zero")]
    if interval is not None:
        marks.append(line(scale(interval[0]), 10, scale(interval[1]), 10, f"range {tone}"))
    return sketch("effect", 140, 20, *marks, dot(scale(difference), 10, 5, f"point {tone}"))
