"""Training and validation data, read as strictly as Bedrock reads them.

Written apart from the checks in `finetuning`, so that a hole in those shows here as a failed job.
"""

import json
from collections.abc import Iterator, Mapping
from typing import NoReturn

from finetuning.base_models import BaseModel
from finetuning.tokens import estimate_tokens

from local.stand_in import TrainingRecord

_CONVERSE_SCHEMA = "bedrock-conversation-2024"


class InvalidDataError(Exception):
    """The message becomes part of the job's failureMessage."""


def read_records(data: bytes, base_model: BaseModel) -> list[TrainingRecord]:
    """The records of a JSONL file. Raises InvalidDataError, which names the line."""
    try:
        lines = data.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise InvalidDataError("the file is not UTF-8") from error
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = _record(line, base_model)
        except (ValueError, TypeError) as error:
            raise InvalidDataError(f"line {number}: {error}") from error
        records.append(record)
    return records


def _record(line: str, base_model: BaseModel) -> TrainingRecord:
    record = json.loads(line, parse_constant=_refuse_constant)
    system, turns = _READERS[base_model.record_format](record)
    roles = [role for role, _ in turns]
    if len(turns) < 2 or len(turns) % 2 or roles != ["user", "assistant"] * (len(turns) // 2):
        raise ValueError("messages must alternate, from user to assistant")
    texts = [text for text in (system, *(text for _, text in turns)) if text is not None]
    for text in texts:
        if not text.strip():
            raise ValueError("empty text")
        for word in base_model.reserved:
            if word in text:
                raise ValueError(f"reserved keyword {word!r}")
    if sum(estimate_tokens(text) for text in texts) > base_model.limits.tokens_per_record:
        raise ValueError(f"more than {base_model.limits.tokens_per_record} tokens")
    return TrainingRecord(system=system, prompt=turns[-2][1], answer=turns[-1][1])


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


Turns = list[tuple[str, str]]


def _messages_format(record: object) -> tuple[str | None, Turns]:
    members = _members(record, required={"messages"}, optional={"system"})
    turns = []
    for message in _items(members["messages"]):
        turn = _members(message, required={"role", "content"})
        turns.append((_text(turn["role"]), _text(turn["content"])))
    return (_text(members["system"]) if "system" in members else None), turns


def _converse_format(record: object) -> tuple[str | None, Turns]:
    members = _members(record, required={"schemaVersion", "messages"}, optional={"system"})
    if members["schemaVersion"] != _CONVERSE_SCHEMA:
        raise ValueError(f"schemaVersion must be {_CONVERSE_SCHEMA}")
    turns = []
    for message in _items(members["messages"]):
        turn = _members(message, required={"role", "content"})
        turns.append((_text(turn["role"]), _text_of_blocks(turn["content"])))
    return (_text_of_blocks(members["system"]) if "system" in members else None), turns


def _prompt_completion_format(record: object) -> tuple[str | None, Turns]:
    members = _members(record, required={"prompt", "completion"})
    return None, [("user", _text(members["prompt"])), ("assistant", _text(members["completion"]))]


_READERS = {
    "messages": _messages_format,
    "converse": _converse_format,
    "promptCompletion": _prompt_completion_format,
}


def _members(
    value: object, *, required: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"expected a JSON object, got {type(value).__name__}")
    missing, unknown = required - set(value), set(value) - required - optional
    if missing or unknown:
        raise ValueError(f"missing keys {sorted(missing)}, unknown keys {sorted(unknown)}")
    return value


def _items(value: object) -> Iterator[object]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    return iter(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a string, got {type(value).__name__}")
    return value


def _text_of_blocks(value: object) -> str:
    return "\n".join(_text(_members(block, required={"text"})["text"]) for block in _items(value))
