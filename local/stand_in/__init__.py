"""A small model that really learns, in place of a base model, and a judge by similarity: for local runs."""

from local.stand_in.judge import judge
from local.stand_in.model import StandIn, untrained
from local.stand_in.training import (
    EpochMetric,
    HyperParameters,
    StepMetric,
    TrainingRecord,
    TrainingResult,
    train,
)

__all__ = [
    "EpochMetric",
    "HyperParameters",
    "StandIn",
    "StepMetric",
    "TrainingRecord",
    "TrainingResult",
    "judge",
    "train",
    "untrained",
]
