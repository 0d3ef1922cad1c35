"""Putting the evaluation questions to a model."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from finetuning.json_names import camel_keys
from finetuning.run_config import AnswerSettings

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient


@dataclass(frozen=True)
class Answer:
    """One model's answer to evaluation question `index` (from 0), asked at `asked_at` (ISO 8601).

    Latency in milliseconds, as Bedrock reports it.
    """

    index: int
    asked_at: str
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
    system_prompt: str | None,
    question: str,
    settings: AnswerSettings,
    now: datetime,
) -> Answer:
    """Ask one question with Converse; base and custom model are asked in just the same way.

    model_id: a base model's id, or the ARN of a custom model's host.
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
        asked_at=now.isoformat(),
        answer="".join(block.get("text", "") for block in blocks).strip(),
        input_tokens=response["usage"]["inputTokens"],
        output_tokens=response["usage"]["outputTokens"],
        latency_ms=response["metrics"]["latencyMs"],
        stop_reason=response["stopReason"],
    )


def answering_seconds(answers: Iterable[Mapping[str, Any]]) -> float:
    """How long at least one of these answers was being given: several at a time count once."""
    seconds, until = 0.0, datetime.min.replace(tzinfo=UTC)
    for begin, end in sorted(map(_span, answers)):
        seconds += max(0.0, (end - max(begin, until)).total_seconds())
        until = max(until, end)
    return seconds


def _span(answer: Mapping[str, Any]) -> tuple[datetime, datetime]:
    asked_at = datetime.fromisoformat(answer["askedAt"])
    return asked_at, asked_at + timedelta(milliseconds=answer["latencyMs"])
