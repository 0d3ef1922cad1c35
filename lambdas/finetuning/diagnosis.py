"""Why training went as it did: rules that look at the loss and name what happened.

A rule is a pure function from a job's metrics to a finding, or None where it does not apply. Several may hold together.
Adding a rule = one function, its place in RULES, and its text in `texts/<language>/diagnosis.json`.
"""

from collections.abc import Callable
from itertools import pairwise
from statistics import fmean
from typing import Any

from finetuning.findings import Finding
from finetuning.texts import Texts
from finetuning.training_metrics import Fall, TrainingMetrics

# In an epoch that still teaches something, the loss falls by at least this share of itself.
FALLING = 0.01
# Validation loss this far above its lowest, at the end, is overfitting.
OVERFITTING_RISE = 0.05
# Training loss that fell by this share at least, while validation loss fell by less than a fifth of it, was learned by
# heart. For orientation: 0.83 and 0.42 in a real run; 0.58 and 0.03 for our stand-in trained on shuffled answers.
LEARNED_BY_HEART, GENERALIZED = 0.3, 0.2
# Jumps as shares of the loss at the start: of the training loss from one batch to the next (whose own
# difficulty is noise), and of the validation loss up and down again.
STEP_JUMP, VALIDATION_SWING = 0.5, 0.1


def barely_moved(metrics: TrainingMetrics) -> Finding | None:
    """Training taught nothing that can be seen, neither of other records nor of its own."""
    if metrics.learned or memorised(metrics):
        return None
    fall = metrics.fall
    return Finding(
        "barely_moved",
        {
            "drop": fall.share,
            "first": fall.first,
            "lowest": fall.last,
            "needed": fall.needed,
            "epochs": metrics.epochs,
        },
    )


def unstable(metrics: TrainingMetrics) -> Finding | None:
    """The loss jumps: a batch's training loss far up, or the validation loss up and down again."""
    jump = max([0.0, *(after - before for before, after in pairwise(metrics.batches))])
    losses = [row.loss for row in metrics.validation]
    swing = max([0.0, *(_swing(losses, at) for at in range(1, len(losses) - 1))])
    if jump <= STEP_JUMP * metrics.start and swing <= VALIDATION_SWING * losses[0]:
        return None
    return Finding("unstable", {"jump": jump, "swing": swing, "first": metrics.start, "firstByEpoch": losses[0]})


def _swing(losses: list[float], at: int) -> float:
    """By how much the loss rose to this epoch and fell again after it."""
    return min(losses[at] - min(losses[:at]), losses[at] - min(losses[at + 1 :]))


def memorised(metrics: TrainingMetrics) -> Finding | None:
    """The training records were learned by heart, and little of it helps with others."""
    last = [row.loss for row in metrics.training if row.epoch == metrics.training[-1].epoch]
    training_drop, drop = Fall(metrics.start, fmean(last)).share, metrics.fall.share
    if not metrics.is_validated or training_drop < LEARNED_BY_HEART or drop >= GENERALIZED * training_drop:
        return None
    return Finding("memorised", {"trainingDrop": training_drop, "drop": drop})


def overfitting(metrics: TrainingMetrics) -> Finding | None:
    """Validation loss rose after its best epoch, and stayed up."""
    best, last = metrics.best, metrics.validation[-1]
    if not metrics.is_validated or last.loss <= best.loss * (1 + OVERFITTING_RISE):
        return None
    return Finding(
        "overfitting",
        {"fromEpoch": best.epoch + 1, "bestEpoch": best.epoch, "best": best.loss, "last": last.loss},
    )


def still_learning(metrics: TrainingMetrics) -> Finding | None:
    """The loss was falling when the epochs that were asked for were over."""
    return Finding("still_learning", _last_epoch(metrics)) if _is_falling(metrics, stopped=False) else None


def stopped_too_soon(metrics: TrainingMetrics) -> Finding | None:
    """The loss was falling when early stopping ended training."""
    return Finding("stopped_too_soon", _last_epoch(metrics)) if _is_falling(metrics, stopped=True) else None


def _is_falling(metrics: TrainingMetrics, *, stopped: bool) -> bool:
    before, last = metrics.course[-2:]
    is_lowest = metrics.best.epoch == metrics.epochs
    return is_lowest and last < before * (1 - FALLING) and metrics.stopped_early is stopped


def _last_epoch(metrics: TrainingMetrics) -> dict[str, Any]:
    before, last = metrics.course[-2:]
    return {"before": before, "last": last, "epochs": metrics.epochs, "epochsAsked": metrics.epochs_asked}


def saturated(metrics: TrainingMetrics) -> Finding | None:
    """It learned, and further epochs gave nothing more."""
    if not metrics.learned or any(rule(metrics) for rule in (overfitting, still_learning, stopped_too_soon)):
        return None
    return Finding(
        "saturated",
        {
            "bestEpoch": metrics.best.epoch,
            "best": metrics.best.loss,
            "last": metrics.validation[-1].loss,
            "epochs": metrics.epochs,
            "epochsAsked": metrics.epochs_asked,
        },
    )


def not_validated(metrics: TrainingMetrics) -> Finding | None:
    """No metrics of validation data: only some jobs write them."""
    return None if metrics.is_validated else Finding("not_validated", {})


# What explains most comes first. Of the last four before not_validated one holds for every model that learned.
RULES: tuple[Callable[[TrainingMetrics], Finding | None], ...] = (
    barely_moved,
    unstable,
    memorised,
    overfitting,
    still_learning,
    stopped_too_soon,
    saturated,
    not_validated,
)


def diagnose(metrics: TrainingMetrics, say: Texts) -> dict[str, Any]:
    """{"findings": [{"code", "text", "evidence"}, …], "diagnosis": the first one's text}; there is at least one."""
    loss = "validation" if metrics.is_validated and len(metrics.validation) > 1 else "training"
    named = {"loss": say(f"diagnosis.{loss}_loss"), "falling": FALLING}
    findings = [found.to_json(say, _text_key(found), **named) for rule in RULES if (found := rule(metrics))]
    return {"findings": findings, "diagnosis": findings[0]["text"]}


def _text_key(found: Finding) -> str:
    """A loss that has levelled off may be lowest at the end: then there are not two losses to tell apart."""
    at_best = found.code == "saturated" and found.evidence["bestEpoch"] == found.evidence["epochs"]
    return "diagnosis.saturated_at_best" if at_best else f"diagnosis.{found.code}"
