"""Intervals and p-values, checked against scipy's."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from finetuning.statistics import PairedDifference, paired_difference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, permutation_test

SAMPLES: Mapping[str, tuple[list[float], list[float]]] = {
    "the original experiment": ([3, 2, 2, 3], [8, 8, 4, 8]),
    "clear": ([2, 3, 2, 1, 4, 2, 3, 2, 1, 2, 3, 2], [8, 9, 7, 6, 9, 8, 3, 9, 8, 7, 9, 8]),
    "mixed": ([5, 6, 4, 7, 5, 6, 3, 5, 8, 6], [6, 5, 5, 6, 7, 5, 4, 6, 7, 8]),
    "nothing": ([5, 6, 7, 4, 5, 6, 7, 4], [6, 5, 6, 5, 6, 5, 6, 5]),
    "a fraction": ([20.5, 33.1, 18.7, 40.2, 29.9], [44.1, 39.8, 35.5, 61.0, 30.3]),
}
# Up to 30 questions with scores from 1 to 10, each pair a question.
pairs = st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=1, max_size=30)
few = settings(max_examples=40)


def difference_of(scores: Sequence[tuple[float, float]]) -> PairedDifference:
    return paired_difference([base for base, _ in scores], [custom for _, custom in scores])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_interval_is_the_percentile_bootstraps(name: str) -> None:
    base, custom = SAMPLES[name]
    differences = np.asarray(custom) - np.asarray(base)
    expected = bootstrap(
        (differences,), np.mean, n_resamples=100_000, method="percentile", rng=np.random.default_rng(7)
    ).confidence_interval

    found = paired_difference(base, custom)

    # Both are estimates by resampling: within a twentieth of the spread.
    tolerance = 0.05 * float(differences.std()) + 0.01
    assert found.difference == pytest.approx(differences.mean())
    assert found.ci95[0] == pytest.approx(expected.low, abs=tolerance)
    assert found.ci95[1] == pytest.approx(expected.high, abs=tolerance)
    assert found.n == len(base)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_p_value_is_the_paired_permutation_tests(name: str) -> None:
    base, custom = SAMPLES[name]
    expected = permutation_test(
        (custom, base),
        lambda one, other, axis: np.mean(np.asarray(one) - np.asarray(other), axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    ).pvalue

    assert paired_difference(base, custom).p_value == pytest.approx(expected, abs=0.02)


@few
@given(pairs)
def test_the_interval_holds_the_mean_difference(scores: list[tuple[int, int]]) -> None:
    found = difference_of(scores)

    assert found.ci95[0] - 1e-9 <= found.difference <= found.ci95[1] + 1e-9
    assert 0 < found.p_value <= 1
    assert found.n == len(scores)


@few
@given(pairs)
def test_swapping_the_models_turns_everything_round(scores: list[tuple[int, int]]) -> None:
    found, swapped = difference_of(scores), difference_of([(custom, base) for base, custom in scores])

    assert swapped.difference == pytest.approx(-found.difference)
    assert swapped.ci95 == pytest.approx((-found.ci95[1], -found.ci95[0]))
    assert swapped.p_value == found.p_value


@few
@given(pairs, st.integers(-5, 5))
def test_what_both_models_gain_changes_nothing(scores: list[tuple[int, int]], gain: int) -> None:
    assert difference_of([(base + gain, custom + gain) for base, custom in scores]) == difference_of(scores)


@few
@given(pairs)
def test_the_same_scores_always_give_the_same_numbers(scores: list[tuple[int, int]]) -> None:
    assert difference_of(scores) == difference_of(scores)


def test_models_that_score_the_same_do_not_differ() -> None:
    assert paired_difference([3, 5, 7], [3, 5, 7]) == PairedDifference(0, (0, 0), 1, 3)


def test_a_single_question_says_nothing() -> None:
    found = paired_difference([2], [9])

    assert found == PairedDifference(7, (7, 7), 1, 1)


@pytest.mark.parametrize(("base", "custom"), [([], []), ([1], []), ([1, 2], [1])])
def test_scores_that_do_not_pair_are_refused(base: list[float], custom: list[float]) -> None:
    with pytest.raises(ValueError, match="must pair"):
        paired_difference(base, custom)
