"""The rules of a dataset's files, and a run's own copy of them in the base model's record format.

Datasets are kept in Claude's messages format; evaluation data has a question, a reference answer and a topic a line.
Files are streamed: memory is bounded by the longest line allowed, not by the file.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from reprlib import repr as shortened
from typing import Any

from finetuning.base_models import BaseModel
from finetuning.record_formats import EVALUATION_KEYS, Record, from_messages, to_line
from finetuning.record_formats import RecordError as _RecordError
from finetuning.record_formats import kind as _kind
from finetuning.record_formats import only_keys as _only_keys
from finetuning.run_config import MAX_SYSTEM_PROMPT
from finetuning.run_store import DatasetFile
from finetuning.tokens import estimate_tokens

# Longer than any record of the allowed tokens; a line beyond it is skipped without being held in memory.
MAX_LINE_BYTES = 1024 * 1024
# Scoring ends within a Lambda function's 15 minutes: this project's own limit.
MAX_EVALUATION_RECORDS = 500
# Below this, no difference that people would care about can be told from chance.
FEW_EVALUATION_RECORDS = 20
BATCH_SIZE = 8
MAX_FINDINGS = 20


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `line` counts from 1; 0 = the file as a whole."""

    file: str
    line: int
    code: str
    message: str
    fix: str

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" if self.line else self.file
        return f"{where}: {self.message} ({self.code}). {self.fix}"


@dataclass
class FileSummary:
    """What one pass over a file found. `system_prompts` holds at most two, enough to know whether there is just one."""

    records: int = 0
    tokens: int = 0
    size: int = 0
    sha256: str = ""
    findings: list[Finding] = field(default_factory=list)
    system_prompts: set[str | None] = field(default_factory=set)


def check_file(file: DatasetFile, chunks: Iterable[bytes], model: BaseModel) -> FileSummary:
    """Apply the base model's rules to every line of a file, in one pass.

    chunks: the file's bytes in order. Findings stop at MAX_FINDINGS; counting goes on.
    """
    summary, digest = FileSummary(), hashlib.sha256()
    check = check_evaluation_record if file == "evaluation" else check_record

    def seen() -> Iterator[bytes]:
        for chunk in chunks:
            digest.update(chunk)
            summary.size += len(chunk)
            yield chunk

    for number, line in enumerate(read_lines(seen()), start=1):
        summary.records += 1
        try:
            record = check(line, model)
        except _RecordError as error:
            if len(summary.findings) < MAX_FINDINGS:
                summary.findings.append(Finding(f"{file}.jsonl", number, *error.args))
            continue
        summary.tokens += record_tokens(record)
        if file != "evaluation" and len(summary.system_prompts) < 2:
            summary.system_prompts.add(record.get("system") or None)
    summary.sha256 = digest.hexdigest()
    return summary


def check_counts(summaries: Mapping[DatasetFile, FileSummary], model: BaseModel) -> list[Finding]:
    """The rules about whole files: how many records, how many bytes."""
    limits = model.limits
    ranges: dict[DatasetFile, tuple[int, int, int]] = {
        "training": (limits.training_min, limits.training_max, limits.training_bytes),
        "validation": (limits.validation_min, limits.validation_max, limits.validation_bytes),
        "evaluation": (1, MAX_EVALUATION_RECORDS, limits.validation_bytes),
    }
    findings = []
    for file, (minimum, maximum, size) in ranges.items():
        summary = summaries[file]
        if not minimum <= summary.records <= maximum:
            who = "a run" if file == "evaluation" else model.name
            message = f"has {summary.records:,} records; {who} takes {minimum:,} to {maximum:,}"
            findings.append(Finding(f"{file}.jsonl", 0, "record-count", message, "Add or remove records."))
        if summary.size > size:
            message = f"has {summary.size:,} bytes; at most {size:,} are allowed"
            findings.append(Finding(f"{file}.jsonl", 0, "file-size", message, "Remove records."))
    for prompt in summaries["training"].system_prompts:
        # Where all records share it, both models are told it, and it travels in the execution's state.
        if prompt and len(prompt) > MAX_SYSTEM_PROMPT and len(summaries["training"].system_prompts) == 1:
            message = f"its system prompt has {len(prompt):,} characters; at most {MAX_SYSTEM_PROMPT:,} are allowed"
            findings.append(Finding("training.jsonl", 0, "system-prompt", message, "Shorten it in every record."))
    total = summaries["training"].records + summaries["validation"].records
    if total > limits.total_max:
        message = (
            f"training and validation data have {total:,} records together; at most {limits.total_max:,} are allowed"
        )
        findings.append(Finding("training.jsonl", 0, "record-count", message, "Remove records."))
    return findings


def check_record(line: bytes | None, model: BaseModel) -> Record:
    """A training or validation record in the messages format. Raises _RecordError."""
    record = parse_object(line)
    _only_keys(record, required=("messages",), optional=("system",))
    system = record.get("system", "")
    if not isinstance(system, str):
        raise _RecordError("system-type", f"system is {_kind(system)}", "Make it a text, or leave it out.")
    messages = record["messages"]
    if not isinstance(messages, list) or len(messages) < 2:
        raise _RecordError(
            "messages", "messages must be a list of at least two", "Give a user and an assistant message."
        )
    texts = [("system", system)]
    for index, message in enumerate(messages):
        texts.append((f"messages[{index}]", _check_message(index, message)))
    if len(messages) % 2:
        raise _RecordError("last-role", "the last message is the user's", "End with the assistant's answer.")
    for where, text in texts:
        for reserved in model.reserved:
            if reserved in text:
                raise _RecordError("reserved", f"{where} holds {reserved!r}, which {model.name} reserves", "Reword it.")
    _check_tokens(record, model)
    return record


