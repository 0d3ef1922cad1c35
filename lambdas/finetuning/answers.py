"""Putting the evaluation questions to a model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from finetuning.json_names import camel_keys
from finetuning.run_config import AnswerSettings

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient


@dataclass(frozen=True)
class Answer:
    """One model's answer to evaluation question `index` (from 0); latency in milliseconds as Bedrock reports it."""

    index: int
    answer: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    stop_reason: str

    def to_json(self) -> dict[str, Any]:
        return camel_keys(asdict(self))


def ask(
    client: "BedrockRuntimeClient",
    model_id: str,
    index: int,
    question: str,
    system_prompt: str | None,
    settings: AnswerSettings,
) -> Answer:
    """Ask one question with Converse; base and custom model are asked in just the same way.

    model_id: a base model's id, or the ARN of a Provisioned Throughput.
    """
    response = client.converse(
        modelId=model_id,
        system=[{"text": system_prompt}] if system_prompt else [],
        messages=[{"role": "user", "content": [{"text": question}]}],
        inferenceConfig={"maxTokens": settings.max_tokens, "temperature": settings.temperature},
    )
    blocks: list[Mapping[str, Any]] = list(response["output"]["message"]["content"])
    return Answer(
        index=index,
        answer="".join(block.get("text", "") for block in blocks).strip(),
        input_tokens=response["usage"]["inputTokens"],
        output_tokens=response["usage"]["outputTokens"],
        latency_ms=response["metrics"]["latencyMs"],
        stop_reason=response["stopReason"],
    )
