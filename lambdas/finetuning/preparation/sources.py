"""Rows of JSON, JSONL, CSV, TSV and Parquet files, with the place of each.

All but JSON are streamed. Text files are UTF-8, with or without a byte order mark.
"""

import codecs
import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from io import TextIOWrapper
from typing import Any, BinaryIO

from finetuning.dataset import codes
from finetuning.dataset.lines import MAX_LINE_BYTES, read_lines
from finetuning.errors import SourceError
from finetuning.languages import language_of
from finetuning.preparation.json_rows import json_rows
from finetuning.preparation.rules import parsed
from finetuning.record_formats import RecordError

_CHUNK_BYTES = 1024 * 1024
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Row:
    """place: such as "line 7", counted from 1; content: its values by key, or what is wrong with it."""

    place: str
    content: Mapping[str, Any] | RecordError


def read_rows(name: str, stream: BinaryIO) -> Iterator[Row]:
    """The rows of a file that can be sought in; its name's ending says what it is.

    Raises SourceError where the file as a whole cannot be read.
    """
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending not in _READERS:
        raise SourceError(f"{name}: what is it? Names of files that can be read end in {', '.join(_READERS)}")
    if ending != ".parquet":
        _check_encoding(name, stream)
    return _READERS[ending](name, stream)


def _check_encoding(name: str, stream: BinaryIO) -> None:
    """Leave the stream behind its byte order mark, if it has one. Raises SourceError where the file is not UTF-8."""
    head = stream.read(_CHUNK_BYTES)
    # No text that begins with a character of ASCII has a zero among its first bytes, unless they are wider than one.
    if head.startswith(_UTF16_MARKS) or b"\0" in head[:4]:
        raise SourceError(f"{name} is UTF-16 or UTF-32: save it as UTF-8, as with `iconv -f UTF-16 -t UTF-8`")
    decoder, lines, chunk = codecs.getincrementaldecoder("utf-8")(), 1, head
    while chunk:
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            line = lines + error.object[: error.start].count(b"\n")
            raise SourceError(f"{name} line {line}: not UTF-8. {_encoding_hint(error.object)}") from None
        lines += chunk.count(b"\n")
        chunk = stream.read(_CHUNK_BYTES)
    if decoder.getstate()[0]:
        raise SourceError(f"{name} line {lines}: not UTF-8: it ends within a character. Is the file cut off?")
    stream.seek(len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0)


def _encoding_hint(content: bytes) -> str:
    try:
        text = codecs.getincrementaldecoder("cp932")().decode(content)
    except UnicodeDecodeError:
        text = ""
    if language_of(text) == "ja":
        return "It may be Shift_JIS (cp932): save it as UTF-8, as with `iconv -f CP932 -t UTF-8`"
    return "Save it as UTF-8"


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    return iter(partial(stream.read, _CHUNK_BYTES), b"")


def _jsonl(_: str, stream: BinaryIO) -> Iterator[Row]:
    for number, line in enumerate(read_lines(_chunks(stream)), start=1):
        # A blank line holds nothing that could be lost.
        if line is None or line.strip():
            yield Row(f"line {number}", parsed(line))


def _json(name: str, stream: BinaryIO) -> Iterator[Row]:
    for number, (line, text) in enumerate(json_rows(name, stream.read().decode()), start=1):
        yield Row(f"item {number} (line {line})", parsed(text.encode()))


def _delimited(name: str, stream: BinaryIO, delimiter: str) -> Iterator[Row]:
    """CSV as Python's csv reads it: quotes, line ends within them. What follows a broken quote is not read."""
    limit_before = csv.field_size_limit(MAX_LINE_BYTES)
    # Not ends of lines as Python makes them: those within quotes are the text's own.
    text = TextIOWrapper(stream, encoding="utf-8", newline="")
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    first_line = 1
    try:
        for values in rows:
            if values and header is None:
                header = _header(name, values)
            elif values and header is not None:
                yield Row(f"line {first_line}", _fields(header, values))
            first_line = rows.line_num + 1
    except csv.Error as error:
        yield Row(f"line {first_line}", RecordError(codes.CSV, f"{error}; nothing after it was read"))
    finally:
        csv.field_size_limit(limit_before)
        text.detach()
    if header is None:
        raise SourceError(f"{name} is empty: its first line must name the columns")


def _header(name: str, names: list[str]) -> list[str]:
    doubled = sorted({repr(column) for column in names if names.count(column) > 1})
    if doubled:
        raise SourceError(f"{name}: its first line names {', '.join(doubled)} twice: name each column differently")
    return names


def _fields(header: list[str], values: list[str]) -> Mapping[str, Any] | RecordError:
    if len(values) != len(header):
        message = f"{len(values)} fields, where the first line names {len(header)}"
        return RecordError(codes.FIELDS, message)
    return dict(zip(header, values, strict=True))


def _parquet(name: str, stream: BinaryIO) -> Iterator[Row]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise SourceError(f"{name}: to read Parquet, install it: pip install 'bedrock-ft[parquet]'") from None
    number = 0
    try:
        for batch in ParquetFile(stream).iter_batches(batch_size=1_000):
            for row in batch.to_pylist():
                number += 1
                # A column has a value in every row, if only null: that is no value.
                yield Row(f"row {number}", {key: value for key, value in row.items() if value is not None})
    except (ArrowException, OSError) as error:
        raise SourceError(f"{name}: cannot be read as Parquet after row {number}: {error}") from error


_READERS: Mapping[str, Callable[[str, BinaryIO], Iterator[Row]]] = {
    ".json": _json,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".csv": partial(_delimited, delimiter=","),
    ".tsv": partial(_delimited, delimiter="\t"),
    ".parquet": _parquet,
}
ENDINGS = tuple(_READERS)
