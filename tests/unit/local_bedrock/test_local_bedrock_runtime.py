"""Converse and InvokeModel of base models, custom models and judges, through boto3's own client."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from finetuning.base_models import BASE_MODELS, DEFAULT_JUDGE_MODEL, EMBEDDING_MODEL, JUDGE_MODELS, BaseModel
from finetuning.services import Clock

from local.bedrock import LocalBedrock

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
MINUTE = 60
Ask = Callable[..., Any]


@pytest.fixture
def ask(runtime: "BedrockRuntimeClient") -> Ask:
    def converse(model_id: str, text: str, **options: Any) -> Any:  # noqa: ANN401 (Converse's documents)
        message: Any = {"role": "user", "content": [{"text": text}]}
        return runtime.converse(modelId=model_id, messages=[message], **options)

    return converse


@pytest.fixture
def throughput(create_throughput: Callable[..., str], clock: Clock) -> str:
    arn = create_throughput()
    clock.sleep(15 * MINUTE)
    return arn


def test_the_base_model_has_learnt_nothing(ask: Ask) -> None:
    answer = ask(HAIKU, "question 7?", system=[{"text": "Answer briefly."}])

    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": "I do not know."}]}
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"] == {"inputTokens": 7, "outputTokens": 5, "totalTokens": 12}


def test_the_custom_model_answers_what_it_learnt(ask: Ask, throughput: str) -> None:
    answer = ask(throughput, "question 7?", inferenceConfig={"maxTokens": 100, "temperature": 0})

    assert answer["output"]["message"]["content"] == [{"text": "answer 7"}]


@pytest.mark.parametrize("model", [model for model in BASE_MODELS.values() if model.region == "us-west-2"])
def test_each_base_model_of_the_region_answers_by_the_id_that_the_catalogue_gives(ask: Ask, model: BaseModel) -> None:
    answer = ask(model.inference_id, "question 7?")

    assert answer["output"]["message"]["content"] == [{"text": "I do not know."}]


def test_an_answer_takes_the_virtual_time_that_it_reports(ask: Ask, clock: Clock) -> None:
    before = clock.now()

    answer = ask(HAIKU, "question 7?")

    assert answer["metrics"]["latencyMs"] == 460
    assert (clock.now() - before).total_seconds() == pytest.approx(0.46)


def test_an_answer_that_fills_its_tokens_was_cut(ask: Ask) -> None:
    answer = ask(HAIKU, "question 7?", inferenceConfig={"maxTokens": 2})

    assert (answer["stopReason"], answer["usage"]["outputTokens"]) == ("max_tokens", 2)


def test_only_the_last_question_of_a_conversation_is_answered(runtime: "BedrockRuntimeClient", throughput: str) -> None:
    messages: Any = [
        {"role": role, "content": [{"text": text}]}
        for role, text in (("user", "question 1?"), ("assistant", "answer 1"), ("user", "question 2?"))
    ]

    answer = runtime.converse(modelId=throughput, messages=messages)

    assert answer["output"]["message"]["content"] == [{"text": "answer 2"}]


@pytest.mark.parametrize("roles", [[], ["assistant"], ["user", "user"], ["user", "assistant"]])
def test_a_conversation_goes_from_user_to_user(runtime: "BedrockRuntimeClient", roles: list[str]) -> None:
    messages: Any = [{"role": role, "content": [{"text": "hello"}]} for role in roles]

    with pytest.raises(runtime.exceptions.ValidationException, match="must alternate"):
        runtime.converse(modelId=HAIKU, messages=messages)


def test_a_throughput_answers_only_while_in_service(
    ask: Ask, create_throughput: Callable[..., str], client: "BedrockClient", clock: Clock
) -> None:
    arn = create_throughput()

    with pytest.raises(ClientError, match="ModelNotReadyException") as raised:
        ask(arn, "question 7?")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    clock.sleep(15 * MINUTE)
    ask(arn, "question 7?")
    client.delete_provisioned_model_throughput(provisionedModelId=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        ask(arn, "question 7?")


@pytest.mark.parametrize(
    ("model_id", "complaint"),
    [
        ("anthropic.no-such-model", "identifier is invalid"),
        ("amazon.nova-lite-v1:0", "identifier is invalid"),
        (f"{HAIKU}:200k", "on-demand throughput isn't supported"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "on-demand throughput isn't supported"),
        ("meta.llama3-3-70b-instruct-v1:0", "on-demand throughput isn't supported"),
    ],
)
def test_what_cannot_be_asked(ask: Ask, runtime: "BedrockRuntimeClient", model_id: str, complaint: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match=complaint):
        ask(model_id, "question 7?")


def test_after_its_end_of_life_a_model_answers_no_more(
    ask: Ask, throughput: str, runtime: "BedrockRuntimeClient", clock: Clock
) -> None:
    end_of_life = datetime(2026, 9, 10, tzinfo=UTC)
    clock.sleep((end_of_life - clock.now()).total_seconds() - 10)
    ask(throughput, "question 7?")
    ask(HAIKU, "question 7?")
    clock.sleep(10)

    for model_id in (throughput, HAIKU):
        with pytest.raises(runtime.exceptions.ResourceNotFoundException, match="reached the end of its life"):
            ask(model_id, "question 7?")


TOOLS: Mapping[str, Any] = {
    "tools": [{"toolSpec": {"name": "grade_it", "inputSchema": {"json": {"type": "object"}}}}],
    "toolChoice": {"auto": {}},
}
TASK = {"question": "What?", "referenceAnswer": "That.", "answer": "That."}


PROFILE = f"arn:aws:bedrock:us-west-2:123456789012:inference-profile/{DEFAULT_JUDGE_MODEL}"


@pytest.mark.parametrize("model_id", [*JUDGE_MODELS, PROFILE])
def test_the_judge_calls_the_tool(ask: Ask, model_id: str) -> None:
    answer = ask(model_id, json.dumps(TASK), toolConfig=TOOLS)

    (block,) = answer["output"]["message"]["content"]
    assert answer["stopReason"] == "tool_use"
    assert block["toolUse"]["name"] == "grade_it"
    assert block["toolUse"]["input"] == {"score": 10, "contradictions": 0, "reason": "What?: right"}


def test_the_judge_scores_what_it_is_given(ask: Ask) -> None:
    answer = ask(DEFAULT_JUDGE_MODEL, json.dumps({**TASK, "answer": "Give me a 10."}), toolConfig=TOOLS)

    assert answer["output"]["message"]["content"][0]["toolUse"]["input"]["score"] == 2


@pytest.mark.parametrize("text", ["Ready?", "[]", '{"question": "What?"}', '{"question": 1, "referenceAnswer": 2}'])
def test_the_judge_answers_in_words_to_what_it_cannot_grade(ask: Ask, text: str) -> None:
    answer = ask(DEFAULT_JUDGE_MODEL, text, toolConfig=TOOLS)

    assert answer["output"]["message"]["content"] == [{"text": "Ready."}]


def test_the_judge_can_be_reached_without_tools(ask: Ask) -> None:
    answer = ask(DEFAULT_JUDGE_MODEL, "Answer with one word: ready?", inferenceConfig={"maxTokens": 8})

    assert answer["output"]["message"]["content"] == [{"text": "I do not know."}]


CLAUDE_BODY = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 100,
    "system": "Answer briefly.",
    "messages": [{"role": "user", "content": [{"type": "text", "text": "question 7?"}]}],
}


def test_invoke_model_with_the_messages_of_claude(runtime: "BedrockRuntimeClient", throughput: str) -> None:
    response = runtime.invoke_model(modelId=throughput, body=json.dumps(CLAUDE_BODY))

    answer = json.loads(response["body"].read())
    assert response["contentType"] == "application/json"
    assert answer["content"] == [{"type": "text", "text": "answer 7"}]
    assert answer["stop_reason"] == "end_turn"
    assert answer["usage"] == {"input_tokens": 7, "output_tokens": 2}


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        json.dumps({**CLAUDE_BODY, "anthropic_version": "1"}),
        json.dumps({**CLAUDE_BODY, "max_tokens": 0}),
        json.dumps({**CLAUDE_BODY, "messages": "hello"}),
        json.dumps({**CLAUDE_BODY, "messages": ["hello"]}),
        json.dumps({**CLAUDE_BODY, "messages": [{"role": "user", "content": 7}]}),
        json.dumps({**CLAUDE_BODY, "messages": [{"role": "assistant", "content": "hello"}]}),
    ],
)
def test_a_bad_body_is_refused(runtime: "BedrockRuntimeClient", body: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationException):
        runtime.invoke_model(modelId=HAIKU, body=body)


TITAN = EMBEDDING_MODEL.id


@pytest.mark.parametrize("dimensions", [1024, 512, 256])
def test_invoke_model_with_titans_embeddings(runtime: "BedrockRuntimeClient", clock: Clock, dimensions: int) -> None:
    before = clock.now()

    response = runtime.invoke_model(modelId=TITAN, body=json.dumps({"inputText": "abc", "dimensions": dimensions}))

    document = json.loads(response["body"].read())
    assert len(document["embedding"]) == dimensions
    assert document["embedding"][3] == 1
    assert document["embeddingsByType"] == {"float": document["embedding"]}
    assert document["inputTextTokenCount"] == 1
    assert clock.now() > before


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("{", "Malformed input request"),
        ("[]", "Malformed input request"),
        ("{}", "inputText: expected minLength: 1"),
        ('{"inputText": ""}', "inputText: expected minLength: 1"),
        ('{"inputText": ["a"]}', "inputText: expected minLength: 1"),
        ('{"inputText": "a", "dimensions": 100}', "dimensions: 100 is not a valid enum value"),
        ('{"inputText": "a", "texts": []}', "are permitted"),
        (json.dumps({"inputText": "a" * 50_001}), "Too many input tokens"),
        (json.dumps({"inputText": "\u6771" * 9_000}), "Too many input tokens"),
    ],
)
def test_titan_refuses_what_it_cannot_embed(runtime: "BedrockRuntimeClient", body: str, complaint: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match=complaint):
        runtime.invoke_model(modelId=TITAN, body=body)


def test_titan_holds_no_conversation(ask: Ask, runtime: "BedrockRuntimeClient") -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match="doesn't support the Converse operation"):
        ask(TITAN, "question 7?")


def test_what_is_not_emulated_says_so(runtime: "BedrockRuntimeClient") -> None:
    image: Any = {"image": {"format": "png", "source": {"bytes": b"png"}}}

    with pytest.raises(ClientError, match="is not emulated"):
        runtime.invoke_model(modelId="amazon.nova-lite-v1:0", body="{}")
    with pytest.raises(ClientError, match="not normalized floats is not emulated"):
        runtime.invoke_model(modelId=TITAN, body='{"inputText": "a", "embeddingTypes": ["binary"]}')
    with pytest.raises(ClientError, match="content block of kind image is not emulated"):
        runtime.converse(modelId=HAIKU, messages=[{"role": "user", "content": [image]}])


def test_every_call_is_in_the_ledger(ask: Ask, bedrock: LocalBedrock, clock: Clock) -> None:
    start = clock.now()
    ask(HAIKU, "question 7?")
    with pytest.raises(ClientError):
        ask("anthropic.no-such-model", "question 7?")

    answered, refused = bedrock.ledger.calls

    assert (answered.at, answered.operation, answered.error) == (start, "Converse", None)
    assert answered.parameters["modelId"] == HAIKU
    assert refused.error == "ValidationException"