def _check_tokens(record: Record, model: BaseModel) -> None:
    tokens, limit = record_tokens(record), model.limits.tokens_per_record
    if tokens > limit:
        raise _RecordError(
            "record-tokens", f"about {tokens:,} tokens; at most {limit:,} are allowed", "Shorten or split it."
        )


def _check_message(index: int, message: object) -> str:
    """The message's text. Raises _RecordError."""
    if not isinstance(message, dict):
        raise _RecordError("message-type", f"messages[{index}] is {_kind(message)}", "Make it a role and a content.")
    _only_keys(message, required=("role", "content"), where=f"messages[{index}]: ")
    expected = ("user", "assistant")[index % 2]
    if message["role"] != expected:
        got = shortened(message["role"])
        raise _RecordError("role", f"messages[{index}].role is {got}, not {expected!r}", "Alternate, the user first.")
    content = message["content"]
    if not isinstance(content, str):
        raise _RecordError("content-type", f"messages[{index}].content is {_kind(content)}", "Make it one text.")
    if not content.strip():
        raise _RecordError("content-empty", f"messages[{index}].content is empty", "Write it, or remove the record.")
    return content


def check_evaluation_record(line: bytes | None, model: BaseModel) -> Record:
    """A question, a reference answer and a topic, each a text that is not empty. Raises _RecordError."""
    record = parse_object(line)
    _only_keys(record, required=EVALUATION_KEYS)
    for key in EVALUATION_KEYS:
        if not isinstance(record[key], str) or not record[key].strip():
            raise _RecordError(
                f"{key}-empty", f"{key} must be a text that is not empty", "Write it, or remove the record."
            )
    _check_tokens(record, model)
    return record


def parse_object(line: bytes | None) -> dict[str, Any]:
    """The JSON object on a line; None: the line was too long. Raises RecordError."""
    if line is None:
        raise _RecordError(
            "line-size", f"the line is longer than {MAX_LINE_BYTES:,} bytes", "Shorten or split the record."
        )
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise _RecordError("utf-8", f"byte {error.start + 1} is not UTF-8", "Save the file as UTF-8.") from None
    if not text.strip():
        raise _RecordError("blank-line", "the line is blank", "Remove it.")
    if text.startswith("\ufeff"):
        raise _RecordError("bom", "the file begins with a byte order mark", "Save the file as UTF-8 without BOM.")
    try:
        record = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicate_keys)
    except (ValueError, RecursionError) as error:
        raise _RecordError("json", f"not JSON: {error}", "Write one JSON object on the line.") from None
    if not isinstance(record, dict):
        raise _RecordError("not-an-object", f"the line holds {_kind(record)}", "Write one JSON object on the line.")
    to_line(record)
    return record


def _refuse_constant(name: str) -> None:
    raise _RecordError("nan", f"{name} is not JSON", "Remove it; content is text.")


def _refuse_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for key, value in pairs:
        if key in record:
            raise _RecordError("duplicate-key", f"the key {shortened(key)} stands twice in one object", "Keep one.")
        record[key] = value
    return record


def record_tokens(record: Record) -> int:
    """Estimated tokens of every text in a record of either kind."""
    if "messages" not in record:
        return estimate_tokens(record["question"]) + estimate_tokens(record["referenceAnswer"])
    return estimate_tokens(record.get("system", "")) + sum(estimate_tokens(m["content"]) for m in record["messages"])


def read_lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """The lines of a stream without their ends (\\n or \\r\\n); None for a line over MAX_LINE_BYTES."""
    held, too_long = b"", False
    for chunk in chunks:
        *ended, rest = chunk.split(b"\n")
        for part in ended:
            line, held = held + part, b""
            yield None if too_long or len(line) > MAX_LINE_BYTES else line.removesuffix(b"\r")
            too_long = False
        held += rest
        if len(held) > MAX_LINE_BYTES:
            held, too_long = b"", True
    if held or too_long:
        yield None if too_long else held.removesuffix(b"\r")


def render(file: DatasetFile, chunks: Iterable[bytes], model: BaseModel) -> Iterator[bytes]:
    """The checked file's bytes as the base model's customization job reads them, one line at a time.

    A file that is in the right format already keeps every byte of its records.
    """
    keep = file == "evaluation" or model.record_format == "messages"
    for line in read_lines(chunks):
        if line is None:
            raise ValueError("a line over the limit got past check_file")
        yield (line if keep else to_line(from_messages(json.loads(line), model.record_format))) + b"\n"


def batches(records: int) -> list[dict[str, int]]:
    """The evaluation records in batches for the Map states: [{"index": 0, "first": 0, "count": 8}, …]."""
    return [
        {"index": index, "first": first, "count": min(BATCH_SIZE, records - first)}
        for index, first in enumerate(range(0, records, BATCH_SIZE))
    ]
