"""How many answers got which score: base and custom model beside each other."""

from collections.abc import Mapping, Sequence

from finetuning.report.charts.drawing import Scale, bar, grid, label, line, picture
from finetuning.report.formatting import number
from finetuning.report.markup import Html


def distribution(counts: Mapping[str, Mapping[int, int]], scores: Sequence[int], title: str, axis: str) -> Html:
    """counts: by model and score; scores: those on the x axis, each with a bar of every model."""
    x = Scale(scores[0] - 0.5, scores[-1] + 0.5, 40, 552)
    highest = max(max(counted.values(), default=0) for counted in counts.values())
    y = Scale(0, highest * 1.15 or 1.0, 184, 8)
    group = (x(scores[0] + 1) - x(scores[0])) * 0.76
    width = group / len(counts)
    bars: list[Html] = []
    for place, (model, counted) in enumerate(counts.items()):
        for score in scores:
            count = counted.get(score, 0)
            if count:
                left = round(x(score) - group / 2 + place * width, 1)
                bars.append(bar(left, y(count), width - 2, y(0) - y(count), model))
                bars.append(label(round(left + (width - 2) / 2, 1), y(count) - 4, number(count), "middle count"))
    return picture(
        "distribution",
        title,
        560,
        240,
        *grid(y, x.start, x.end, min(4, max(highest, 1)))[: 0 if highest <= 0 else None],
        line(x.start, y(0), x.end, y(0), "axis"),
        *bars,
        *(label(x(score), 206, str(score)) for score in scores),
        label((x.start + x.end) / 2, 232, axis, "middle axis-name"),
    )
