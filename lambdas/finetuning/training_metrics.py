"""What the job's two metrics files say: the loss by step and by epoch, and whether the model learned something."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import fmean, variance
from typing import Any

from finetuning.errors import MetricsNotFoundError
from finetuning.run_config import RunConfig

# A smaller fall of the loss than this share promises no visible effect. For orientation: the validation loss of a real
# run fell by 42%, that of our stand-in trained on shuffled answers by about 3%.
MINIMUM_DROP = 0.03
# Batches differ in difficulty, so training losses are compared as means of a quarter of the first epoch's steps, and a
# fall has to be so many standard errors of their difference.
QUARTERS, STANDARD_ERRORS = 4, 2
# With fewer steps in a quarter than this their scatter says little, and this share of the loss is taken for it. It is
# an assumption; our stand-in has 1 to 3% (batches of 32 to 4 records).
FEWEST_FOR_SCATTER, ASSUMED_SCATTER = 4, 0.1
# A step's loss says how hard its records are as well. So it is read by as many steps as make up this many records: the
# batch size that is Claude 3 Haiku's default. Where a model has no batch size to set, a step is taken for as much.
RECORDS_OF_A_BATCH = 32


@dataclass(frozen=True)
class Loss:
    """One row of a metrics file; losses are mean negative log-likelihoods per token."""

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class Fall:
    """From one loss to a later one of the same kind. needed: the share by which it must fall to show anything."""

    first: float
    last: float
    needed: float = MINIMUM_DROP

    @property
    def share(self) -> float:
        return max(0.0, 1 - self.last / self.first) if self.first else 0.0

    @property
    def shows(self) -> bool:
        return self.share >= self.needed


@dataclass(frozen=True)
class TrainingMetrics:
    """`validation` has one entry an epoch, in order: the epochs' mean training losses where not `is_validated`.

    steps_of_a_batch: how many steps make up RECORDS_OF_A_BATCH.
    """

    training: Sequence[Loss]
    validation: Sequence[Loss]
    epochs_asked: int
    is_validated: bool = True
    steps_of_a_batch: int = 1

    @property
    def batches(self) -> Sequence[float]:
        """Mean training losses of so many steps each, in order; steps left over at the end are too few to say much."""
        size = min(self.steps_of_a_batch, len(self.training))
        losses = [row.loss for row in self.training]
        return [fmean(losses[first : first + size]) for first in range(0, len(losses) - size + 1, size)]

    @property
    def best(self) -> Loss:
        """The epoch with the lowest validation loss.

        Of several with the same loss it is the last: a tie means that the file's figures are rounded, and of models
        that cannot be told apart by validation data this one has learned the most of the training data.
        """
        return min(reversed(self.validation), key=lambda row: row.loss)

    @property
    def epochs(self) -> int:
        return self.validation[-1].epoch

    @property
    def stopped_early(self) -> bool:
        return self.epochs < self.epochs_asked

    @property
    def course(self) -> Sequence[float]:
        """Two losses or more, in order, that show what training changed: by epoch, or within a single one."""
        if len(self.validation) > 1:
            return [row.loss for row in self.validation]
        return self._within_first_epoch.first, self._within_first_epoch.last

    @property
    def start(self) -> float:
        """The training loss of the first steps, as the model still was what it had been."""
        return self._within_first_epoch.first

    @property
    def falls(self) -> Sequence[Fall]:
        """What can show that the model learned; each compares like with like.

        Validation loss, which is measured only after an epoch, from the first epoch to the best; and training loss
        within the first epoch, in which every record is new to the model, so that learning by heart lowers nothing. A
        training loss is never compared with a validation loss: other records have another loss, and in a real run the
        validation loss of the best epoch was above the training loss of the first step.
        """
        if not self.is_validated and len(self.validation) > 1:
            return [_fall(self._first_quarter, self._losses_of(self.best.epoch))]
        by_epoch = [Fall(self.validation[0].loss, self.best.loss)] if len(self.validation) > 1 else []
        return [*by_epoch, self._within_first_epoch]

    @property
    def fall(self) -> Fall:
        """The largest of those that show something; the first where none does."""
        return max((fall for fall in self.falls if fall.shows), key=lambda fall: fall.share, default=self.falls[0])

    @property
    def learned(self) -> bool:
        return self.fall.shows

    def _losses_of(self, epoch: int) -> Sequence[float]:
        return [row.loss for row in self.training if row.epoch == epoch]

    @property
    def _first_quarter(self) -> Sequence[float]:
        losses = self._losses_of(self.training[0].epoch)
        return losses[: max(1, len(losses) // QUARTERS)]

    @property
    def _within_first_epoch(self) -> Fall:
        before = self._first_quarter
        return _fall(before, self._losses_of(self.training[0].epoch)[-len(before) :])

    def to_json(self) -> dict[str, Any]:
        return {
            "steps": len(self.training),
            "epochs": self.epochs,
            "epochsAsked": self.epochs_asked,
            "bestEpoch": self.best.epoch,
            "stoppedEarly": self.stopped_early,
            "learned": self.learned,
            "validated": self.is_validated,
        }

    def curves(self) -> dict[str, Any]:
        """The loss rows, which are too large for the state of an execution. What was not measured is no row."""
        validation = self.validation if self.is_validated else []
        return {
            "trainingLoss": [{"step": row.step, "epoch": row.epoch, "loss": row.loss} for row in self.training],
            "validationLoss": [{"epoch": row.epoch, "loss": row.loss} for row in validation],
        }


def _fall(before: Sequence[float], after: Sequence[float]) -> Fall:
    """Between the means of two groups of steps; needed: also as much as batches differ by chance."""
    first = fmean(before)
    if min(len(before), len(after)) >= FEWEST_FOR_SCATTER:
        variances = variance(before), variance(after)
    else:
        variances = ((ASSUMED_SCATTER * first) ** 2,) * 2
    error = math.sqrt(variances[0] / len(before) + variances[1] / len(after))
    return Fall(first, fmean(after), max(MINIMUM_DROP, STANDARD_ERRORS * error / first if first else 0.0))


def metrics_keys(job_arn: str) -> Mapping[str, str]:
    """Keys of the two files below the job's output prefix (as Bedrock lays them out, seen in a real run)."""
    folder = f"model-customization-job-{job_arn.rsplit('/', 1)[1]}"
    return {
        "training": f"{folder}/training_artifacts/step_wise_training_metrics.csv",
        "validation": f"{folder}/validation_artifacts/post_fine_tuning_validation/validation_metrics.csv",
    }


