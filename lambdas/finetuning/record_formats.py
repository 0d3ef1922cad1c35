"""The formats that a record may have, and the conversions between them. Datasets of this project are in `messages`.

messages (Claude)             {"system"?, "messages": [{"role", "content": text}, …]}
converse (Nova)               {"schemaVersion", "system"?: [{"text"}], "messages": [{"role", "content": [{"text"}]}, …]}
promptCompletion (Llama 3.1)  {"prompt", "completion"}
evaluation (our own)          {"question", "referenceAnswer", "topic"}

Source: AWS's user guides, read 2026-11; for converse
https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html

Texts survive every conversion unchanged; what a format has no place for is refused. An empty system prompt is none.
Only a run's own copy (as_asked) has the system prompt in front of the question where the format has no place for it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from reprlib import repr as shortened
from typing import Any, Literal

from finetuning.base_models import RecordFormat
from finetuning.dataset import codes
from finetuning.dataset.codes import Code, Problem
from finetuning.json_limits import beyond_reading

Format = Literal[RecordFormat, "evaluation"]
Record = Mapping[str, Any]

CONVERSE_SCHEMA = "bedrock-conversation-2024"
EVALUATION_KEYS = ("question", "referenceAnswer", "topic")
_PROMPT_KEYS = ("prompt", "completion")


class RecordError(Exception):
    """The first thing wrong with a record."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(f"{message} ({code.name}). {code.fix}")
        self.code = code
        self.message = message


def format_of(record: Record) -> Format | None:
    """Which format the record's keys say it is in; whether it keeps that format's rules is for the checks to say."""
    if "messages" in record:
        return "converse" if "schemaVersion" in record else "messages"
    if record.keys() == set(_PROMPT_KEYS):
        return "promptCompletion"
    return "evaluation" if record.keys() == set(EVALUATION_KEYS) else None


def to_messages(record: Record, given: RecordFormat) -> Record:
    """A record of that format in the messages format; one that is in it already is not looked at.

    Raises RecordError where the record is not of that format, or holds what messages have no place for.
    """
    return _READERS[given](record)


def from_messages(record: Record, wanted: RecordFormat) -> Record:
    """A record that check_record accepts in that format. Raises RecordError where it has no place for something."""
    return _WRITERS[wanted](record)


def as_asked(system: str | None, question: str, wanted: RecordFormat) -> tuple[str | None, str]:
    """The system prompt and the question as a model is trained with that format, and so is asked: see decision 0023."""
    if wanted == "promptCompletion" and system:
        return None, f"{system}\n\n{question}"
    return system, question


def to_evaluation(record: Record, topic: str) -> Record:
    """A record that check_record accepts as a question with its reference answer. Raises RecordError as above."""
    question, answer = _question_and_answer(record, "evaluation data")
    return {"question": question, "referenceAnswer": answer, "topic": topic}


def from_evaluation(record: Record) -> tuple[Record, str]:
    """The record in the messages format, and its topic, for which that has no place. Raises RecordError."""
    question, answer, topic = _texts(record, EVALUATION_KEYS)
    return _one_turn(question, answer), topic


