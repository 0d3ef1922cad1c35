"""Learning curves of several runs, overlaid."""

import math
from collections.abc import Sequence

from finetuning.report.charts.drawing import Scale, curve, dot, grid, label, line, picture
from finetuning.report.markup import Html

# How many runs have a look of their own in comparison.css; then it begins again, and the names tell them apart.
LOOKS = 6


def look(place: int) -> str:
    return f"run-{place % LOOKS}"


def curves_picture(curves: Sequence[Sequence[tuple[int, float]]], title: str, axis: str) -> Html | None:
    """curves: for each run (epoch, loss) in order, empty where there is none; None when all are. A curve's name is its
    place from 1, written at its end.
    """
    points = [point for each in curves for point in each]
    if not points:
        return None
    epochs = max(epoch for epoch, _ in points)
    x = Scale(min(0, epochs - 1), epochs, 58, 528)
    y = Scale(0, max(loss for _, loss in points) * 1.12 or 1.0, 232, 12)
    every = math.ceil(epochs / 12)
    drawn: list[Html] = []
    for place, each in enumerate(curves):
        at = [(x(epoch), y(loss)) for epoch, loss in each]
        drawn += [curve(at, look(place)), *(dot(*point, 3, look(place)) for point in at)]
        drawn += [label(at[-1][0] + 6, at[-1][1] - 8, str(place + 1), "start")] if at else []
    return picture(
        "curves",
        title,
        560,
        276,
        *grid(y, x.start, x.end, 4),
        line(x.start, y(0), x.end, y(0), "axis"),
        *(label(x(epoch), 252, str(epoch)) for epoch in range(1, epochs + 1, every)),
        label((x.start + x.end) / 2, 272, axis, "middle axis-name"),
        *drawn,
    )
