"""The two ways to ask a model, Converse and Claude's messages with InvokeModel, in one form."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetuning.generation.documents import Document as GivenDocument
from finetuning.tokens import estimate_tokens

from local.bedrock.documents import documents_of
from local.bedrock.errors import NotEmulatedError, validation_error
from local.bedrock.service_model import Document

# Where Converse leaves it to the model: the longest answer of the catalogue's models, and their temperature.
_MAX_TOKENS = 4096
_TEMPERATURE = 1.0
_ANTHROPIC_VERSION = "bedrock-2023-05-31"


@dataclass(frozen=True)
class Prompt:
    """question: the text of the last message. tool: the name of the first tool offered."""

    question: str
    input_tokens: int
    max_tokens: int
    temperature: float
    tool: str | None = None
    documents: Sequence[GivenDocument] = ()


@dataclass(frozen=True)
class Completion:
    """tool_input: what the model calls the offered tool with; the text is empty then."""

    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    latency_ms: int
    tool_input: Document | None = None


def prompt_of_converse(parameters: Document) -> Prompt:
    system = [_text_of_block(block) for block in parameters.get("system", [])]
    messages = [
        (message["role"], "\n".join(_text_of_block(block) for block in message["content"] if "document" not in block))
        for message in parameters.get("messages", [])
    ]
    inference = parameters.get("inferenceConfig", {})
    tools = parameters.get("toolConfig", {}).get("tools", [])
    names = [tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool]
    return _prompt(
        system,
        messages,
        max_tokens=inference.get("maxTokens", _MAX_TOKENS),
        temperature=inference.get("temperature", _TEMPERATURE),
        tool=names[0] if names else None,
        documents=documents_of(parameters.get("messages", [])),
    )


def converse_answer(completion: Completion, tool: str | None, use_id: str) -> Document:
    block: Document = {"text": completion.text}
    if completion.tool_input is not None:
        block = {"toolUse": {"toolUseId": use_id, "name": tool, "input": completion.tool_input}}
    return {
        "output": {"message": {"role": "assistant", "content": [block]}},
        "stopReason": completion.stop_reason,
        "usage": {
            "inputTokens": completion.input_tokens,
            "outputTokens": completion.output_tokens,
            "totalTokens": completion.input_tokens + completion.output_tokens,
        },
        "metrics": {"latencyMs": completion.latency_ms},
    }


def prompt_of_claude(body: bytes) -> Prompt:
    """Claude's messages body. Raises ValidationException for one that Claude refuses."""
    try:
        request = json.loads(body)
    except ValueError as error:
        raise validation_error("Malformed input request, please reformat your input and try again.") from error
    if not isinstance(request, dict) or request.get("anthropic_version") != _ANTHROPIC_VERSION:
        raise validation_error(f"anthropic_version: must be {_ANTHROPIC_VERSION!r}")
    if not isinstance(request.get("max_tokens"), int) or request["max_tokens"] < 1:
        raise validation_error("max_tokens: a positive integer is required")
    if not isinstance(request.get("messages"), list):
        raise validation_error("messages: a list is required")
    if "tools" in request:
        raise NotEmulatedError("InvokeModel with tools")
    return _prompt(
        [_text_of_claude(request.get("system", ""))],
        [_message_of_claude(message) for message in request["messages"]],
        max_tokens=request["max_tokens"],
        temperature=request.get("temperature", _TEMPERATURE),
    )


def claude_answer(completion: Completion, model_id: str, answer_id: str) -> bytes:
    return json.dumps(
        {
            "id": f"msg_bdrk_{answer_id}",
            "type": "message",
            "role": "assistant",
            "model": model_id,
            "content": [{"type": "text", "text": completion.text}],
            "stop_reason": completion.stop_reason,
            "stop_sequence": None,
            "usage": {"input_tokens": completion.input_tokens, "output_tokens": completion.output_tokens},
        }
    ).encode()


def _prompt(
    system: Sequence[str],
    messages: Sequence[tuple[str, str]],
    *,
    max_tokens: int,
    temperature: float,
    tool: str | None = None,
    documents: Sequence[GivenDocument] = (),
) -> Prompt:
    roles = [role for role, _ in messages]
    if not roles or roles != (["user", "assistant"] * len(roles))[: len(roles)] or roles[-1] != "user":
        raise validation_error("A conversation must alternate between user and assistant, from user to user.")
    texts = [*system, *(text for _, text in messages)]
    texts += [section.text for document in documents for section in document.sections]
    return Prompt(
        question=messages[-1][1],
        input_tokens=sum(estimate_tokens(text) for text in texts),
        max_tokens=max_tokens,
        temperature=temperature,
        tool=tool,
        documents=documents,
    )


def _text_of_block(block: Mapping[str, Any]) -> str:
    if "text" not in block:
        raise NotEmulatedError(f"a content block of kind {next(iter(block), 'nothing')}")
    return str(block["text"])


def _message_of_claude(message: object) -> tuple[str, str]:
    if not isinstance(message, dict) or set(message) != {"role", "content"}:
        raise validation_error("messages: each must have role and content, and nothing else")
    return str(message["role"]), _text_of_claude(message["content"])


def _text_of_claude(content: object) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(block, dict) for block in content):
        raise validation_error("content: must be a string or a list of content blocks")
    return "\n".join(_text_of_block(block) for block in content)
