"""For local runs: a small model that really learns, a judge by similarity, an embedding by n-grams."""

from local.stand_in.embedding import embed
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
    "embed",
    "judge",
    "train",
    "untrained",
]
