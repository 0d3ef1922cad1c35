"""How training went: the loss as a picture and in numbers."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.charts.drawing import figure, legend
from finetuning.report.charts.loss import learning_curve
from finetuning.report.formatting import is_number, number
from finetuning.report.markup import Html, element, section, table
from finetuning.texts import Texts


def learning(result: Mapping[str, Any], say: Texts) -> Html | None:
    training = result.get("training")
    if not training:
        return None
    picture = learning_curve(training, say)
    kinds = ("training", "validation") if training.get("validationLoss") else ("training",)
    keys = legend(*((kind, say(f"report.learning.{kind}Key")) for kind in kinds))
    return section(
        "learning",
        say("report.learning.title"),
        element("p", _how_training_went(training, say)),
        figure(picture, keys) if picture else None,
        _loss_table(training, say),
    )


def _how_training_went(training: Mapping[str, Any], say: Texts) -> str:
    epochs, asked, best = number(training.get("epochs")), training.get("epochsAsked"), training.get("bestEpoch")
    if not training.get("stoppedEarly"):
        ended = say("report.learning.ranAll", epochs=epochs)
    elif is_number(asked):
        ended = say("report.learning.stoppedEarlyOf", epochs=epochs, asked=number(asked))
    else:
        ended = say("report.learning.stoppedAfter", epoch=epochs)
    steps = say("report.learning.steps", steps=number(training.get("steps")))
    key = "trainingLowestAfter" if training.get("validated") is False else "lowestAfter"
    lowest = say(f"report.learning.{key}", epoch=number(best)) if is_number(best) else None
    return say("report.betweenSentences").join(part for part in (ended, steps, lowest) if part)


def _loss_table(training: Mapping[str, Any], say: Texts) -> Html | None:
    validation = {point.get("epoch"): point.get("loss") for point in training.get("validationLoss") or []}
    steps = training.get("trainingLoss") or []
    epochs = sorted({*validation, *(step.get("epoch") for step in steps)})
    if not epochs:
        return None
    shown = ("epoch", "lastTrainingLoss", "validationLoss")[: 3 if validation else 2]
    rows = []
    for epoch in epochs:
        losses = [step["loss"] for step in steps if step.get("epoch") == epoch and is_number(step.get("loss"))]
        row = [str(epoch), number(losses[-1] if losses else None, 3), number(validation.get(epoch), 3)]
        rows.append(row[: len(shown)])
    columns = [say(f"report.learning.{column}") for column in shown]
    return element(
        "details", element("summary", say("report.inNumbers")), table(columns, rows, numeric=range(1, len(shown)))
    )