def parse(training_csv: str, validation_csv: str | None, run: RunConfig) -> TrainingMetrics:
    """Raises MetricsNotFoundError, naming file and line, where a file is not what Bedrock documents.

    Only some jobs write validation metrics: without them, the mean training loss of each epoch stands in.
    """
    training = _rows(training_csv, "training_loss")
    return TrainingMetrics(
        training=training,
        validation=_rows(validation_csv, "validation_loss") if validation_csv is not None else _by_epoch(training),
        epochs_asked=int(run.hyper_parameters["epochCount"]),
        is_validated=validation_csv is not None,
        steps_of_a_batch=max(1, RECORDS_OF_A_BATCH // int(run.hyper_parameters.get("batchSize", RECORDS_OF_A_BATCH))),
    )


def _by_epoch(training: Sequence[Loss]) -> list[Loss]:
    epochs = [list(steps) for _, steps in groupby(training, key=lambda row: row.epoch)]
    return [replace(steps[-1], loss=fmean(row.loss for row in steps)) for steps in epochs]


def _rows(text: str, column: str) -> list[Loss]:
    rows = []
    reader = csv.DictReader(text.splitlines())
    try:
        table = list(reader)
    except csv.Error as error:
        raise MetricsNotFoundError(f"The job's {column} metrics are no CSV file: {error}.") from error
    for number, row in enumerate(table, start=2):
        try:
            loss = Loss(int(row["step_number"]), int(row["epoch_number"]), float(row[column]))
        except (KeyError, TypeError, ValueError) as error:
            columns = ", ".join(reader.fieldnames or [])
            raise MetricsNotFoundError(
                f"The job's metrics have no usable {column} on line {number} ({error!r}); columns: {columns}"
            ) from error
        if not math.isfinite(loss.loss):
            raise MetricsNotFoundError(
                f"The {column} on line {number} is {loss.loss}: training diverged. Lower the learning rate."
            )
        rows.append(loss)
    if not rows:
        raise MetricsNotFoundError(f"The job's metrics hold no {column} at all.")
    # Whether Bedrock counts epochs from 0 or from 1 is not documented; here they count from 1.
    before = min(row.epoch for row in rows) - 1
    return [replace(row, epoch=row.epoch - before) for row in rows]
