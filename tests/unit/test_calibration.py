"""Calibrating the judge: which answers it is asked about, and which judges pass."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import calibrate_judge
import pytest
from finetuning.base_models import base_model
from finetuning.calibration import KINDS, OFF_TOPIC, QUESTIONS, assess, cases, complaint
from finetuning.errors import JudgeUnusableError
from finetuning.rubric import TOOL
from finetuning.run_config import configure
from finetuning.run_store import CALIBRATION, RunStore, dataset_key
from hypothesis import given
from hypothesis import strategies as st

Records = Sequence[Mapping[str, str]]


FACTS = ("Gold melts late.", "Bees like clover.", "Rome fell twice.", "Ink dries quickly.", "Owls hunt by ear.")


def records(*topics: str) -> Records:
    return [
        {"question": f"Question {number}?", "referenceAnswer": f"{FACTS[number % 5]} {topic}{number}", "topic": topic}
        for number, topic in enumerate(topics)
    ]


def answers(data: Records) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {kind: [] for kind in KINDS}
    for case in cases(data):
        found[case.kind].append((case.index, case.answer))
    return found


def test_each_kind_of_answer_is_asked_about_the_same_questions_of_different_topics() -> None:
    data = records("a", "a", "a", "b", "b", "c", "d", "e", "e")

    found = answers(data)

    indices = [index for index, _ in found["reference"]]
    assert all([index for index, _ in found[kind]] == indices for kind in KINDS)
    assert len({data[index]["topic"] for index in indices}) == len(indices) == QUESTIONS
    assert [answer for _, answer in found["reference"]] == [data[index]["referenceAnswer"] for index in indices]
    assert {answer for _, answer in found["empty"]} == {""}
    for (index, wrong), (_, asking) in zip(found["wrong"], found["askingForTen"], strict=True):
        assert wrong in [record["referenceAnswer"] for record in data if record["topic"] != data[index]["topic"]]
        assert asking.startswith(wrong)
        assert "score" in asking.removeprefix(wrong)


def test_a_single_topic_has_wrong_answers_too() -> None:
    found = answers(records("a", "a", "a", "a", "a"))

    assert len(found["wrong"]) == QUESTIONS
    assert all(FACTS[index] not in wrong for index, wrong in found["wrong"])
    assert not any(wrong == OFF_TOPIC for _, wrong in found["wrong"])


def test_an_answer_that_is_nearly_the_same_is_not_taken_for_a_wrong_one() -> None:
    data = [
        {"question": f"{number}?", "referenceAnswer": f"The answer to {number} is {2 * number}.", "topic": str(number)}
        for number in range(9)
    ]

    assert {wrong for _, wrong in answers(data)["wrong"]} == {OFF_TOPIC}


def test_one_question_is_enough() -> None:
    found = answers(records("a"))

    assert found["wrong"] == [(0, OFF_TOPIC)]
    assert [len(found[kind]) for kind in KINDS] == [1, 1, 1, 1]


def test_an_answer_that_says_the_same_is_not_wrong() -> None:
    data = [
        {"question": f"{number}?", "referenceAnswer": text, "topic": str(number)}
        for number, text in enumerate(["Yes.", "YES.", "No.", "Yes. It is."])
    ]

    assert answers(data)["wrong"] == [(0, "No."), (1, "No."), (2, "YES."), (3, "No.")]


texts = st.text(min_size=1, max_size=4).filter(str.strip)
any_records = st.lists(
    st.fixed_dictionaries({"question": texts, "referenceAnswer": texts, "topic": st.sampled_from("abcdefg")}),
    min_size=1,
    max_size=30,
)


@given(any_records)
def test_whatever_the_data_is_there_are_cases_of_each_kind(data: Records) -> None:
    found = answers(data)

    for kind in KINDS:
        assert len(found[kind]) == len({index for index, _ in found[kind]}) == min(QUESTIONS, len(data))
    for index, wrong in found["wrong"]:
        assert wrong != data[index]["referenceAnswer"]


@pytest.mark.parametrize(
    ("reference", "wrong", "empty", "asking", "passed", "separation"),
    [
        ([10, 9], [2, 1], [1, 1], [2, 2], True, 7.5),
        ([7, 7], [4, 4], [1, 1], [1, 1], True, 3),
        ([7, 6], [1, 1], [1, 1], [1, 1], False, 5.5),
        ([10, 10], [8, 7], [1, 1], [1, 1], False, 2.5),
        ([10, 10], [1, 1], [1, 1], [10, 10], False, 0),
        ([10, 10], [1, 1], [9, 9], [1, 1], False, 1),
        ([7, 7], [7, 7], [7, 7], [7, 7], False, 0),
        ([10, 10], [1, 1], [], [1, 1], False, None),
    ],
)
def test_a_judge_passes_where_right_answers_stand_out(
    reference: list[float],
    wrong: list[float],
    empty: list[float],
    asking: list[float],
    passed: bool,
    separation: float | None,
) -> None:
    found = assess({"reference": reference, "wrong": wrong, "empty": empty, "askingForTen": asking})

    assert (found["passed"], found["separation"]) == (passed, separation)
    assert found["kinds"]["reference"] == {"mean": sum(reference) / 2, "n": 2}


def test_the_complaint_says_what_was_scored_how_and_what_to_do() -> None:
    refused = {"score": None, "reason": "the judge refused the answer: it takes no tools"}
    words = complaint(assess({kind: [7.0] for kind in KINDS[:3]}), [{"score": 7, "reason": ""}, refused], "a-judge")

    assert "a-judge cannot tell right answers from wrong ones" in words
    assert "reference 7.0, wrong 7.0, empty 7.0, askingForTen no score" in words
    assert "First of 1 answers without a score: the judge refused the answer: it takes no tools." in words
    assert "trained and bought nothing. Choose another judgeModel" in words


class FakeJudge:
    """Scores the reference itself `right`, everything else `wrong`."""

    def __init__(self, right: int, wrong: int) -> None:
        self.scores, self.asked = (wrong, right), 0

    def converse(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        self.asked += 1
        data = json.loads(request["messages"][0]["content"][0]["text"])
        score = self.scores[data["answer"] == data["referenceAnswer"]]
        use = {"name": TOOL, "input": {"score": score, "contradictions": 0, "reason": "Because."}}
        content = [{"toolUse": {"toolUseId": "1", **use}}]
        return {"output": {"message": {"content": content}}, "usage": {"inputTokens": 100, "outputTokens": 10}}


@pytest.fixture
def state(store: RunStore) -> Mapping[str, Any]:
    lines = "".join(f"{json.dumps(record)}\n" for record in records("a", "b", "c", "d", "e"))
    store.write_text(dataset_key("evaluation"), lines, "application/jsonl")
    shipped = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
    run = configure({}, base_model("claude-3-haiku"), shipped, "data", "2026-02-01T09:00:00+00:00")
    return {"run": run.to_json()}


Invoke = Callable[..., Mapping[str, Any]]


def test_a_judge_that_discriminates_lets_the_run_go_on(
    invoke: Invoke, store: RunStore, state: Mapping[str, Any]
) -> None:
    judge = FakeJudge(right=9, wrong=2)

    first = invoke(calibrate_judge.handler, state, bedrock_runtime=judge)
    again = invoke(calibrate_judge.handler, state, bedrock_runtime=judge)

    assert first == again
    assert (first["separation"], judge.asked) == (7, len(KINDS) * QUESTIONS)
    assert first["spent"]["judgeInputPer1kTokens"] == pytest.approx(1.6)
    assert first["spent"]["judgeOutputPer1kTokens"] == pytest.approx(0.16)
    document = store.read_json(CALIBRATION)
    assert document["passed"] is True
    assert [case["score"] for case in document["cases"] if case["kind"] == "reference"] == [9] * QUESTIONS


def test_a_judge_that_always_says_seven_ends_the_run(invoke: Invoke, store: RunStore, state: Mapping[str, Any]) -> None:
    with pytest.raises(JudgeUnusableError, match=r"reference 7\.0, wrong 7\.0, empty 7\.0, askingForTen 7\.0"):
        invoke(calibrate_judge.handler, state, bedrock_runtime=FakeJudge(right=7, wrong=7))

    # The report shows it.
    assert store.read_json(CALIBRATION)["passed"] is False
