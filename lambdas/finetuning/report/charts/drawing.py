"""What pictures are drawn with: scales, axes, marks."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from finetuning.report.formatting import number
from finetuning.report.markup import Html, element


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


def decimals(positions: Sequence[float]) -> int:
    """How many the labels of these ticks need."""
    steps = [after - before for before, after in itertools.pairwise(positions)]
    return max(0, -math.floor(math.log10(min(steps)) + 1e-9)) if steps else 0


def picture(key: str, title: str, width: int, height: int, *children: Html | None) -> Html:
    """An image named by its title: `key` is its class, and with `-picture` the title's id."""
    return element(
        "svg",
        element("title", title, id=f"{key}-picture"),
        *children,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"{key}-picture",
        class_=f"chart {key}",
    )


def sketch(key: str, width: int, height: int, *children: Html | None) -> Html:
    """A small picture beside the numbers that it shows; it has no text of its own."""
    return element("svg", *children, viewBox=f"0 0 {width} {height}", class_=f"sketch {key}", aria_hidden="true")


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def dot(x: float, y: float, radius: float, class_: str) -> Html:
    return element("circle", cx=x, cy=y, r=radius, class_=class_)


def bar(x: float, y: float, width: float, height: float, class_: str) -> Html:
    return element("rect", x=x, y=y, width=round(width, 1), height=round(height, 1), class_=class_)


def label(x: float, y: float, text: str, class_: str = "middle") -> Html:
    return element("text", text, x=x, y=y, class_=class_)


def curve(points: Sequence[tuple[float, float]], class_: str) -> Html:
    return element("polyline", points=" ".join(f"{x},{y}" for x, y in points), class_=class_)


def grid(y: Scale, left: float, right: float, about: int) -> list[Html]:
    """Lines across the picture at round values of y, with their labels at the left."""
    marks = ticks(min(y.low, y.high), max(y.low, y.high), about)
    lines = [line(left, y(mark), right, y(mark), "grid") for mark in marks]
    return lines + [label(left - 8, y(mark) + 4, number(mark, decimals(marks)), "end") for mark in marks]


def legend(*keys: tuple[str, str]) -> Html:
    """What the marks of a picture mean: (class of the mark, text)."""
    return element("figcaption", *(element("span", text, class_=f"key {class_}") for class_, text in keys))


def figure(drawn: Html, *caption: Html) -> Html:
    return element("figure", *caption, drawn)
