"""The rules of a record: every way in which it breaks them.

This is the path that explains. Most records never come here: fast.py sees that they are right.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from reprlib import repr as shortened
from typing import Any

import msgspec

from finetuning.base_models import BaseModel
from finetuning.dataset import codes
from finetuning.dataset.codes import Problem
from finetuning.dataset.parsing import parse_line
from finetuning.dataset.records import Conversation, Question, Record
from finetuning.record_formats import EVALUATION_KEYS, format_of, key_problems, kind
from finetuning.run_store import DatasetFile
from finetuning.tokens import TOKEN_ERROR, estimate_tokens

_FORMAT_NAMES = {
    "messages": "the messages format",
    "converse": "the Converse format",
    "promptCompletion": "the prompt and completion format",
    "evaluation": "the format of evaluation data",
}


@dataclass(frozen=True)
class CheckedLine:
    """record: None where any problem is an error."""

    record: Record | None
    problems: Sequence[Problem]


def check_line(line: bytes | None, kind_of_file: DatasetFile, model: BaseModel) -> CheckedLine:
    """line: without its end; None: it was too long to be read."""
    parsed = parse_line(line)
    problems = list(parsed.problems)
    if parsed.value is not None:
        of_kind = _question if kind_of_file == "evaluation" else _conversation
        problems += of_kind(parsed.value, model)
    if parsed.value is None or any(code.severity == "error" for code, _ in problems):
        return CheckedLine(None, problems)
    if kind_of_file == "evaluation":
        return CheckedLine(msgspec.convert(parsed.value, Question), problems)
    return CheckedLine(msgspec.convert(parsed.value, Conversation), problems)


def _question(record: dict[str, Any], model: BaseModel) -> Iterator[Problem]:
    found = format_of(record)
    if found not in (None, "evaluation"):
        yield codes.RECORD_FORMAT, f"the record is in {_FORMAT_NAMES[found]}, not that of evaluation data"
        return
    yield from key_problems(record, required=EVALUATION_KEYS)
    texts = {}
    for key in EVALUATION_KEYS:
        if key in record:
            yield from _text_problems(key, record[key])
            texts[key] = record[key]
    texts.pop("topic", None)
    yield from _token_problems(texts, model)


def _conversation(record: dict[str, Any], model: BaseModel) -> Iterator[Problem]:
    found = format_of(record)
    if found not in (None, "messages"):
        yield codes.RECORD_FORMAT, f"the record is in {_FORMAT_NAMES[found]}, not in the messages format"
        return
    yield from key_problems(record, required=("messages",), optional=("system",))
    texts: dict[str, object] = {}
    if "system" in record:
        texts["system"] = record["system"]
        yield from _system_problems(record["system"])
    messages = record.get("messages", [])
    if "messages" in record and (not isinstance(messages, list) or len(messages) < 2):
        got = f"a list of {len(messages)}" if isinstance(messages, list) else kind(messages)
        yield codes.MESSAGES, f"messages is {got}, not a list of two or more"
    if isinstance(messages, list):
        for index, message in enumerate(messages):
            yield from _message_problems(f"messages[{index}]", message)
            if isinstance(message, dict):
                texts[f"messages[{index}].content"] = message.get("content")
        yield from _order_problems(messages)
        if model.record_format == "promptCompletion" and len(messages) > 2:
            yield codes.SEVERAL_TURNS, f"messages is a list of {len(messages):,}; {model.name} takes two"
    yield from _reserved_problems(texts, model)
    yield from _token_problems(texts, model)


def _system_problems(system: object) -> Iterator[Problem]:
    if not isinstance(system, str):
        yield codes.SYSTEM_TYPE, f"system is {kind(system)}"
        return
    if not system.strip():
        yield codes.SYSTEM_EMPTY, "system is empty"
    yield from _nul_problems("system", system)


def _message_problems(where: str, message: object) -> Iterator[Problem]:
    if not isinstance(message, dict):
        yield codes.MESSAGE_TYPE, f"{where} is {kind(message)}"
        return
    yield from key_problems(message, required=("role", "content"), where=f"{where}: ")
    role = message.get("role", "user")
    if role == "system":
        yield codes.SYSTEM_MESSAGE, f"{where}.role is 'system'"
    elif role not in ("user", "assistant"):
        yield codes.ROLE, f"{where}.role is {shortened(role)}, neither 'user' nor 'assistant'"
    if "content" in message:
        yield from _text_problems(f"{where}.content", message["content"])


def _text_problems(where: str, text: object) -> Iterator[Problem]:
    if isinstance(text, list):
        yield _block_problem(where, text)
    elif not isinstance(text, str):
        yield codes.CONTENT_TYPE, f"{where} is {kind(text)}"
    elif not text.strip():
        yield codes.CONTENT_EMPTY, f"{where} is empty"
    else:
        yield from _nul_problems(where, text)


def _block_problem(where: str, blocks: list[object]) -> Problem:
    """Claude's blocks say their type; those of Converse have it as their key."""
    names = [block.get("type") or next(iter(block), None) for block in blocks if isinstance(block, dict)]
    others = [name for name in names if isinstance(name, str) and name != "text"]
    if others:
        return codes.UNSUPPORTED_BLOCK, f"{where} holds a block {shortened(others[0])}"
    return codes.CONTENT_BLOCKS, f"{where} is a list of {len(blocks):,} blocks"


def _nul_problems(where: str, text: str) -> Iterator[Problem]:
    if (at := text.find("\0")) >= 0:
        yield codes.NUL_TEXT, f"{where} holds U+0000 at character {at + 1}"


def _order_problems(messages: Sequence[object]) -> Iterator[Problem]:
    """Who speaks when, where every message says who speaks."""
    roles = [(index, m.get("role")) for index, m in enumerate(messages) if isinstance(m, dict)]
    turns = [(index, role) for index, role in roles if role != "system"]
    if len(roles) < len(messages) or not turns or any(role not in ("user", "assistant") for _, role in turns):
        return
    if turns[0][1] != "user":
        yield codes.FIRST_ROLE, f"messages[{turns[0][0]}].role is 'assistant'; the user speaks first"
    for (_, before), (index, role) in pairwise(turns):
        if role == before:
            yield codes.ALTERNATION, f"messages[{index}].role is {role!r} again"
    if turns[-1][1] != "assistant" and len(turns) > 1:
        yield codes.LAST_ROLE, f"messages[{turns[-1][0]}].role is 'user'; the assistant speaks last"


def _reserved_problems(texts: Mapping[str, object], model: BaseModel) -> Iterator[Problem]:
    for where, text in texts.items():
        for word in model.reserved:
            if isinstance(text, str) and word in text:
                yield codes.RESERVED, f"{where} holds {word!r}, which {model.name} reserves"


def _token_problems(texts: Mapping[str, object], model: BaseModel) -> Iterator[Problem]:
    tokens, limit = sum(estimate_tokens(text) for text in texts.values() if isinstance(text, str)), record_limit(model)
    said = f"about {tokens:,} tokens, by an estimate that may be {TOKEN_ERROR:.0%} off; {model.name} takes {limit:,}"
    if tokens > limit * (1 + TOKEN_ERROR):
        yield codes.RECORD_TOKENS, said
    elif tokens > surely_allowed(model):
        yield codes.NEAR_RECORD_TOKENS, said


def record_limit(model: BaseModel) -> int:
    return model.limits.tokens_per_record


def surely_allowed(model: BaseModel) -> float:
    """Estimated tokens of a record that keeps the model's limit, however wrong the estimate is."""
    return record_limit(model) * (1 - TOKEN_ERROR)