def to_line(record: Record) -> bytes:
    """The record in JSON without a line end. Raises RecordError where UTF-8 or JSON has no way to say it."""
    try:
        return json.dumps(record, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise RecordError(codes.SURROGATE, "a text holds half of a surrogate pair (\\ud800-\\udfff)") from None
    except RecursionError as error:
        raise RecordError(codes.NOT_JSON, beyond_reading(error)) from None


def key_problems(
    given: Mapping[str, object], required: tuple[str, ...], optional: tuple[str, ...] = (), where: str = ""
) -> Iterator[Problem]:
    """where: "messages[0]: ", for the message."""
    if missing := [key for key in required if key not in given]:
        yield codes.MISSING_KEY, f"{where}{named('missing', missing)}"
    allowed = required + optional
    if unknown := [key for key in given if key not in allowed]:
        yield codes.UNKNOWN_KEY, f"{where}{named('unknown', unknown)}; only {', '.join(allowed)} may stand here"


def named(what: str, names: list[str]) -> str:
    """The first few of them, shortened."""
    shown = ", ".join(shortened(name) for name in names[:3])
    return f"{what} {shown}" + (f" (and {len(names) - 3:,} more)" if len(names) > 3 else "")


def _only_keys(
    given: Mapping[str, object], required: tuple[str, ...], optional: tuple[str, ...] = (), where: str = ""
) -> None:
    """Raises RecordError where a required key is missing, or one stands there that is neither."""
    for code, message in key_problems(given, required, optional, where):
        raise RecordError(code, message)


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _to_converse(record: Record) -> Record:
    rendered: dict[str, Any] = {"schemaVersion": CONVERSE_SCHEMA}
    if record.get("system"):
        rendered["system"] = [{"text": record["system"]}]
    rendered["messages"] = [{"role": m["role"], "content": [{"text": m["content"]}]} for m in record["messages"]]
    return rendered


def _from_converse(record: Record) -> Record:
    _only_keys(record, required=("schemaVersion", "messages"), optional=("system",))
    if record["schemaVersion"] != CONVERSE_SCHEMA:
        got = shortened(record["schemaVersion"])
        raise RecordError(codes.CONVERSE, f"schemaVersion is {got}")
    rendered: dict[str, Any] = {}
    if record.get("system", []) != []:
        rendered["system"] = _only_text(record["system"], "system")
    rendered["messages"] = [_from_turn(turn, f"messages[{index}]") for index, turn in enumerate(_turns(record))]
    return rendered


def _turns(record: Record) -> list[object]:
    turns = record["messages"]
    if not isinstance(turns, list):
        raise RecordError(codes.MESSAGES, f"messages is {kind(turns)}")
    return turns


def _from_turn(turn: object, where: str) -> Record:
    if not isinstance(turn, dict):
        raise RecordError(codes.MESSAGE_TYPE, f"{where} is {kind(turn)}")
    _only_keys(turn, required=("role", "content"), where=f"{where}: ")
    return {"role": turn["role"], "content": _only_text(turn["content"], f"{where}.content")}


def _only_text(blocks: object, where: str) -> str:
    """The text of a list of one text block."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise RecordError(codes.CONVERSE, f"{where} is no list of blocks")
    others = [shortened(key) for block in blocks for key in block if key != "text"]
    if others:
        raise RecordError(codes.LOSSY, f"{where} holds {others[0]}, which would be lost: only text can be converted")
    if len(blocks) != 1 or "text" not in blocks[0]:
        message = f"{where} has {len(blocks)} text blocks, not one: their borders would be lost"
        raise RecordError(codes.LOSSY, message)
    text = blocks[0]["text"]
    if not isinstance(text, str):
        raise RecordError(codes.CONTENT_TYPE, f"{where}[0].text is {kind(text)}")
    return text


def _to_prompt_completion(record: Record) -> Record:
    return dict(zip(_PROMPT_KEYS, _question_and_answer(record, "prompt and completion"), strict=True))


def _from_prompt_completion(record: Record) -> Record:
    return _one_turn(*_texts(record, _PROMPT_KEYS))


def _question_and_answer(record: Record, wanted: str) -> tuple[str, str]:
    if record.get("system"):
        raise RecordError(codes.LOSSY, f"{wanted} have no place for the system prompt")
    messages = record["messages"]
    if len(messages) != 2:
        message = f"{wanted} hold one question and one answer, the record {len(messages)} messages"
        raise RecordError(codes.LOSSY, message)
    return messages[0]["content"], messages[1]["content"]


def _one_turn(question: str, answer: str) -> Record:
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def _texts(record: Record, keys: tuple[str, ...]) -> list[str]:
    _only_keys(record, required=keys)
    for key in keys:
        if not isinstance(record[key], str):
            raise RecordError(codes.CONTENT_TYPE, f"{key} is {kind(record[key])}")
    return [record[key] for key in keys]


def _unchanged(record: Record) -> Record:
    return record


_READERS: Mapping[RecordFormat, Callable[[Record], Record]] = {
    "messages": _unchanged,
    "converse": _from_converse,
    "promptCompletion": _from_prompt_completion,
}
_WRITERS: Mapping[RecordFormat, Callable[[Record], Record]] = {
    "messages": _unchanged,
    "converse": _to_converse,
    "promptCompletion": _to_prompt_completion,
}
