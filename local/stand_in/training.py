"""Fine-tuning of the stand-in: mini-batch gradient descent, validation after each epoch, early stopping."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from local.stand_in.gate import Gate
from local.stand_in.loss import Examples, loss, loss_and_gradient
from local.stand_in.model import Memory, StandIn

# At learningRateMultiplier 1. Large, since features have length 1 and the loss is a mean over a batch's ~1,000 tokens.
_LEARNING_RATE = 54.0
_MOMENTUM = 0.9
# The share of a question's features that each step sees. What is left must suffice to find the answer, so that later a
# question in other words finds it as well.
_SEEN_FEATURES = 0.45
# Bounds on memory (a few hundred MB) and time (less than a minute); of larger data, a sample is learned.
_MAX_TRAINING_RECORDS = 400
_MAX_VALIDATION_RECORDS = 150


@dataclass(frozen=True)
class TrainingRecord:
    """A question and its answer; of a longer conversation, the last turn of the user and of the assistant.

    The system prompt teaches the stand-in nothing, as it is the same for all records of a dataset.
    """

    system: str | None
    prompt: str
    answer: str


@dataclass(frozen=True)
class HyperParameters:
    """Those of a model customization job of Claude 3 Haiku, with its defaults."""

    epochs: int = 2
    batch_size: int = 32
    learning_rate_multiplier: float = 1.0
    early_stopping_threshold: float = 0.001
    early_stopping_patience: int = 2


@dataclass(frozen=True)
class StepMetric:
    """Loss of a batch before its update, in nats per token. Steps and epochs count from 1."""

    step: int
    epoch: int
    training_loss: float


@dataclass(frozen=True)
class EpochMetric:
    """Loss on the validation answers after an epoch, whose last step is `step`, in nats per token."""

    step: int
    epoch: int
    validation_loss: float


@dataclass(frozen=True)
class TrainingResult:
    """`model` is that of the epoch with the lowest validation loss; without validation data, of the last epoch."""

    model: StandIn
    steps: list[StepMetric]
    epochs: list[EpochMetric]


def train(
    training: Sequence[TrainingRecord],
    validation: Sequence[TrainingRecord],
    hyper_parameters: HyperParameters,
    seed: int,
) -> TrainingResult:
    """Train a custom model; the same arguments give the same result. Raises ValueError without training records."""
    if not training:
        raise ValueError("there are no training records: the stand-in needs at least one")
    random = np.random.default_rng(seed)
    training = _sample(training, _MAX_TRAINING_RECORDS, random)
    validation = _sample(validation, _MAX_VALIDATION_RECORDS, random)
    memory = Memory.of([record.prompt for record in training], [record.answer for record in training])
    training_examples, validation_examples = _examples(memory, training), _examples(memory, validation)

    descent = _Descent(Gate.untrained(len(training)), _LEARNING_RATE * hyper_parameters.learning_rate_multiplier)
    stopping = _EarlyStopping(hyper_parameters.early_stopping_threshold, hyper_parameters.early_stopping_patience)
    steps: list[StepMetric] = []
    epochs: list[EpochMetric] = []
    best = descent.gate
    for epoch in range(1, hyper_parameters.epochs + 1):
        order = random.permutation(len(training))
        for first in range(0, len(order), hyper_parameters.batch_size):
            batch = training_examples.batch(order[first : first + hyper_parameters.batch_size])
            steps.append(StepMetric(len(steps) + 1, epoch, descent.step(batch, random)))
        if not validation:
            best = descent.gate
            continue
        epochs.append(EpochMetric(len(steps), epoch, loss(descent.gate, validation_examples)))
        if stopping.improved(epochs[-1].validation_loss):
            best = descent.gate
        if stopping.over:
            break
    return TrainingResult(StandIn(memory, best), steps, epochs)


class _Descent:
    """Stochastic gradient descent with momentum.

    Not Adam, although it needs a lower learning rate: Adam moves common and rare features alike, and what the common
    ones ("what is …") learn by heart then misleads on new questions.
    """

    def __init__(self, gate: Gate, learning_rate: float) -> None:
        self.gate = gate
        self._learning_rate = np.float32(learning_rate)
        self._velocity = np.zeros_like(gate.weights)

    def step(self, batch: Examples, random: np.random.Generator) -> float:
        """Learn from a batch; returns its loss before."""
        seen = random.random(batch.features.shape, dtype=np.float32) < _SEEN_FEATURES
        batch_loss, gradient = loss_and_gradient(self.gate, batch.masked(seen))
        self._velocity = _MOMENTUM * self._velocity + gradient
        self.gate = Gate(self.gate.weights - self._learning_rate * self._velocity)
        return batch_loss


class _EarlyStopping:
    """Stops after `patience` epochs in a row without an improvement by more than `threshold`."""

    def __init__(self, threshold: float, patience: int) -> None:
        self._threshold = threshold
        self._patience = patience
        self._lowest = np.inf
        self._without_improvement = 0

    def improved(self, validation_loss: float) -> bool:
        if validation_loss < self._lowest - self._threshold:
            self._lowest = validation_loss
            self._without_improvement = 0
            return True
        self._without_improvement += 1
        return False

    @property
    def over(self) -> bool:
        return self._without_improvement >= self._patience


def _sample(records: Sequence[TrainingRecord], at_most: int, random: np.random.Generator) -> Sequence[TrainingRecord]:
    if len(records) <= at_most:
        return records
    return [records[index] for index in sorted(random.choice(len(records), at_most, replace=False))]


def _examples(memory: Memory, records: Sequence[TrainingRecord]) -> Examples:
    return Examples.of(memory, [(record.prompt, record.answer) for record in records])
