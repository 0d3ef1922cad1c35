"""Metrics and the comparison of two models; what the judge could not score is counted, never averaged in."""

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from threading import Lock
from typing import Any

import pytest
import score_answers
from finetuning.base_models import base_model
from finetuning.card import Pattern
from finetuning.errors import JudgeUnusableError
from finetuning.judge import Grade, Judgement
from finetuning.rubric import TOOL
from finetuning.run_config import configure
from finetuning.run_store import RunStore, answers_key, dataset_key, scores_key
from finetuning.scoring import METRICS, Evidence, chrf, compare, effects, measure, summarize
from finetuning.services import Clock
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


class FakeBedrock:
    """Gives 8 to an answer that says "right", 3 to others, and no score where the answer asks for none.

    Embeds every text that says "right" alike, others otherwise; raises `embedding_error`, if there is one.
    """

    def __init__(self, embedding_error: Exception | None = None) -> None:
        self.asked = self.embedded = 0
        self._embedding_error = embedding_error
        self._lock = Lock()

    def converse(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        with self._lock:
            self.asked += 1
        data = request["messages"][0]["content"][0]["text"]
        score = {"score": 8 if "right" in data else 3, "contradictions": 0, "reason": "Because."}
        use = {"toolUse": {"toolUseId": "1", "name": TOOL, "input": score}}
        content = [{"text": "I would rather not."}] if "no score" in data else [use]
        return {"output": {"message": {"content": content}}, "usage": {"inputTokens": 100, "outputTokens": 10}}

    def invoke_model(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        with self._lock:
            self.embedded += 1
        if self._embedding_error:
            raise self._embedding_error
        vector = [1.0, 0.0] if "right" in json.loads(request["body"])["inputText"] else [0.6, 0.8]
        return {"body": BytesIO(json.dumps({"embedding": vector, "inputTextTokenCount": 5}).encode())}


STARTED = "2026-02-01T09:00:00+00:00"
ANSWER = {"askedAt": STARTED, "inputTokens": 1000, "outputTokens": 200, "latencyMs": 900}


def state(store: RunStore, *answers: str, model: str = "base") -> Mapping[str, Any]:
    """The state after every question got its answer, two questions a batch; the answers are in the store."""
    records = [{"question": "What?", "referenceAnswer": "That.", "topic": "t"}] * len(answers)
    batches = [
        {"index": index, "first": first, "count": min(2, len(answers) - first)}
        for index, first in enumerate(range(0, len(answers), 2))
    ]
    store.write_text(dataset_key("evaluation"), "".join(f"{record}\n" for record in records).replace("'", '"'), "x")
    for batch in batches:
        numbers = range(batch["first"], batch["first"] + batch["count"])
        document = {"answers": [{**ANSWER, "index": number, "answer": answers[number]} for number in numbers]}
        store.write_json(answers_key("custom" if model == "custom" else "base", batch["index"]), document)
    shipped = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
    run = configure({}, base_model("claude-3-haiku"), shipped, "data", STARTED)
    return {"run": run.to_json(), "dataset": {"batches": batches}}


Invoke = Callable[..., Mapping[str, Any]]


def test_answers_without_a_score_are_counted_and_shown_and_in_no_mean(invoke: Invoke, store: RunStore) -> None:
    given_state = state(store, "right", "no score", "wrong")

    summary = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=FakeBedrock())

    document = store.read_json(scores_key("base"))
    assert summary["correctness"] == (8 + 3) / 2
    assert summary["unscored"] == document["unscored"] == 1
    assert summary["hasHeadroom"] is True
    assert [q["correctness"] for q in document["questions"]] == [8, None, 3]
    assert [q["judgeInputTokens"] for q in document["questions"]] == [100, 200, 100]
    assert document["questions"][1]["reason"] == "the judge called record_score 0 times instead of once"
    assert document["metrics"]["correctness"]["n"] == 2
    assert [q["scores"] for q in document["questions"]] == [[8], [], [3]]
    assert [q["similarity"] for q in document["questions"]] == pytest.approx([0.6, 1, 1])
    assert document["embeddingProblem"] is None
    assert "comparison" not in document


def test_the_judge_is_asked_as_often_as_the_input_says(invoke: Invoke, store: RunStore) -> None:
    given_state, bedrock = state(store, "right", "wrong"), FakeBedrock()
    run = {**given_state["run"], "judgeRepeats": 3}

    invoke(score_answers.handler, {**given_state, "run": run}, {"model": "base"}, bedrock_runtime=bedrock)

    assert bedrock.asked == 6
    assert store.read_json(scores_key("base"))["questions"][0]["scores"] == [8, 8, 8]


def test_an_embedding_model_that_cannot_be_used_costs_its_metric_and_says_why(
    invoke: Invoke, store: RunStore, aws_error: Callable[..., Exception]
) -> None:
    denied = aws_error("bedrock-runtime", "AccessDeniedException", "You don't have access to the model.")
    given_state, bedrock = state(store, *["right"] * 20), FakeBedrock(denied)

    invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=bedrock)

    document = store.read_json(scores_key("base"))
    assert "You don't have access to the model." in document["embeddingProblem"]
    assert "similarity" not in document["metrics"]
    assert document["metrics"]["correctness"]["n"] == 20
    # Those that were under way at once, and none after them.
    assert bedrock.embedded <= 8


