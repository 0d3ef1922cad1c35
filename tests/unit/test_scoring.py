"""Metrics and the comparison of two models; what the judge could not score is counted, never averaged in."""

from typing import Any

import pytest
from finetuning.card import Pattern
from finetuning.judge import Grade, Judgement
from finetuning.scoring import METRICS, Evidence, chrf, compare, effects, measure, summarize
from hypothesis import given
from hypothesis import strategies as st


def question(index: int, correctness: float | None, chrf: float = 50.0, **measures: float | None) -> dict[str, Any]:
    return {"index": index, "correctness": correctness, "chrf": chrf, **measures}


ANSWERED = {"answer": "It is billed by the hour.", "latencyMs": 1500, "outputTokens": 7}
JUDGED = Judgement([Grade(8, 1, "A detail is wrong."), Grade(7, 0, "")], "A detail is wrong.", 100, 10)


def evidence(answer: str = "It is billed by the hour.", pattern: Pattern | None = None) -> Evidence:
    return Evidence({**ANSWERED, "answer": answer}, "It is billed by the hour.", JUDGED, 0.9, pattern)


def test_every_metric_of_an_answer() -> None:
    assert measure(evidence()) == {
        "correctness": 7.5,
        "contradictions": 0.5,
        "similarity": 0.9,
        "chrf": pytest.approx(100),
        "refusal": False,
        "pattern": None,
        "length": 25,
        "latency": 1.5,
        "outputTokens": 7,
    }


def test_every_metric_has_a_name_of_its_own_and_a_range_in_order() -> None:
    assert len({metric.name for metric in METRICS}) == len({metric.key for metric in METRICS}) == len(METRICS) == 9
    assert all(metric.highest is None or metric.lowest < metric.highest for metric in METRICS)


@pytest.mark.parametrize(
    ("answer", "found"),
    [("毎時の課金でござる。", True), ("ござるか、と問う。", False), ("", False), ("一行目\n二行目でござる", True)],
)
def test_a_pattern_is_searched_for_in_the_answer(answer: str, found: bool) -> None:
    assert measure(evidence(answer, Pattern("ござる", "ござる。?$")))["pattern"] is found


def test_a_pattern_that_backtracks_without_end_gives_no_value() -> None:
    endless = Pattern("endless", "^(a|aa)+$")

    assert measure(evidence("a" * 60 + "!", endless))["pattern"] is None


@pytest.mark.parametrize("text", ["Provisioned Throughput is billed by the hour.", "東京は日本の首都です。"])
def test_chrf_is_100_for_the_reference_itself_and_0_for_an_empty_answer(text: str) -> None:
    assert chrf(text, text) == pytest.approx(100)
    assert chrf("", text) == 0


def test_chrf_is_higher_the_more_of_the_reference_is_there() -> None:
    reference = "It is billed by the hour until it is deleted."

    scores = [chrf(answer, reference) for answer in ("I cannot say.", "It is billed.", "It is billed by the hour.")]

    assert 0 < scores[0] < scores[1] < scores[2] < 100


@given(st.text(max_size=50), st.text(min_size=1, max_size=50))
def test_chrf_is_within_its_range_for_any_text(answer: str, reference: str) -> None:
    assert 0 <= chrf(answer, reference) <= 100.0001


def test_a_mean_leaves_out_what_has_no_score_and_says_how_many_are_in_it() -> None:
    summary = summarize([question(0, 2, 10.0), question(1, None, 30.0), question(2, 4, 50.0)])

    assert summary == {
        "correctness": {"mean": 3, "ci95": None, "n": 2},
        "chrf": {"mean": 30, "ci95": None, "n": 3},
    }
    assert "correctness" not in summarize([question(0, None)])


def test_a_mean_comes_with_its_interval() -> None:
    summary = summarize([question(index, score) for index, score in enumerate([1, 2, 3, 4, 9])])

    low, high = summary["correctness"]["ci95"]
    assert 1 <= low < 3.8 < high <= 9


