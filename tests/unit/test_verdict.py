"""The verdict, from the numbers of a run alone."""

from collections.abc import Mapping
from typing import Any

import pytest
from finetuning.verdict import NEGLIGIBLE, Verdict, compare, rule
from hypothesis import given
from hypothesis import strategies as st


def correctness(low: float, high: float, n: int = 48, base: float = 4.0) -> dict[str, Any]:
    difference = (low + high) / 2
    return {"base": base, "custom": base + difference, "difference": difference, "ci95": [low, high], "n": n}


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
    ruling = compare(correctness(low, high, n))

    assert ruling.verdict is verdict
    assert ruling.headline.startswith(headline)
    assert f"(95% interval of the difference {low:+.1f} to {high:+.1f}, {n} questions)" in ruling.headline


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
    assert compare(correctness(3.1, 5.9, n), unanswered).verdict is verdict


@given(st.floats(-9, 9), st.floats(-9, 9), st.integers(8, 500))
def test_no_verdict_says_more_than_the_interval_does(one: float, other: float, n: int) -> None:
    low, high = sorted((one, other))

    verdict = compare(correctness(low, high, n)).verdict

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
    ruling = rule(state, scores)

    assert ruling.verdict is verdict
    assert ruling.headline.startswith(headline)
