"""The task that puts one batch of questions to a model, and to an earlier attempt's answers adds the rest."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import generate_answers
import pytest
from botocore.exceptions import ClientError
from finetuning.base_models import base_model
from finetuning.errors import TransientError
from finetuning.run_config import configure
from finetuning.run_store import RunStore, answers_key, dataset_key

Invoke = Callable[..., Mapping[str, Any]]
BATCH = {"index": 1, "first": 8, "count": 4}


@dataclass
class FakeModel:
    """Answers each question with itself; `fail_after`: how many answers it gives before it is throttled."""

    error: Callable[..., ClientError]
    fail_after: int | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)

    def converse(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        if self.fail_after is not None and len(self.requests) == self.fail_after:
            raise self.error("bedrock-runtime", "ThrottlingException", status=429)
        self.requests.append(request)
        question = request["messages"][0]["content"][0]["text"]
        return {
            "output": {"message": {"content": [{"text": f" Re: {question}"}, {"text": "!\n"}]}},
            "usage": {"inputTokens": 9, "outputTokens": 5},
            "metrics": {"latencyMs": 120},
            "stopReason": "end_turn",
        }


@pytest.fixture
def ask(store: RunStore, invoke: Invoke) -> Callable[..., Mapping[str, Any]]:
    """Runs the task for the second batch of 12 questions."""
    records = [{"question": f"{number}?", "referenceAnswer": "x", "topic": "t"} for number in range(12)]
    store.write_text(dataset_key("evaluation"), "".join(f"{json.dumps(record)}\n" for record in records), "x")
    answers = {"answers": {"maxTokens": 99, "temperature": 0.5}}
    run = configure(answers, base_model("claude-3-haiku"), {"bedrock-faq": _FILES}, "data", "2026-02-01T09:00:00+00:00")
    state = {
        "run": run.to_json(),
        "host": {
            "arn": "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abc",
            "deadline": "2026-02-01T10:00:00+00:00",
        },
        "service": {"inServiceAt": "2026-02-01T08:45:00+00:00"},
    }

    def call(model: FakeModel, which: str = "base", system_prompt: str | None = None) -> Mapping[str, Any]:
        dataset = {"dataset": {"systemPrompt": system_prompt}}
        event = {"model": which, "batch": BATCH}
        return invoke(generate_answers.handler, {**state, **dataset}, event, bedrock_runtime=model)

    return call


_FILES = {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}
Ask = Callable[..., Mapping[str, Any]]


@pytest.fixture
def model(aws_error: Callable[..., ClientError]) -> FakeModel:
    return FakeModel(aws_error)


def test_each_question_of_the_batch_is_asked_once_and_its_answer_kept(
    ask: Ask, store: RunStore, model: FakeModel
) -> None:
    written = ask(model)

    document = store.read_json(answers_key("base", 1))
    assert written == {"uri": "s3://results/runs/first-run/answers/base/001.json", "answers": 4, "unanswered": 0}
    assert [answer["index"] for answer in document["answers"]] == [8, 9, 10, 11]
    assert document["answers"][0] == {
        "index": 8,
        "askedAt": "2026-02-01T09:00:00+00:00",
        "answer": "Re: 8?!",
        "inputTokens": 9,
        "outputTokens": 5,
        "latencyMs": 120,
        "stopReason": "end_turn",
    }


def test_a_batch_that_was_cut_off_goes_on_where_it_stopped(ask: Ask, store: RunStore, model: FakeModel) -> None:
    # given an attempt that was throttled after two answers
    model.fail_after = 2
    with pytest.raises(TransientError):
        ask(model)
    assert len(store.read_json(answers_key("base", 1))["answers"]) == 2

    # when the state machine tries again
    model.fail_after = None
    ask(model)

    assert [answer["index"] for answer in store.read_json(answers_key("base", 1))["answers"]] == [8, 9, 10, 11]
    assert len(model.requests) == 4


def test_a_batch_that_is_there_already_is_not_asked_again(ask: Ask, model: FakeModel) -> None:
    ask(model)
    ask(model)

    assert len(model.requests) == 4


def test_both_models_are_asked_in_the_same_way(ask: Ask, model: FakeModel) -> None:
    ask(model, "base", "Be brief.")
    ask(model, "custom", "Be brief.")

    base, custom = model.requests[0], model.requests[4]
    assert base.pop("modelId") == "anthropic.claude-3-haiku-20240307-v1:0"
    assert custom.pop("modelId") == "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abc"
    assert base == custom
    assert base["system"] == [{"text": "Be brief."}]
    assert base["inferenceConfig"] == {"maxTokens": 99, "temperature": 0.5}


def test_a_model_of_prompt_and_completion_is_asked_as_it_was_trained(
    ask: Ask, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_MODEL", "llama3-1-8b")
    for which in ("base", "custom"):
        ask(model, which, "Be brief.")

    for request in (model.requests[0], model.requests[4]):
        assert request["system"] == []
        assert request["messages"] == [{"role": "user", "content": [{"text": "Be brief.\n\n8?"}]}]
    assert model.requests[0]["modelId"] == "meta.llama3-1-8b-instruct-v1:0"


def test_without_a_system_prompt_none_is_sent(ask: Ask, model: FakeModel) -> None:
    ask(model)

    assert model.requests[0]["system"] == []
