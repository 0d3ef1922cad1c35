"""One line read as JSON, with everything that is wrong with it before it is a record."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from finetuning.dataset import codes
from finetuning.dataset.codes import Problem
from finetuning.dataset.lines import MAX_LINE_BYTES
from finetuning.json_limits import beyond_reading
from finetuning.record_formats import RecordError, kind, named, to_line

BOM = b"\xef\xbb\xbf"
# What JSON takes for white space; Python's strip() takes more.
JSON_SPACE = b" \t\r\n"


@dataclass
class ParsedLine:
    """value: the JSON object; None where the line holds none that could be checked further."""

    value: dict[str, Any] | None = None
    problems: list[Problem] = field(default_factory=list)


def parse_line(line: bytes | None) -> ParsedLine:
    """line: without its end; None: it was too long to be read."""
    parsed = ParsedLine()
    if line is None:
        parsed.problems.append((codes.LINE_SIZE, f"the line is longer than {MAX_LINE_BYTES:,} bytes"))
        return parsed
    parsed.problems += _problems_of_bytes(line)
    text = line.removeprefix(BOM).decode(errors="replace")
    if text.strip():
        _parse(text, parsed)
    return parsed


def _problems_of_bytes(line: bytes) -> Iterator[Problem]:
    if line.startswith(BOM):
        yield codes.BOM, "a byte order mark stands before the record"
        line = line.removeprefix(BOM)
    if nul := line.count(b"\0"):
        yield codes.NUL, f"byte {line.index(0) + 1} is NUL, and {nul:,} are in all"
    try:
        blank = not line.decode().strip()
    except UnicodeDecodeError as error:
        yield codes.UTF_8, f"byte {error.start + 1} is not UTF-8"
        return
    if blank:
        yield codes.BLANK_LINE, "the line is blank"
    elif line != line.strip(JSON_SPACE):
        yield codes.SURROUNDING_SPACE, "white space stands before or after the record"


def _parse(text: str, parsed: ParsedLine) -> None:
    """Adds the value, and what is wrong with it as JSON. Bytes that are no text are reason enough for it to be none."""
    is_text = not any(code in (codes.NUL, codes.UTF_8) for code, _ in parsed.problems)
    found: list[Problem] = []

    def refuse_constant(name: str) -> float:
        found.append((codes.NAN, f"the value {name} is no JSON"))
        return float(name)

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            twice = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
            found.append((codes.DUPLICATE_KEY, named("more than once in one object:", twice)))
        return value

    try:
        value = json.loads(text, parse_constant=refuse_constant, object_pairs_hook=object_of)
        to_line({"": value})
    except RecordError:
        found.append((codes.SURROGATE, "a text holds half of a surrogate pair (\\ud800-\\udfff)"))
    except json.JSONDecodeError as error:
        if is_text:
            parsed.problems.append((codes.NOT_JSON, _no_json(text, error)))
        return
    except (ValueError, RecursionError) as error:
        parsed.problems.append((codes.NOT_JSON, f"no JSON that can be read: {beyond_reading(error)}"))
        return
    parsed.problems += found
    if isinstance(value, dict):
        parsed.value = value
    else:
        parsed.problems.append((codes.NOT_AN_OBJECT, f"the line holds {kind(value)}"))


def _no_json(text: str, error: json.JSONDecodeError) -> str:
    said = f"{error.msg.removesuffix(' at')} at character {error.pos + 1}"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"the JSON ends before it is complete: {said}"
    return f"no JSON: {said}"