def test_why_similarities_are_missing_is_known_after_a_later_attempt_too(
    invoke: Invoke, store: RunStore, aws_error: Callable[..., Exception]
) -> None:
    # given a batch of two of which one was scored while the embedding model could not be used
    denied = aws_error("bedrock-runtime", "AccessDeniedException", "No access.")
    given_state = state(store, "right", "right")
    both = store.read_json(answers_key("base", 0))
    store.write_json(answers_key("base", 0), {"answers": both["answers"][:1]})
    invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=FakeBedrock(denied))
    store.write_json(answers_key("base", 0), both)

    invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=FakeBedrock())

    document = store.read_json(scores_key("base"))
    assert [question["similarity"] is None for question in document["questions"]] == [True, False]
    assert "No access." in document["embeddingProblem"]


def test_a_pattern_of_the_dataset_is_a_rate(invoke: Invoke, store: RunStore) -> None:
    given_state = state(store, "right", "wrong")
    given_state["dataset"]["pattern"] = {"name": "right", "regex": "^right$", "description": ""}

    invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=FakeBedrock())

    assert store.read_json(scores_key("base"))["metrics"]["pattern"]["mean"] == 0.5


def test_before_training_it_is_known_which_questions_leave_headroom(invoke: Invoke, store: RunStore) -> None:
    given_state = state(store, "right", "wrong", "wrong")
    run = {**given_state["run"], "minimumHeadroom": 3}

    summary = invoke(
        score_answers.handler, {**given_state, "run": run}, {"model": "base"}, bedrock_runtime=FakeBedrock()
    )

    headroom = store.read_json(scores_key("base"))["headroom"]
    assert summary["headroom"] == headroom
    assert (headroom["minimum"], headroom["mean"]) == (3, pytest.approx(14 / 3))
    assert (headroom["questionsWithHeadroom"], headroom["alreadyAnswered"]) == ([1, 2], [0])
    # The standard deviation of 8, 3 and 3, over the root of 3, times 1.96 + 0.84.
    assert headroom["detectableDifference"] == pytest.approx(2.8016 * 2.8868 / 3**0.5, rel=1e-3)


def test_a_judge_that_scores_fewer_than_half_is_unusable(invoke: Invoke, store: RunStore) -> None:
    given_state = state(store, "right", "no score", "no score")

    with pytest.raises(JudgeUnusableError, match=r"scored only 1 of 3 answers of the base model.*Choose another"):
        invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=FakeBedrock())


