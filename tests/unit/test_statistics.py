"""Intervals and p-values, against computations of their own: every resample and every sign, counted."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pytest
from finetuning.statistics import FEWEST_FOR_INTERVAL, PairedDifference, mean_interval, paired_difference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel

SAMPLES: Mapping[str, tuple[list[float], list[float]]] = {
    "the original experiment": ([3, 2, 2, 3], [8, 8, 4, 8]),
    "mixed": ([5, 6, 4, 7, 5], [6, 5, 5, 6, 7]),
    "nothing": ([5, 6, 7, 4, 5, 6], [6, 5, 6, 5, 6, 5]),
    "a fraction": ([20.5, 33.1, 18.7, 40.2, 29.9], [44.1, 39.8, 35.5, 61.0, 30.3]),
}
# Up to 30 questions with scores from 1 to 10, each pair a question.
pairs = st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=1, max_size=30)
few = settings(max_examples=30)


def difference_of(scores: Sequence[tuple[float, float]]) -> PairedDifference:
    return paired_difference([base for base, _ in scores], [custom for _, custom in scores])


def differences_in(name: str) -> list[float]:
    base, custom = SAMPLES[name]
    return [after - before for before, after in zip(base, custom, strict=True)]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_interval_is_that_of_the_means_of_all_resamples(name: str) -> None:
    differences = differences_in(name)
    every = [float(np.mean(resample)) for resample in product(differences, repeat=len(differences))]
    low, high = np.quantile(every, [0.025, 0.975])

    found = paired_difference(*SAMPLES[name])

    # Of n to the n resamples, 9,999 are drawn: within a twentieth of the spread.
    tolerance = 0.05 * float(np.std(differences)) + 0.01
    assert found.ci95 == pytest.approx((low, high), abs=tolerance)
    assert found.difference == pytest.approx(np.mean(differences))
    assert found.sd == pytest.approx(np.std(differences, ddof=1))
    assert found.n == len(differences)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_p_value_is_the_share_of_signs_that_give_at_least_as_much(name: str) -> None:
    differences = differences_in(name)
    means = [float(np.mean(np.multiply(signs, differences))) for signs in product((1, -1), repeat=len(differences))]
    as_far = sum(abs(mean) >= abs(np.mean(differences)) - 1e-9 for mean in means)

    assert paired_difference(*SAMPLES[name]).p_value == pytest.approx(as_far / len(means))


def test_with_many_questions_interval_and_p_value_are_about_those_of_the_t_test() -> None:
    random = np.random.default_rng(3)
    base = random.normal(4, 1, 200)
    custom = base + random.normal(0.25, 1.5, 200)
    expected = ttest_rel(custom, base)

    found = paired_difference(base.tolist(), custom.tolist())

    interval = expected.confidence_interval()
    assert found.ci95 == pytest.approx((interval.low, interval.high), abs=0.03)
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.01)


def test_an_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    samples = random.choice([-1.0, 0.0, 2.0, 5.0], size=(200, 30))

    held = [
        low <= 1.5 <= high for sample in samples if (found := mean_interval(sample.tolist())) for low, high in [found]
    ]

    # Of 200 draws, 95% less what chance and the bootstrap's known shortfall at n = 30 take.
    assert sum(held) / len(held) == pytest.approx(0.95, abs=0.04)


@few
@given(pairs)
def test_the_interval_holds_the_mean_difference(scores: list[tuple[int, int]]) -> None:
    found = difference_of(scores)

    assert (found.ci95 is None) == (len(scores) < FEWEST_FOR_INTERVAL)
    if found.ci95:
        assert found.ci95[0] - 1e-9 <= found.difference <= found.ci95[1] + 1e-9
    assert 0 < found.p_value <= 1
    assert found.n == len(scores)


@few
@given(pairs)
def test_swapping_the_models_turns_everything_round(scores: list[tuple[int, int]]) -> None:
    found, swapped = difference_of(scores), difference_of([(custom, base) for base, custom in scores])

    assert swapped.difference == pytest.approx(-found.difference)
    if found.ci95:
        assert swapped.ci95 == pytest.approx((-found.ci95[1], -found.ci95[0]))
    assert swapped.p_value == pytest.approx(found.p_value)
    assert swapped.sd == pytest.approx(found.sd)


@few
@given(pairs, st.integers(-5, 5))
def test_what_both_models_gain_changes_nothing(scores: list[tuple[int, int]], gain: int) -> None:
    assert difference_of([(base + gain, custom + gain) for base, custom in scores]) == difference_of(scores)


@few
@given(pairs)
def test_the_same_scores_always_give_the_same_numbers(scores: list[tuple[int, int]]) -> None:
    assert difference_of(scores) == difference_of(scores)


def test_models_that_score_the_same_do_not_differ() -> None:
    assert paired_difference([3, 5, 7, 1], [3, 5, 7, 1]) == PairedDifference(0, (0, 0), 1, 4, 0)


def test_equal_gains_leave_no_width_and_the_p_value_says_how_few_they_are() -> None:
    assert paired_difference([3, 5, 7, 1], [5, 7, 9, 3]) == PairedDifference(2, (2, 2), 0.125, 4, 0)


def test_a_single_question_says_nothing() -> None:
    assert paired_difference([2], [9]) == PairedDifference(7, None, 1, 1, None)


@pytest.mark.parametrize(("base", "custom"), [([], []), ([1], []), ([1, 2], [1])])
def test_scores_that_do_not_pair_are_refused(base: list[float], custom: list[float]) -> None:
    with pytest.raises(ValueError, match="must pair"):
        paired_difference(base, custom)
