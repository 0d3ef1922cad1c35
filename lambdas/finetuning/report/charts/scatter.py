"""Coverage against score: a dot a question."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from finetuning.report.charts.drawing import Scale, grid, label, line, picture, ticks
from finetuning.report.formatting import number
from finetuning.report.markup import Html, element
from finetuning.report.score import Interval


@dataclass(frozen=True)
class Dot:
    """similarity: 0 to 1, of the nearest training record; records: how many related ones there are."""

    similarity: float
    score: float
    records: float
    name: str


def scatter(
    dots: Sequence[Dot], bounds: Interval, threshold: float | None, *, title: str, axis: str, near: str
) -> Html:
    """bounds: of the score; threshold: from which similarity a record counts as related, named by `near`."""
    x, y = Scale(0, 1, 44, 536), Scale(bounds[0] - 0.4, bounds[1] + 0.4, 236, 24)
    related: list[Html] = []
    if threshold is not None and 0 <= threshold <= 1:
        side, class_ = (-6, "end stop") if threshold > 0.6 else (6, "start stop")
        related = [
            line(x(threshold), y.end, x(threshold), y.start, "stop"),
            label(x(threshold) + side, 16, near, class_),
        ]
    return picture(
        "scatter",
        title,
        560,
        290,
        *grid(y, x.start, x.end, 5),
        *(label(x(mark), 258, number(mark, 1)) for mark in ticks(0, 1, 5)),
        label((x.start + x.end) / 2, 284, axis, "middle axis-name"),
        *related,
        *(_question(each, x, y) for each in dots),
    )


def _question(each: Dot, x: Scale, y: Scale) -> Html:
    radius = round(min(12.0, 4 + 1.6 * math.sqrt(max(0.0, each.records))), 1)
    place = min(max(each.similarity, 0.0), 1.0)
    return element(
        "circle", element("title", each.name), cx=x(place), cy=y(each.score), r=radius, class_="question-dot"
    )