def test_a_base_model_near_the_top_leaves_no_headroom(invoke: Invoke, store: RunStore) -> None:
    given_state = state(store, "right", "right")
    run = {**given_state["run"], "minimumHeadroom": 2.5}

    given_state, bedrock = {**given_state, "run": run}, FakeBedrock()
    summary = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=bedrock)

    assert summary["hasHeadroom"] is False


def test_an_answer_is_judged_once_however_often_the_task_runs(invoke: Invoke, store: RunStore) -> None:
    given_state, judge = state(store, "right", "wrong", "wrong"), FakeBedrock()

    first = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=judge)
    second = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=judge)

    assert judge.asked == 3
    assert second == first


def test_the_custom_models_scores_come_with_the_comparison(invoke: Invoke, store: RunStore) -> None:
    invoke(score_answers.handler, state(store, "wrong", "no score"), {"model": "base"}, bedrock_runtime=FakeBedrock())

    custom = state(store, "right", "right", model="custom")
    invoke(score_answers.handler, custom, {"model": "custom"}, bedrock_runtime=FakeBedrock())

    comparison = store.read_json(scores_key("custom"))["comparison"]
    assert (comparison["correctness"]["difference"], comparison["correctness"]["n"]) == (5, 1)
    assert comparison["chrf"]["n"] == 2


def test_a_question_without_an_answer_is_counted_and_judged_once_it_has_one(invoke: Invoke, store: RunStore) -> None:
    # given that time was up after the first of three questions
    judge = FakeBedrock()
    invoke(score_answers.handler, state(store, "wrong", "wrong", "wrong"), {"model": "base"}, bedrock_runtime=judge)
    given_state = state(store, "right", "right", "right", model="custom")
    all_answers = [store.read_json(answers_key("custom", batch)) for batch in (0, 1)]
    store.write_json(answers_key("custom", 0), {"answers": all_answers[0]["answers"][:1]})
    store.write_json(answers_key("custom", 1), {"answers": []})

    summary = invoke(score_answers.handler, given_state, {"model": "custom"}, bedrock_runtime=judge)

    document = store.read_json(scores_key("custom"))
    assert (summary["unanswered"], document["unanswered"], judge.asked) == (2, 2, 4)
    assert summary["asked"] == document["asked"] == 3
    assert document["comparison"]["correctness"]["n"] == 1

    # when a run that goes on from this one has the others answered
    for batch in (0, 1):
        store.write_json(answers_key("custom", batch), all_answers[batch])
    summary = invoke(score_answers.handler, given_state, {"model": "custom"}, bedrock_runtime=judge)

    assert (summary["unanswered"], judge.asked) == (0, 6)


def test_a_custom_model_that_answered_nothing_has_no_score(invoke: Invoke, store: RunStore) -> None:
    invoke(score_answers.handler, state(store, "wrong"), {"model": "base"}, bedrock_runtime=FakeBedrock())

    summary = invoke(score_answers.handler, state(store, "wrong"), {"model": "custom"}, bedrock_runtime=FakeBedrock())

    assert (summary["correctness"], summary["unanswered"]) == (None, 1)
    assert store.read_json(scores_key("custom"))["comparison"] == {}


def test_what_the_base_models_answers_and_judgements_cost_is_tracked(
    invoke: Invoke, store: RunStore, clock: Clock
) -> None:
    given_state = state(store, "right", "wrong")

    summary = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=FakeBedrock())

    assert summary["spent"] == {
        "inputPer1kTokens": 2,
        "outputPer1kTokens": 0.4,
        "judgeInputPer1kTokens": 0.2,
        "judgeOutputPer1kTokens": 0.02,
        "embeddingPer1kTokens": 0.02,
    }

    # What there was before the run, another one has paid.
    clock.sleep(3600)
    later = {**given_state, "run": {**given_state["run"], "startedAt": clock.now().isoformat()}}
    summary = invoke(score_answers.handler, later, {"model": "base"}, bedrock_runtime=FakeBedrock())
    assert set(summary["spent"].values()) == {0}
