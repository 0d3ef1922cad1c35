"""From the base model's score to the custom model's."""

from finetuning.report.charts.drawing import Scale, dot, line, sketch
from finetuning.report.markup import Html
from finetuning.report.score import Interval


def base_to_custom(base: float | None, custom: float | None, bounds: Interval) -> Html:
    scale = Scale(*bounds, 7, 133)
    marks = [line(scale.start, 10, scale.end, 10, "track")]
    if base is not None and custom is not None:
        marks.append(line(scale(base), 10, scale(custom), 10, "move"))
    marks += [dot(scale(base), 10, 4.5, "base")] if base is not None else []
    marks += [dot(scale(custom), 10, 5.5, "custom")] if custom is not None else []
    return sketch("dumbbell", 140, 20, *marks)
