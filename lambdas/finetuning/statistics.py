"""Whether a difference between two models is more than chance: paired by question, seeded, reproducible.

This module needs the scoring layer (scipy, numpy).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

SEED = 20_260_910
RESAMPLES = 9_999
CONFIDENCE = 0.95
# Fewer values say too little of how others would spread.
FEWEST_FOR_INTERVAL = 4

Interval = tuple[float, float]


@dataclass(frozen=True)
class PairedDifference:
    """Mean of custom - base over the questions, in the metric's own unit.

    ci95: of that mean; sd: the standard deviation of the differences (n - 1), None for a single one.
    p_value: two-sided sign-flip permutation test; exact up to 13 questions.
    """

    difference: float
    ci95: Interval | None
    p_value: float
    n: int
    sd: float | None


def mean_interval(values: Sequence[float]) -> Interval | None:
    """95% percentile bootstrap interval of the mean; None for fewer than FEWEST_FOR_INTERVAL values."""
    if len(values) < FEWEST_FOR_INTERVAL:
        return None
    found = stats.bootstrap(
        (np.asarray(values, dtype=float),),
        np.mean,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return float(found.low), float(found.high)


def paired_difference(base: Sequence[float], custom: Sequence[float]) -> PairedDifference:
    """base[i] and custom[i] score the same question. Raises ValueError where they do not pair or are empty."""
    if len(base) != len(custom) or not base:
        raise ValueError(f"scores must pair and not be empty; got {len(base)} and {len(custom)}")
    differences = np.asarray(custom, dtype=float) - np.asarray(base, dtype=float)
    n = len(differences)
    return PairedDifference(
        difference=float(differences.mean()),
        ci95=mean_interval(differences.tolist()),
        p_value=_p_value(differences),
        n=n,
        sd=float(differences.std(ddof=1)) if n > 1 else None,
    )


def _p_value(differences: NDArray[np.float64]) -> float:
    if len(differences) < 2:
        # Either sign of a single difference is as likely.
        return 1.0
    test = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
    )
    return float(test.pvalue)
