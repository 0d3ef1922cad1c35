"""Pictures as inline SVG. Colours and text sizes come from style.css, so that themes and phones can change them."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetuning.report.formatting import is_number, number, signed
from finetuning.report.markup import Html, element
from finetuning.report.score import Score


@dataclass(frozen=True)
class Scale:
    """Maps data (low..high) to a position in the picture (start..end)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers (steps of 1, 2 or 5 times a power of ten) from low to high."""
    rough = (high - low) / about
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def _decimals(positions: Sequence[float]) -> int:
    steps = [after - before for before, after in itertools.pairwise(positions)]
    return max(0, -math.floor(math.log10(min(steps)) + 1e-9)) if steps else 0


def _picture(key: str, title: str, width: int, height: int, *children: Html) -> Html:
    return element(
        "svg",
        element("title", title, id=f"{key}-picture"),
        *children,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{key}-picture",
        class_=f"chart {key}",
    )


def _line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def _dot(x: float, y: float, radius: float, class_: str) -> Html:
    return element("circle", cx=x, cy=y, r=radius, class_=class_)


def _label(x: float, y: float, text: str, class_: str = "middle") -> Html:
    return element("text", text, x=x, y=y, class_=class_)


def interval_picture(score: Score) -> Html | None:
    """The difference and its 95% interval on an axis with zero on it; None when either is missing."""
    if score.difference is None or score.interval is None:
        return None
    difference, (low, high) = score.difference, score.interval
    reach = (min(low, difference, 0.0), max(high, difference, 0.0))
    margin = (reach[1] - reach[0]) * 0.12 or 1.0
    scale = Scale(reach[0] - margin, reach[1] + margin, 8, 352)
    marks = ticks(scale.low, scale.high, 6)
    zero, axis, middle = scale(0.0), 72, 44
    shown, shown_low, shown_high = (signed(value, score.decimals) for value in (difference, low, high))
    title = (
        f"Difference {shown}, 95% interval {shown_low} to {shown_high}; "
        f"the interval {'contains' if low <= 0 <= high else 'does not contain'} zero."
    )
    return _picture(
        "interval",
        title,
        360,
        96,
        _line(scale.start, axis, scale.end, axis, "axis"),
        *(_line(scale(mark), axis, scale(mark), axis + 4, "axis") for mark in marks),
        *(_label(scale(mark), axis + 19, signed(mark, _decimals(marks))) for mark in marks),
        _line(zero, 2, zero, axis, "zero"),
        *_sides(zero, score.higher_is_better),
        _line(scale(low), middle, scale(high), middle, f"range {score.tone}"),
        _line(scale(low), middle - 8, scale(low), middle + 8, f"bound {score.tone}"),
        _line(scale(high), middle - 8, scale(high), middle + 8, f"bound {score.tone}"),
        _dot(scale(difference), middle, 7, f"point {score.tone}"),
    )


def _sides(zero: float, higher_is_better: bool) -> list[Html]:
    """Which model each side of zero speaks for, where there is room to say it."""
    right, left = ("custom", "base") if higher_is_better else ("base", "custom")
    sides = [_label(zero + 7, 13, f"{right} better →", "start")] if zero < 230 else []
    return sides + ([_label(zero - 7, 13, f"← {left} better", "end")] if zero > 130 else [])


def base_to_custom(base: float | None, custom: float | None, bounds: tuple[float, float]) -> Html:
    """A dumbbell, base dot to custom dot; the numbers stand beside it, so it has no text of its own."""
    scale = Scale(*bounds, 7, 133)
    marks = [_line(scale.start, 10, scale.end, 10, "track")]
    if base is not None and custom is not None:
        marks.append(_line(scale(base), 10, scale(custom), 10, "move"))
    marks += [_dot(scale(base), 10, 4.5, "base")] if base is not None else []
    marks += [_dot(scale(custom), 10, 5.5, "custom")] if custom is not None else []
    return element("svg", *marks, viewBox="0 0 140 20", class_="dumbbell", aria_hidden="true")


def learning_curve(training: Mapping[str, Any]) -> Html | None:
    """Training loss by step and validation loss by epoch, the best epoch marked; None when there is no loss to draw.

    An epoch is as wide as any other: its steps share that width, its validation loss stands at its end.
    """
    steps = [step for step in training.get("trainingLoss") or [] if is_number(step.get("loss"))]
    validation = [point for point in training.get("validationLoss") or [] if is_number(point.get("loss"))]
    epochs = sorted({point["epoch"] for point in (*steps, *validation)})
    if not epochs:
        return None
    x = Scale(0, len(epochs), 58, 548)
    top = max(point["loss"] for point in (*steps, *validation)) or 1.0
    y = Scale(0, top * 1.08, 232, 12)
    end_of = {epoch: index + 1 for index, epoch in enumerate(epochs)}

    trained: list[tuple[float, float]] = []
    for epoch in epochs:
        losses = [step["loss"] for step in steps if step["epoch"] == epoch]
        trained += [
            (x(end_of[epoch] - 1 + position / len(losses)), y(loss)) for position, loss in enumerate(losses, start=1)
        ]
    validated = [(x(end_of[point["epoch"]]), y(point["loss"])) for point in validation]
    best = next((point for point in validation if point["epoch"] == training.get("bestEpoch")), None)

    loss_marks = ticks(0, y.high, 4)
    every = math.ceil(len(epochs) / 12)
    return _picture(
        "learning",
        _what_the_curve_shows(steps, validation, best),
        560,
        276,
        *(_line(x.start, y(mark), x.end, y(mark), "grid") for mark in loss_marks),
        *(_label(x.start - 8, y(mark) + 4, number(mark, _decimals(loss_marks)), "end") for mark in loss_marks),
        *(_label(x(end_of[epoch]), 252, str(epoch)) for epoch in epochs[::every]),
        _label((x.start + x.end) / 2, 272, "epoch", "middle axis-name"),
        *([_best_epoch(x(end_of[best["epoch"]]), y(best["loss"]), y, best)] if best else []),
        _curve(trained, "training"),
        _curve(validated, "validation"),
        *(_dot(*point, 2 if len(trained) > 60 else 2.5, "training") for point in trained),
        *(_dot(*point, 4, "validation") for point in validated),
    )


def _curve(points: Sequence[tuple[float, float]], class_: str) -> Html:
    return element("polyline", points=" ".join(f"{x},{y}" for x, y in points), class_=class_)


def _best_epoch(x: float, y: float, scale: Scale, best: Mapping[str, Any]) -> Html:
    side, class_ = (-8, "end best") if x > 300 else (8, "start best")
    return element(
        "g",
        _line(x, scale.end, x, scale.start, "best"),
        _dot(x, y, 9, "best"),
        _label(x + side, scale.end + 14, f"best: epoch {best['epoch']}, {number(best['loss'], 3)}", class_),
    )


def _what_the_curve_shows(
    steps: Sequence[Mapping[str, Any]], validation: Sequence[Mapping[str, Any]], best: Mapping[str, Any] | None
) -> str:
    parts = []
    for name, points in (("Training", steps), ("Validation", validation)):
        if points:
            parts.append(f"{name} loss from {number(points[0]['loss'], 3)} to {number(points[-1]['loss'], 3)}.")
    if best:
        parts.append(f"Validation loss was lowest after epoch {best['epoch']}: {number(best['loss'], 3)}.")
    return " ".join(parts)