def test_the_comparison_of_the_original_experiment() -> None:
    base = [question(index, score) for index, score in enumerate([3, 2, 2, 3])]
    custom = [question(index, score) for index, score in enumerate([8, 8, 4, 8])]

    correctness = compare(base, custom)["correctness"]

    assert (correctness["base"], correctness["custom"], correctness["difference"]) == (2.5, 7.0, 4.5)
    assert correctness["ci95"] == (2.75, 5.75)
    assert (correctness["baseCi95"], correctness["customCi95"]) == ((2, 3), (5, 8))
    # Of 16 ways to give four differences a sign, two are as far from 0.
    assert (correctness["n"], correctness["pValue"]) == (4, 0.125)
    assert (correctness["wins"], correctness["ties"], correctness["losses"]) == (4, 0, 0)
    assert (correctness["higherIsBetter"], correctness["range"], correctness["unit"]) == (True, [1, 10], "points")


def test_models_are_compared_on_the_questions_that_both_have_a_score_for() -> None:
    base = [question(0, 2), question(1, None), question(2, 4), question(3, 9)]
    custom = [question(3, None), question(2, 8), question(1, 9), question(0, 6)]

    correctness = compare(base, custom)["correctness"]

    assert (correctness["base"], correctness["custom"], correctness["n"]) == (3, 7, 2)


def test_a_metric_that_no_pair_has_is_left_out() -> None:
    assert compare([question(0, None)], [question(0, 9)]).keys() == {"chrf"}


def test_wins_follow_the_direction_of_the_metric() -> None:
    base = [question(index, 5, contradictions=count, length=10) for index, count in enumerate([3, 3, 0])]
    custom = [question(index, 5, contradictions=count, length=20) for index, count in enumerate([1, 3, 2])]

    compared = compare(base, custom)

    assert [compared["contradictions"][key] for key in ("wins", "ties", "losses")] == [1, 1, 1]
    assert compared["contradictions"]["difference"] == 0
    assert [compared["length"][key] for key in ("wins", "ties", "losses")] == [None, None, None]
    assert [compared["correctness"][key] for key in ("wins", "ties", "losses")] == [0, 3, 0]


def test_rates_are_means_of_truth_values() -> None:
    base = [question(index, 5, refusal=refused) for index, refused in enumerate([True, True, False, True])]
    custom = [question(index, 5, refusal=False) for index in range(4)]

    refusals = compare(base, custom)["refusals"]

    assert (refusals["base"], refusals["custom"], refusals["wins"]) == (0.75, 0, 3)


def test_effects_are_told_by_topic_and_by_language() -> None:
    records = [
        {"question": "What is it?", "topic": "a"},
        {"question": "Converse とは?", "topic": "a"},
        {"question": "How long?", "topic": "b"},
        {"question": "?", "topic": "c"},
    ]
    base = [question(index, 2) for index in range(4)]
    custom = [question(0, 8), question(1, 4), question(2, 3), question(3, None)]

    found = effects(base, custom, records)

    assert {topic: (effect["n"], effect["difference"]) for topic, effect in found["topic"].items()} == {
        "a": (2, 4),
        "b": (1, 1),
    }
    assert {language: effect["difference"] for language, effect in found["language"].items()} == {"en": 3.5, "ja": 2}
    assert found["topic"]["a"]["ci95"] is None


scores = st.none() | st.integers(1, 10)


@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=20))
def test_every_difference_is_that_of_the_means_beside_it(pairs: list[tuple[int | None, int | None]]) -> None:
    base = [question(index, score) for index, (score, _) in enumerate(pairs)]
    custom = [question(index, score) for index, (_, score) in enumerate(pairs)]

    for numbers in compare(base, custom).values():
        assert numbers["custom"] - numbers["base"] == pytest.approx(numbers["difference"])


def test_every_metric_that_is_declared_is_in_a_comparison() -> None:
    measured = {"index": 0, **measure(evidence(pattern=Pattern("hours", "hour")))}

    assert compare([measured], [measured]).keys() == {metric.name for metric in METRICS}
    assert summarize([measured]).keys() == {metric.name for metric in METRICS}
