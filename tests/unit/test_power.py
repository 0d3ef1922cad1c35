"""How many questions show a difference: the formula against the exact power of the paired t-test."""

import math

import pytest
from finetuning.power import ALPHA, POWER, detectable_difference, needed_questions
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nct, t


def power_of_t_test(n: int, effect: float) -> float:
    """Two-sided, paired; effect: difference / standard deviation of the differences."""
    critical = t.ppf(1 - ALPHA / 2, n - 1)
    shift = effect * math.sqrt(n)
    return float(nct.sf(critical, n - 1, shift) + nct.cdf(-critical, n - 1, shift))


@pytest.mark.parametrize(("sd", "difference"), [(2.0, 1.0), (2.0, 0.5), (1.5, 0.4), (3.0, 0.3)])
def test_so_many_questions_show_the_difference_with_the_power_that_is_said(sd: float, difference: float) -> None:
    n = needed_questions(sd, difference)

    # The normal approximation is about two questions short.
    assert power_of_t_test(n, difference / sd) == pytest.approx(POWER, abs=0.02)
    assert power_of_t_test(n + 2, difference / sd) >= POWER


def test_figures_of_the_tables() -> None:
    # Chow, Shao, Wang: (1.96 + 0.84)^2 = 7.85 questions for each squared ratio of sd to difference.
    assert needed_questions(1.0, 1.0) == 8
    assert needed_questions(2.0, 1.0) == 32
    assert detectable_difference(2.0, 70) == pytest.approx(0.67, abs=0.005)


@given(st.floats(0.1, 5), st.integers(2, 500))
def test_what_n_questions_can_show_needs_n_questions(sd: float, n: int) -> None:
    assert needed_questions(sd, detectable_difference(sd, n) * (1 + 1e-9)) == n


@given(st.floats(0.1, 5), st.floats(0.1, 5))
def test_a_smaller_difference_needs_no_fewer_questions(sd: float, difference: float) -> None:
    assert needed_questions(sd, difference / 2) >= needed_questions(sd, difference) >= 1


def test_differences_that_do_not_vary_need_one_question() -> None:
    assert needed_questions(0, 1) == 1
    assert detectable_difference(0, 1) == 0
