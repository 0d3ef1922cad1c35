"""ScoreAnswers: what is judged and embedded, what is kept, and what is said of it."""

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from threading import Lock
from typing import Any

import pytest
import score_answers
from finetuning.base_models import base_model
from finetuning.errors import JudgeUnusableError
from finetuning.rubric import TOOL
from finetuning.run_config import configure
from finetuning.run_store import RunStore, answers_key, dataset_key, judgements_key, scores_key
from finetuning.services import Clock


class FakeBedrock:
    """Gives 8 to an answer that says "right", 3 to others, and no score where the answer asks for none.

    Embeds every text that says "right" alike, others otherwise. Raises `embedding_error`, if there is one, and
    `judge_error` for an answer that says "refused".
    """

    def __init__(
        self,
        embedding_error: Exception | None = None,
        judge_error: Exception | None = None,
        exceptions: object = None,
    ) -> None:
        self.exceptions = exceptions
        self.asked = self.embedded = 0
        self._embedding_error, self._judge_error = embedding_error, judge_error
        self._lock = Lock()

    def converse(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        with self._lock:
            self.asked += 1
        data = request["messages"][0]["content"][0]["text"]
        if self._judge_error and "refused" in data:
            raise self._judge_error
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
AwsExceptions = Callable[[str], object]


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


@pytest.mark.parametrize(("regex", "has_headroom"), [("ござる", True), ("right", False)])
def test_a_style_that_the_base_model_lacks_is_headroom_too(
    invoke: Invoke, store: RunStore, regex: str, has_headroom: bool
) -> None:
    given_state = state(store, "right", "right")
    given_state["dataset"]["pattern"] = {"name": "style", "regex": regex, "description": ""}
    given_state = {**given_state, "run": {**given_state["run"], "minimumHeadroom": 2.5}}

    summary = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=FakeBedrock())

    assert summary["hasHeadroom"] is has_headroom


def test_an_answer_is_judged_once_however_often_the_task_runs(invoke: Invoke, store: RunStore) -> None:
    given_state, judge = state(store, "right", "wrong", "wrong"), FakeBedrock()

    first = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=judge)
    second = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=judge)

    assert judge.asked == 3
    assert second == first


def later_run(given_state: Mapping[str, Any], clock: Clock) -> Mapping[str, Any]:
    """The state of a run that goes on from the one of that state, whose scores it has."""
    clock.sleep(3600)
    return {**given_state, "run": {**given_state["run"], "startedAt": clock.now().isoformat()}}


def test_a_later_run_judges_again_what_the_judge_gave_no_score(
    invoke: Invoke, store: RunStore, aws_error: Callable[..., Exception], aws_exceptions: AwsExceptions, clock: Clock
) -> None:
    # given a judge that was out of order for most answers
    given_state = state(store, "refused", "right", "refused, and wrong")
    error = aws_error("bedrock-runtime", "ModelErrorException", "Out of order.", 424)
    broken = FakeBedrock(judge_error=error, exceptions=aws_exceptions("bedrock-runtime"))
    with pytest.raises(JudgeUnusableError, match=r"scored only 1 of 3 .* Out of order\."):
        invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=broken)

    mended = FakeBedrock()
    summary = invoke(score_answers.handler, later_run(given_state, clock), {"model": "base"}, bedrock_runtime=mended)

    assert (mended.asked, summary["unscored"]) == (2, 0)
    questions = store.read_json(scores_key("base"))["questions"]
    assert [(question["index"], question["correctness"]) for question in questions] == [(0, 3), (1, 8), (2, 3)]


def test_a_later_run_embeds_again_what_has_no_similarity_and_judges_nothing(
    invoke: Invoke, store: RunStore, aws_error: Callable[..., Exception], clock: Clock
) -> None:
    denied = aws_error("bedrock-runtime", "AccessDeniedException", "No access.")
    given_state, granted = state(store, "right", "wrong"), FakeBedrock()
    invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=FakeBedrock(denied))
    before = store.read_json(scores_key("base"))

    summary = invoke(score_answers.handler, later_run(given_state, clock), {"model": "base"}, bedrock_runtime=granted)

    after = store.read_json(scores_key("base"))
    assert granted.asked == 0
    assert after["metrics"]["correctness"] == before["metrics"]["correctness"]
    assert [question["similarity"] for question in after["questions"]] == pytest.approx([0.6, 1])
    # What the judge cost, the earlier run has paid.
    assert summary["spent"]["judgeInputPer1kTokens"] == 0
    assert summary["spent"]["embeddingPer1kTokens"] == 0.02


@pytest.mark.parametrize(("code", "status"), [("ValidationException", 400), ("ModelErrorException", 424)])
def test_an_answer_that_the_judge_refuses_has_no_score_and_the_reason(
    invoke: Invoke,
    store: RunStore,
    aws_error: Callable[..., Exception],
    aws_exceptions: AwsExceptions,
    code: str,
    status: int,
) -> None:
    given_state = state(store, "right", "refused", "wrong")
    error = aws_error("bedrock-runtime", code, "Input is too long.", status)
    bedrock = FakeBedrock(judge_error=error, exceptions=aws_exceptions("bedrock-runtime"))

    summary = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=bedrock)

    refused = store.read_json(scores_key("base"))["questions"][1]
    assert (summary["unscored"], refused["correctness"]) == (1, None)
    assert "Input is too long." in refused["reason"]


def test_what_was_scored_beside_an_error_is_not_judged_again(
    invoke: Invoke, store: RunStore, aws_error: Callable[..., Exception], aws_exceptions: AwsExceptions
) -> None:
    # given a batch in which another answer meets an error that every answer would meet
    denied = aws_error("bedrock-runtime", "AccessDeniedException", "Access was taken away.")
    given_state = state(store, "right", "refused")
    bedrock = FakeBedrock(judge_error=denied, exceptions=aws_exceptions("bedrock-runtime"))
    with pytest.raises(type(denied), match=r"Access was taken away\."):
        invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=bedrock)
    kept = [question["index"] for question in store.read_json(judgements_key("base", 0))["questions"]]

    mended = FakeBedrock()
    summary = invoke(score_answers.handler, given_state, {"model": "base"}, bedrock_runtime=mended)

    assert (kept, mended.asked, summary["unscored"]) == ([0], 1, 0)
    assert [question["index"] for question in store.read_json(scores_key("base"))["questions"]] == [0, 1]


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
