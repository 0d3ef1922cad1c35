"""For local runs: a small model that learns, a judge by similarity, questions by rule, an embedding by n-grams."""

from local.stand_in.embedding import embed
from local.stand_in.judge import judge, supports
from local.stand_in.model import StandIn, untrained
from local.stand_in.questions import write_pairs
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
    "supports",
    "train",
    "untrained",
    "write_pairs",
]
