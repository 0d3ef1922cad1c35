"""The learning curve: training loss by step, validation loss by epoch."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from finetuning.report.charts.drawing import Scale, curve, dot, grid, label, line, picture
from finetuning.report.formatting import is_number, number
from finetuning.report.markup import Html, element
from finetuning.texts import Texts

Points = Sequence[Mapping[str, Any]]

# With more steps, their dots would be a band.
_MOST_DOTS = 60


def learning_curve(training: Mapping[str, Any], say: Texts) -> Html | None:
    """The best epoch and an early stop marked; None when there is no loss to draw.

    An epoch is as wide as any other: its steps share that width, its validation loss stands at its end. After an early
    stop the epochs that were asked for and not trained stay empty, up to as many as were trained.
    """
    steps = [step for step in training.get("trainingLoss") or [] if is_number(step.get("loss"))]
    validation = [point for point in training.get("validationLoss") or [] if is_number(point.get("loss"))]
    epochs = sorted({point["epoch"] for point in (*steps, *validation)})
    if not epochs:
        return None
    asked, early = training.get("epochsAsked"), bool(training.get("stoppedEarly"))
    shown = min(int(asked), 2 * len(epochs)) if early and is_number(asked) and asked > len(epochs) else len(epochs)
    x = Scale(0, shown, 58, 548)
    top = max(point["loss"] for point in (*steps, *validation)) or 1.0
    y = Scale(0, top * 1.12, 232, 12)
    end_of = {epoch: index + 1 for index, epoch in enumerate(epochs)}
    best = next((point for point in validation if point["epoch"] == training.get("bestEpoch")), None)

    trained: list[tuple[float, float]] = []
    for epoch in epochs:
        losses = [step["loss"] for step in steps if step["epoch"] == epoch]
        trained += [
            (x(end_of[epoch] - 1 + position / len(losses)), y(loss)) for position, loss in enumerate(losses, start=1)
        ]
    validated = [(x(end_of[point["epoch"]]), y(point["loss"])) for point in validation]
    every = math.ceil(shown / 12)
    names = [*epochs, *range(epochs[-1] + 1, epochs[-1] + 1 + shown - len(epochs))]
    return picture(
        "learning",
        _what_the_curve_shows(steps, validation, best, training, say),
        560,
        286,
        *grid(y, x.start, x.end, 4),
        *(label(x(index), 254, str(epoch)) for index, epoch in enumerate(names, start=1) if (index - 1) % every == 0),
        label((x.start + x.end) / 2, 280, say("report.learning.epoch"), "middle axis-name"),
        _early_stop(x(len(epochs)), x.end, y, say) if early else None,
        _best_epoch(x(end_of[best["epoch"]]), y(best["loss"]), y, best, say) if best else None,
        curve(_thinned(trained), "training"),
        curve(validated, "validation") if validated else None,
        *(dot(*point, 2.5, "training") for point in trained if len(trained) <= _MOST_DOTS),
        *(dot(*point, 4, "validation") for point in validated),
    )


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The lowest and the highest point of each unit of the picture's width: all that can be seen of a line."""
    columns = defaultdict[int, list[tuple[float, float]]](list)
    for point in points:
        columns[round(point[0])].append(point)
    ends = ({min(column, key=_height), max(column, key=_height)} for column in columns.values())
    return [point for both in ends for point in sorted(both)]


def _height(point: tuple[float, float]) -> float:
    return point[1]


def _early_stop(x: float, right: float, y: Scale, say: Texts) -> Html:
    """The part of the picture after it is hatched off by a line."""
    words = say("report.learning.stopped")
    where = (
        label(x + 8, y.end + 32, words, "start stop")
        if right - x > 120
        else label(x - 8, y.end + 32, words, "end stop")
    )
    return element("g", line(x, y.end, x, y.start, "stop"), where)


def _best_epoch(x: float, loss: float, y: Scale, best: Mapping[str, Any], say: Texts) -> Html:
    side, class_ = (-8, "end best") if x > 300 else (8, "start best")
    words = say("report.learning.best", epoch=best["epoch"], loss=number(best["loss"], 3))
    return element(
        "g",
        line(x, y.end, x, y.start, "best"),
        dot(x, loss, 9, "best"),
        label(x + side, y.end + 14, words, class_),
    )


def _what_the_curve_shows(
    steps: Points, validation: Points, best: Mapping[str, Any] | None, training: Mapping[str, Any], say: Texts
) -> str:
    parts = []
    for name, points in (("training", steps), ("validation", validation)):
        if points:
            first, last = number(points[0]["loss"], 3), number(points[-1]["loss"], 3)
            parts.append(say(f"report.learning.{name}FromTo", first=first, last=last))
    if best:
        parts.append(say("report.learning.lowest", epoch=best["epoch"], loss=number(best["loss"], 3)))
    if training.get("stoppedEarly"):
        parts.append(say("report.learning.stoppedAfter", epoch=number(training.get("epochs"))))
    return say("report.betweenSentences").join(parts)
