"""The execution's time as bars: the run, the customization job, and the throughput's life with what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from finetuning.report.charts.drawing import Scale, bar, label, line, picture
from finetuning.report.markup import Html


@dataclass(frozen=True)
class Lane:
    """One bar over time. spans: (class of charts.css, first second, last second); note: what stands beside the bar."""

    name: str
    spans: Sequence[tuple[str, float, float]]
    note: str


_LEFT, _RIGHT, _LANE = 8, 552, 52


def life(lanes: Sequence[Lane], seconds: float, ticks: Sequence[tuple[float, str]], title: str) -> Html:
    """seconds: how long the time axis is, from the run's start; ticks: (second, label)."""
    x = Scale(0, seconds, _LEFT, _RIGHT)
    height = len(lanes) * _LANE
    drawn: list[Html] = []
    for index, lane in enumerate(lanes):
        top = index * _LANE
        drawn.append(label(_LEFT, top + 16, lane.name, "start lane"))
        drawn.append(label(_RIGHT, top + 16, lane.note, "end note"))
        drawn.append(bar(_LEFT, top + 24, _RIGHT - _LEFT, 18, "track"))
        for class_, first, last in lane.spans:
            # A bar of no width would hide what was paid for.
            drawn.append(bar(x(first), top + 24, max(2.0, x(last) - x(first)), 18, class_))
    return picture(
        "life",
        title,
        560,
        height + 28,
        *drawn,
        line(_LEFT, height + 2, _RIGHT, height + 2, "axis"),
        *(line(x(at), height + 2, x(at), height + 6, "axis") for at, _ in ticks),
        *(label(x(at), height + 22, text, _side(x(at))) for at, text in ticks),
    )


def _side(x: float) -> str:
    return "start" if x < 40 else "end" if x > 520 else "middle"
