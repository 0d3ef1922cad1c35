"""Whether a difference between two models is more than chance: paired by question, seeded, reproducible."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SEED = 20_260_910
RESAMPLES = 10_000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class PairedDifference:
    """Mean of custom - base over the questions, in the metric's own unit.

    ci95: percentile bootstrap interval over questions; p_value: two-sided sign-flip permutation test.
    """

    difference: float
    ci95: tuple[float, float]
    p_value: float
    n: int


def paired_difference(base: Sequence[float], custom: Sequence[float]) -> PairedDifference:
    """base[i] and custom[i] score the same question. Raises ValueError where they do not pair or are empty."""
    if len(base) != len(custom) or not base:
        raise ValueError(f"scores must pair and not be empty; got {len(base)} and {len(custom)}")
    differences = np.asarray(custom, dtype=float) - np.asarray(base, dtype=float)
    random = np.random.default_rng(SEED)
    n = len(differences)
    means = random.choice(differences, size=(RESAMPLES, n)).mean(axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    flipped = (random.choice([-1.0, 1.0], size=(RESAMPLES, n)) * differences).mean(axis=1)
    observed = differences.mean()
    # The observed arrangement counts as one of the permutations, so p is never 0.
    at_least = int(np.count_nonzero(np.abs(flipped) >= abs(observed) - 1e-12))
    return PairedDifference(float(observed), (float(low), float(high)), (at_least + 1) / (RESAMPLES + 1), n)
