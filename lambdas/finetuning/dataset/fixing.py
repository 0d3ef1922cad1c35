"""A corrected copy of a file: what can be mended without judgement, and nothing else."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import blake2b
from typing import Any

from finetuning.base_models import BaseModel
from finetuning.dataset import codes
from finetuning.dataset.files import Source
from finetuning.dataset.lines import MAX_LINE_BYTES, read_blocks
from finetuning.dataset.parsing import BOM, JSON_SPACE
from finetuning.dataset.rules import check_line
from finetuning.errors import InvalidDatasetError
from finetuning.record_formats import EVALUATION_KEYS, to_line
from finetuning.run_store import DatasetFile

_RECORD_KEYS = ("system", "messages")
_MESSAGE_KEYS = ("role", "content")

Tell = Callable[[int, str], None]
"""Is told what was done to a line, which counts from 1 in the file as it was."""


def fixed_lines(kind: DatasetFile, source: Source, model: BaseModel, tell: Tell) -> Iterator[bytes]:
    """The file's lines without their ends, mended.

    Raises InvalidDatasetError for a line that is too long to be held. Memory: a line, and about 200 bytes a record.
    """
    first_of: dict[bytes, int] = {}
    for number, line in enumerate(_lines(source.read()), start=1):
        if line is None:
            found = codes.LINE_SIZE.at(source.file, number, f"the line is longer than {MAX_LINE_BYTES:,} bytes")
            raise InvalidDatasetError("The file cannot be corrected:", [str(found)])
        mended = _mended(line, partial(tell, number))
        if mended is None:
            continue
        ordered = _in_order(mended, kind, model)
        if ordered != mended:
            tell(number, "keys put in their usual order")
        first = first_of.setdefault(blake2b(ordered, digest_size=16).digest(), number)
        if first != number:
            tell(number, f"removed: the same record as line {first}")
            continue
        yield ordered


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """With their ends. Not splitlines: a carriage return may stand inside a line of JSON."""
    for block in read_blocks(chunks):
        if block is None:
            yield None
            continue
        *ended, last = block.split(b"\n")
        yield from (line + b"\n" for line in ended)
        if last:
            yield last


def _mended(line: bytes, tell: Callable[[str], None]) -> bytes | None:
    """The line without what does not belong to it; None where it is blank."""
    if not line.endswith(b"\n"):
        tell("line end added")
    content = line.removesuffix(b"\n")
    if line.endswith(b"\r\n"):
        tell("CR LF became LF")
        content = content.removesuffix(b"\r")
    # Files that were joined may have several, with space between them.
    without_bom = re.sub(rb"^(?:[ \t\r\n]*%b)+" % BOM, b"", content)
    if without_bom != content:
        tell("byte order mark removed")
    if not without_bom.decode(errors="replace").strip():
        tell("removed: a blank line")
        return None
    stripped = without_bom.strip(JSON_SPACE)
    if stripped != without_bom:
        tell("white space around the record removed")
    return stripped


def _in_order(line: bytes, kind: DatasetFile, model: BaseModel) -> bytes:
    """The same record with its keys in their usual order; a line with errors stays as it is."""
    if check_line(line, kind, model).record is None:
        return line
    record: dict[str, Any] = json.loads(line)
    ordered = _ordered(record, EVALUATION_KEYS if kind == "evaluation" else _RECORD_KEYS)
    if kind != "evaluation":
        ordered["messages"] = [_ordered(message, _MESSAGE_KEYS) for message in record["messages"]]
    # Dictionaries that differ in order are equal; their texts are not.
    return line if json.dumps(ordered) == json.dumps(record) else to_line(ordered)


def _ordered(value: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value[key] for key in keys if key in value}
