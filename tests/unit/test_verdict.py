"""The verdict, from the numbers of a run alone."""

from collections.abc import Mapping
from typing import Any

import pytest
from finetuning.texts import texts
from finetuning.verdict import MINIMUM_QUESTIONS, NEGLIGIBLE, Verdict, compare, power, rule
from hypothesis import given
from hypothesis import strategies as st


def correctness(low: float, high: float, n: int = 48, base: float = 4.0) -> dict[str, Any]:
    difference = (low + high) / 2
    return {"base": base, "custom": base + difference, "difference": difference, "ci95": [low, high], "n": n, "sd": 2.0}


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
    ruling = compare(correctness(low, high, n), EN)

    assert ruling.verdict is verdict
    assert ruling.headline.startswith(headline)
    assert f"95% interval {low:+.1f} to {high:+.1f}, {n} questions)" in ruling.headline


@pytest.mark.parametrize(
    ("n", "unanswered", "verdict"),
    [
        (48, 0, Verdict.IMPROVED),
        (48, 48, Verdict.IMPROVED),
        (48, 49, Verdict.INCONCLUSIVE),
        (7, 0, Verdict.INCONCLUSIVE),
    ],
)
def test_what_most_questions_did_not_answer_is_not_said(n: int, unanswered: int, verdict: Verdict) -> None:
    assert compare(correctness(3.1, 5.9, n), EN, unanswered).verdict is verdict


@given(st.floats(-9, 9), st.floats(-9, 9), st.integers(8, 500))
def test_no_verdict_says_more_than_the_interval_does(one: float, other: float, n: int) -> None:
    low, high = sorted((one, other))

    verdict = compare(correctness(low, high, n), JA).verdict

    negligible = max(-low, high) <= NEGLIGIBLE

    assert (verdict is Verdict.NO_VISIBLE_EFFECT) == negligible
    assert (verdict is Verdict.IMPROVED) == (low > 0 and not negligible)
    assert (verdict is Verdict.WORSE) == (high < 0 and not negligible)


SCORED: Mapping[str, Any] = {
    "baseScores": {"hasHeadroom": True, "correctness": 4.0},
    "training": {"learned": True, "diagnosis": "Good."},
    "customScores": {"unanswered": 0},
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
            {key: SCORED[key] for key in ("baseScores", "customScores")},
            {"correctness": correctness(3, 5)},
            Verdict.IMPROVED,
            "Fine-tuning",
        ),
        (
            {**SCORED, "customScores": {"unanswered": 60}},
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
FOUR: Mapping[str, Any] = {"base": 2.5, "custom": 7.0, "difference": 4.5, "ci95": (2.75, 5.75), "n": 4, "sd": 1.7321}


def test_a_large_difference_on_four_questions_is_shown_with_its_interval_and_is_no_verdict() -> None:
    ruling = compare(FOUR, EN)

    assert ruling.verdict is Verdict.INCONCLUSIVE
    assert ruling.headline == (
        "Too few questions to tell (4; at least 8 are needed): correctness 2.5 → 7.0 of 10 "
        "(difference +4.5, 95% interval +2.8 to +5.8, 4 questions)."
    )
    found = power(FOUR, ruling.verdict, EN)
    assert (found["minimumQuestions"], found["neededQuestions"]) == (MINIMUM_QUESTIONS, MINIMUM_QUESTIONS)
    assert found["detectableDifference"] == pytest.approx(2.8016 * 1.7321 / 2, rel=1e-3)
    assert found["text"] == (
        "A verdict needs at least 8 questions with a score from both models, whatever the difference; there are 4."
    )


def test_where_most_questions_have_no_answer_as_many_as_half_are_needed() -> None:
    found = power({**FOUR, "n": 48}, Verdict.INCONCLUSIVE, EN, unanswered=60)

    assert (found["minimumQuestions"], found["neededQuestions"]) == (54, 54)
    assert "at least 54 questions" in found["text"]


def test_without_an_interval_there_is_no_verdict() -> None:
    ruling = compare({**FOUR, "n": 3, "ci95": None}, JA)

    assert ruling.verdict is Verdict.INCONCLUSIVE
    assert ruling.headline.startswith("質問が少なすぎるため判断できません")


@pytest.mark.parametrize(
    ("sd", "difference", "needed"),
    [
        (2.0, 1.0, 32),
        (2.0, -1.0, 32),
        # Half a point is the smallest difference that anybody asks about.
        (2.0, 0.01, 126),
        (2.0, 0.0, 126),
    ],
)
def test_an_open_question_comes_with_how_many_would_settle_it(sd: float, difference: float, needed: int) -> None:
    numbers = {**FOUR, "n": 20, "sd": sd, "difference": difference}

    found = power(numbers, Verdict.INCONCLUSIVE, EN)

    assert found["neededQuestions"] == needed
    assert found["text"].startswith(f"About {needed} questions would be needed")


@given(st.floats(-4, 4), st.floats(0.1, 4), st.integers(MINIMUM_QUESTIONS, 500))
def test_whoever_cannot_tell_is_told_of_more_questions_than_there_are(difference: float, sd: float, n: int) -> None:
    width = 1.96 * sd / n**0.5
    numbers = {**FOUR, "difference": difference, "ci95": (difference - width, difference + width), "n": n, "sd": sd}
    verdict = compare(numbers, EN).verdict

    needed = power(numbers, verdict, EN)["neededQuestions"]

    assert (needed is None) == (verdict is not Verdict.INCONCLUSIVE)
    assert needed is None or needed > n


def test_a_verdict_needs_no_more_questions_and_says_what_these_can_show() -> None:
    found = power({**FOUR, "n": 70, "sd": 2.0}, Verdict.IMPROVED, EN)

    assert (found["neededQuestions"], found["detectableDifference"]) == (None, pytest.approx(0.67, abs=0.01))
    assert "70 questions" in found["text"]
    assert "0.7 points or more" in found["text"]


def test_differences_that_do_not_vary_say_nothing_of_others() -> None:
    found = power({**FOUR, "n": 20, "sd": 0.0}, Verdict.IMPROVED, EN)

    assert (found["neededQuestions"], found["detectableDifference"]) == (None, None)
    assert found["text"].startswith("The 20 differences do not vary")


def test_a_single_question_has_no_power_to_speak_of() -> None:
    found = power({**FOUR, "n": 1, "sd": None}, Verdict.INCONCLUSIVE, EN)

    assert (found["neededQuestions"], found["detectableDifference"]) == (MINIMUM_QUESTIONS, None)
    assert found["text"].endswith("there are 1.")
