"""How training went: the loss as a picture and in numbers."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.charts import learning_curve
from finetuning.report.formatting import is_number, number
from finetuning.report.markup import Html, element, section, table


def learning(result: Mapping[str, Any]) -> Html | None:
    training = result.get("training")
    if not training:
        return None
    picture = learning_curve(training)
    legend = element(
        "figcaption",
        element("span", "training loss, by step", class_="key training"),
        element("span", "validation loss, by epoch", class_="key validation"),
    )
    return section(
        "learning",
        "Learning curve",
        element("p", _how_training_went(training)),
        element("figure", legend, picture) if picture else None,
        _loss_table(training),
    )


def _how_training_went(training: Mapping[str, Any]) -> str:
    epochs, asked = number(training.get("epochs")), training.get("epochsAsked")
    of_asked = f" of {number(asked)}" if is_number(asked) else ""
    ended = (
        f"stopped early after epoch {epochs}{of_asked}" if training.get("stoppedEarly") else f"ran all {epochs} epochs"
    )
    best = training.get("bestEpoch")
    lowest = f" Validation loss was lowest after epoch {best}." if is_number(best) else ""
    return f"Training {ended}: {number(training.get('steps'))} steps.{lowest}"


def _loss_table(training: Mapping[str, Any]) -> Html | None:
    validation = {point.get("epoch"): point.get("loss") for point in training.get("validationLoss") or []}
    steps = training.get("trainingLoss") or []
    epochs = sorted({*validation, *(step.get("epoch") for step in steps)})
    if not epochs:
        return None
    rows = []
    for epoch in epochs:
        losses = [step["loss"] for step in steps if step.get("epoch") == epoch and is_number(step.get("loss"))]
        rows.append([str(epoch), number(losses[-1] if losses else None, 3), number(validation.get(epoch), 3)])
    columns = ["Epoch", "Training loss, last step", "Validation loss"]
    return element("details", element("summary", "The curve in numbers"), table(columns, rows, numeric=(1, 2)))
