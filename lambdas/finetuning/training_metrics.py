"""What the job's two metrics files say: the loss by step and by epoch, and whether the model learned something."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from finetuning.errors import MetricsNotFoundError
from finetuning.run_config import RunConfig

# A smaller drop of the validation loss than this share promises no visible effect. For orientation: the loss of a real
# run fell by 42%, that of our stand-in trained on shuffled answers by about 2%.
MINIMUM_DROP = 0.03


@dataclass(frozen=True)
class Loss:
    """One row of a metrics file; losses are mean negative log-likelihoods per token."""

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class TrainingMetrics:
    """`validation` has one entry an epoch, in order: training losses at the epochs' ends where not `is_validated`."""

    training: Sequence[Loss]
    validation: Sequence[Loss]
    epochs_asked: int
    is_validated: bool = True

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
    def course(self) -> Sequence[Loss]:
        """Two losses or more, in order, that show what training changed.

        The validation losses; where there was a single epoch, the first training loss and the lowest.
        """
        if len(self.validation) > 1:
            return self.validation
        return self.training[0], min(self.training, key=lambda row: row.loss)

    @property
    def first(self) -> float:
        """The loss at the start.

        Validation loss is first measured after the first epoch. Where the training loss of the first step is higher, it
        stands for the loss before training: a large dataset may teach everything in its first epoch.
        """
        return max(self.course[0].loss, self.training[0].loss)

    @property
    def lowest(self) -> float:
        return min(row.loss for row in self.course)

    @property
    def drop(self) -> float:
        """By which share the loss fell, from the start to its lowest."""
        return 1 - self.lowest / self.first if self.first else 0.0

    @property
    def learned(self) -> bool:
        return self.drop >= MINIMUM_DROP

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


def metrics_keys(job_arn: str) -> Mapping[str, str]:
    """Keys of the two files below the job's output prefix (as Bedrock lays them out, seen in a real run)."""
    folder = f"model-customization-job-{job_arn.rsplit('/', 1)[1]}"
    return {
        "training": f"{folder}/training_artifacts/step_wise_training_metrics.csv",
        "validation": f"{folder}/validation_artifacts/post_fine_tuning_validation/validation_metrics.csv",
    }


def parse(training_csv: str, validation_csv: str | None, run: RunConfig) -> TrainingMetrics:
    """Raises MetricsNotFoundError, naming file and line, where a file is not what Bedrock documents.

    Only some jobs write validation metrics: without them, the training loss at the end of each epoch stands in.
    """
    training = _rows(training_csv, "training_loss")
    last_steps = {row.epoch: row for row in training}
    return TrainingMetrics(
        training=training,
        validation=_rows(validation_csv, "validation_loss")
        if validation_csv is not None
        else list(last_steps.values()),
        epochs_asked=int(run.hyper_parameters["epochCount"]),
        is_validated=validation_csv is not None,
    )


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
