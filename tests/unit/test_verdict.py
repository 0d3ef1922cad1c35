"""The verdict, from the numbers of a run alone."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from finetuning.statistics import paired_difference
from finetuning.texts import texts
from finetuning.verdict import MINIMUM_QUESTIONS, NEGLIGIBLE, Verdict, compare, pattern, power, rule
from hypothesis import given
from hypothesis import strategies as st


def correctness(low: float, high: float, n: int = 48, base: float = 4.0) -> dict[str, Any]:
    difference = (low + high) / 2
    means = {"base": base, "custom": base + difference, "difference": difference}
    return {**means, "ci95": [low, high], "pValue": 0.001, "n": n, "sd": 2.0}


def measured(differences: Sequence[float]) -> dict[str, Any]:
    """The numbers of that custom - base by question, as a run has them."""
    found = paired_difference([0.0] * len(differences), differences)
    means = {"base": 0.0, "custom": found.difference, "difference": found.difference}
    return {**means, "ci95": found.ci95, "pValue": found.p_value, "n": found.n, "sd": found.sd}


EN, JA = texts("en"), texts("ja")


@pytest.mark.parametrize(
    ("low", "high", "n", "verdict", "headline"),
    [
        (3.1, 5.9, 48, Verdict.IMPROVED, "Fine-tuning helped: correctness 4.0 → 8.5 of 10"),
        (0.1, 1.0, 48, Verdict.IMPROVED, "Fine-tuning helped"),
        (-2.0, -0.1, 48, Verdict.WORSE, "Fine-tuning made the answers worse"),
        (-0.5, 0.5, 48, Verdict.NO_VISIBLE_EFFECT, "Fine-tuning had no visible effect"),
        (0.0, 0.0, 48, Verdict.NO_VISIBLE_EFFECT, "Fine-tuning had no visible effect"),
        (-0.6, 0.5, 48, Verdict.INCONCLUSIVE, "The questions cannot tell whether fine-tuning helped"),
        (-0.1, 3.0, 48, Verdict.INCONCLUSIVE, "The questions cannot tell"),
        (0.0, 3.0, 48, Verdict.INCONCLUSIVE, "The questions cannot tell"),
        (3.1, 5.9, 7, Verdict.INCONCLUSIVE, "Too few questions to tell (7; at least 8 are needed)"),
        (3.1, 5.9, 8, Verdict.IMPROVED, "Fine-tuning helped"),
    ],
)
def test_the_interval_decides_and_the_sentence_shows_it(
    low: float, high: float, n: int, verdict: Verdict, headline: str
) -> None:
    ruling = compare(correctness(low, high, n), EN, n)

    assert ruling.verdict is verdict
    assert ruling.headline.startswith(headline)
    assert f"95% interval {low:+.1f} to {high:+.1f}, {n} questions)" in ruling.headline


@pytest.mark.parametrize(
    ("n", "asked", "verdict"),
    [
        (48, 48, Verdict.IMPROVED),
        (48, 96, Verdict.IMPROVED),
        (48, 97, Verdict.INCONCLUSIVE),
        (7, 7, Verdict.INCONCLUSIVE),
    ],
)
def test_what_most_questions_did_not_answer_is_not_said(n: int, asked: int, verdict: Verdict) -> None:
    assert compare(correctness(3.1, 5.9, n), EN, asked).verdict is verdict


@pytest.mark.parametrize(
    ("differences", "verdict", "p_value"),
    [
        ([0.0] * 4 + [3.0] * 4, Verdict.INCONCLUSIVE, 0.125),
        ([0.0] * 4 + [-3.0] * 4, Verdict.INCONCLUSIVE, 0.125),
        ([0.0] * 2 + [3.0] * 6, Verdict.IMPROVED, 0.031),
        ([0.0] * 2 + [-3.0] * 6, Verdict.WORSE, 0.031),
    ],
)
def test_what_may_be_chance_is_no_verdict_though_the_interval_leaves_out_zero(
    differences: Sequence[float], verdict: Verdict, p_value: float
) -> None:
    numbers = measured(differences)
    low, high = numbers["ci95"]

    ruling = compare(numbers, EN, len(differences))

    assert low > 0 or high < 0
    assert numbers["pValue"] == pytest.approx(p_value, abs=0.001)
    assert ruling.verdict is verdict
    assert ("may be chance (p = 0.125;" in ruling.headline) == (verdict is Verdict.INCONCLUSIVE)


def test_a_few_much_better_answers_of_many_are_no_verdict() -> None:
    numbers = measured([0.0] * 66 + [8.0] * 4)

    ruling = compare(numbers, JA, 70)

    assert numbers["ci95"][0] > 0
    assert ruling.verdict is Verdict.INCONCLUSIVE
    assert "偶然" in ruling.headline


@given(st.floats(-9, 9), st.floats(-9, 9), st.integers(8, 500))
def test_no_verdict_says_more_than_the_interval_does(one: float, other: float, n: int) -> None:
    low, high = sorted((one, other))

    verdict = compare(correctness(low, high, n), JA, n).verdict

    negligible = max(-low, high) <= NEGLIGIBLE

    assert (verdict is Verdict.NO_VISIBLE_EFFECT) == negligible
    assert (verdict is Verdict.IMPROVED) == (low > 0 and not negligible)
    assert (verdict is Verdict.WORSE) == (high < 0 and not negligible)


SCORED: Mapping[str, Any] = {
    "run": {"evaluateCustomModel": True},
    "baseScores": {"hasHeadroom": True, "correctness": 4.0},
    "training": {"learned": True, "diagnosis": "Good."},
    "customScores": {"asked": 48},
}
FAILURE = {"Error": "CustomizationJobError", "Cause": "{}"}
OVER_BUDGET = {"Error": "OverBudget", "Cause": "The run is estimated to cost $132.04."}
NO_BUDGET_LEFT = {"Error": "OverBudgetError", "Cause": '{"errorMessage": "The run has cost $80.00 so far."}'}
NO_HEADROOM = {"baseScores": {"hasHeadroom": False, "correctness": 9.4}}
NOT_LEARNED = {**SCORED, "training": {"learned": False, "diagnosis": "It taught the model nothing."}}


@pytest.mark.parametrize(
    ("state", "scores", "verdict", "headline"),
    [
        ({"failure": FAILURE}, {}, Verdict.FAILED, "The run failed"),
        ({"failure": {"Error": "States.Timeout"}}, {}, Verdict.FAILED, "The run failed"),
        ({**SCORED, "failure": FAILURE}, {"correctness": correctness(3, 5)}, Verdict.FAILED, "The run failed"),
        (
            {"failure": OVER_BUDGET},
            {},
            Verdict.OVER_BUDGET,
            "Nothing was bought. The run is estimated to cost $132.04.",
        ),
        (
            {**SCORED, "failure": NO_BUDGET_LEFT},
            {},
            Verdict.OVER_BUDGET,
            "No throughput was bought. The run has cost $80.00 so far.",
        ),
        (NO_HEADROOM, {}, Verdict.NO_HEADROOM, "The base model already answers these questions (9.4 of 10)"),
        (NOT_LEARNED, {}, Verdict.DID_NOT_LEARN, "It taught the model nothing. No throughput was bought."),
        (SCORED, {"chrf": {}}, Verdict.INCONCLUSIVE, "No question has a score from both models"),
        (SCORED, {"correctness": correctness(3, 5)}, Verdict.IMPROVED, "Fine-tuning helped"),
        # A given custom model was not trained here.
        (
            {key: SCORED[key] for key in ("run", "baseScores", "customScores")},
            {"correctness": correctness(3, 5)},
            Verdict.IMPROVED,
            "Fine-tuning",
        ),
        (
            {**SCORED, "customScores": {"asked": 108}},
            {"correctness": correctness(3, 5, 48)},
            Verdict.INCONCLUSIVE,
            "Too few questions to tell (48; at least 54 are needed)",
        ),
    ],
)
def test_a_run_is_ruled_by_how_far_it_came(
    state: Mapping[str, Any], scores: Mapping[str, Any], verdict: Verdict, headline: str
) -> None:
    ruling = rule(state, scores, EN)

    assert ruling.verdict is verdict
    assert ruling.headline.startswith(headline)
    assert rule(state, scores, JA).verdict is verdict


# Four questions of a real run with Claude 3 Haiku.
FOUR: Mapping[str, Any] = {
    "base": 2.5,
    "custom": 7.0,
    "difference": 4.5,
    "ci95": (2.75, 5.75),
    "pValue": 0.125,
    "n": 4,
    "sd": 1.7321,
}


def test_a_large_difference_on_four_questions_is_shown_with_its_interval_and_is_no_verdict() -> None:
    ruling = compare(FOUR, EN, 4)

    assert ruling.verdict is Verdict.INCONCLUSIVE
    assert ruling.headline == (
        "Too few questions to tell (4; at least 8 are needed): correctness 2.5 → 7.0 of 10 "
        "(difference +4.5, 95% interval +2.8 to +5.8, 4 questions)."
    )
    found = power(FOUR, ruling.verdict, EN, 4)
    assert (found["minimumQuestions"], found["neededQuestions"]) == (MINIMUM_QUESTIONS, MINIMUM_QUESTIONS)
    assert found["detectableDifference"] == pytest.approx(2.8016 * 1.7321 / 2, rel=1e-3)
    assert found["text"] == (
        "A verdict needs at least 8 questions with a score from both models, whatever the difference; there are 4."
    )


def test_where_most_questions_have_no_answer_as_many_as_half_are_needed() -> None:
    found = power({**FOUR, "n": 48}, Verdict.INCONCLUSIVE, EN, asked=108)

    assert (found["minimumQuestions"], found["neededQuestions"]) == (54, 54)
    assert "at least 54 questions" in found["text"]


def test_without_an_interval_there_is_no_verdict() -> None:
    ruling = compare({**FOUR, "n": 3, "ci95": None}, JA, 3)

    assert ruling.verdict is Verdict.INCONCLUSIVE
    assert ruling.headline.startswith("質問が少なすぎるため判断できません")


@pytest.mark.parametrize(
    ("sd", "difference", "needed"),
    [
        (2.0, 1.0, 32),
        (2.0, -1.0, 32),
        # To show that a small difference is within half a point of zero.
        (2.0, 0.0, 126),
        (2.0, 0.1, 197),
        # As far from either.
        (2.0, 0.25, 503),
        # Whatever it is, these 20 were not enough.
        (2.0, 3.0, 21),
    ],
)
def test_an_open_question_comes_with_how_many_would_settle_it(sd: float, difference: float, needed: int) -> None:
    numbers = {**FOUR, "n": 20, "sd": sd, "difference": difference}

    found = power(numbers, Verdict.INCONCLUSIVE, EN, 20)

    assert found["neededQuestions"] == needed
    assert found["text"].startswith(f"About {needed} questions would be needed")


def test_a_small_difference_that_varies_needs_more_questions_than_left_it_open() -> None:
    half = 1.96 * 1.3 / 64**0.5
    numbers = {**correctness(0.3 - half, 0.3 + half, 64), "sd": 1.3}

    found = power(numbers, compare(numbers, EN, 64).verdict, EN, 64)

    assert found["neededQuestions"] == math.ceil((2.8016 * 1.3 / 0.3) ** 2) == 148


@given(st.floats(-4, 4), st.floats(0.1, 4), st.floats(0.7, 1.3), st.floats(0, 1), st.integers(MINIMUM_QUESTIONS, 500))
def test_whoever_cannot_tell_is_told_of_more_questions_than_there_are(
    difference: float, sd: float, skew: float, p_value: float, n: int
) -> None:
    half = 1.96 * sd / n**0.5
    interval = (difference - half * skew, difference + half * (2 - skew))
    numbers = {**FOUR, "difference": difference, "ci95": interval, "pValue": p_value, "n": n, "sd": sd}
    verdict = compare(numbers, EN, n).verdict

    needed = power(numbers, verdict, EN, n)["neededQuestions"]

    assert (needed is None) == (verdict is not Verdict.INCONCLUSIVE)
    assert needed is None or needed > n


def test_a_verdict_needs_no_more_questions_and_says_what_these_can_show() -> None:
    found = power({**FOUR, "n": 70, "sd": 2.0}, Verdict.IMPROVED, EN, 70)

    assert (found["neededQuestions"], found["detectableDifference"]) == (None, pytest.approx(0.67, abs=0.01))
    assert "70 questions" in found["text"]
    assert "0.7 points or more" in found["text"]


def rates(base: int, custom: int, n: int, low: float = 0.0, high: float = 0.0, p: float = 0.001) -> dict[str, Any]:
    means = {"base": base / n, "custom": custom / n, "difference": (custom - base) / n}
    return {**means, "ci95": [low, high], "pValue": p, "n": n}


@pytest.mark.parametrize(
    ("measured", "asked", "is_effect", "text"),
    [
        (
            rates(0, 8, 40, 0.075, 0.325, 0.008),
            40,
            True,
            "8 of 40 answers (difference +20 percentage points, 95% interval +8 to +32): more than chance.",
        ),
        (rates(0, 3, 40, 0.0, 0.175, 0.25), 40, False, ". This may be chance (p = 0.250)."),
        (rates(40, 20, 40, -0.7, -0.3), 40, True, "interval -70 to -30): more than chance."),
        (rates(40, 40, 40, p=1.0), 40, False, ": as many as before."),
        # As with correctness, the rest of the questions may differ in kind.
        (rates(0, 8, 40, 0.075, 0.325), 100, False, "too few answers to tell it from chance; at least 50 are needed."),
        (
            {**rates(0, 3, 3), "ci95": None},
            3,
            False,
            "3 of 3 answers. These are too few answers to tell it from chance; at least 8 are needed.",
        ),
        ({"mean": 0.25, "n": 8}, 8, None, "The style “polite”: 2 of 8 answers of the base model (25%)."),
    ],
)
def test_a_style_is_spoken_of_beside_the_verdict(
    measured: Mapping[str, Any], asked: int, is_effect: bool | None, text: str
) -> None:
    found = pattern(measured, "polite", EN, asked)

    assert found["moreThanChance"] is is_effect
    assert found["text"].endswith(text)
    assert "スタイル「polite」" in pattern(measured, "polite", JA, asked)["text"]


def test_differences_that_do_not_vary_say_nothing_of_others() -> None:
    found = power({**FOUR, "n": 20, "sd": 0.0}, Verdict.IMPROVED, EN, 20)

    assert (found["neededQuestions"], found["detectableDifference"]) == (None, None)
    assert found["text"].startswith("The 20 differences do not vary")


def test_a_single_question_has_no_power_to_speak_of() -> None:
    found = power({**FOUR, "n": 1, "sd": None}, Verdict.INCONCLUSIVE, EN, 1)

    assert (found["neededQuestions"], found["detectableDifference"]) == (MINIMUM_QUESTIONS, None)
    assert found["text"].endswith("there are 1.")
