"""The items of a JSON document's list as they are written, each with its line, so that each can be judged by itself."""

import json
import re
from collections.abc import Iterator
from typing import Any

from finetuning.errors import SourceError
from finetuning.json_limits import beyond_reading
from finetuning.record_formats import format_of

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def json_rows(name: str, text: str) -> Iterator[tuple[int, str]]:
    """(line, JSON) of each item of an array, or of an object's only list; an object that is a record is the only item.

    Raises SourceError where the document is none of these.
    """
    document = _document(name, text)
    start = _skip_space(text, 0)
    if isinstance(document, dict) and format_of(document):
        yield _line(text, start), text[start:].rstrip()
        return
    if isinstance(document, dict):
        start = _only_list(name, text, start)
    elif not isinstance(document, list):
        raise SourceError(f"{name}: neither a JSON array nor an object with a list: write one JSON array of objects")
    line, counted = 1, 0
    for item, end in _items(text, start):
        line, counted = line + text.count("\n", counted, item), item
        yield line, text[item:end]


def _document(name: str, text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        hint = " One object a line is JSONL: then its name must end in .jsonl" if error.msg == "Extra data" else ""
        raise SourceError(f"{name}:{error.lineno}:{error.colno}: not JSON: {error.msg}.{hint}") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{name}: not JSON that can be read: {beyond_reading(error)}") from error


def _only_list(name: str, text: str, start: int) -> int:
    """Where the only list among an object's members starts."""
    # The members of an object alternate: a key, a value. All of them are values of JSON.
    spans = list(_items(text, start))
    keys, values = spans[0::2], spans[1::2]
    lists = [(text[slice(*key)], value[0]) for key, value in zip(keys, values, strict=True) if text[value[0]] == "["]
    if len(lists) != 1:
        found = f"lists: {', '.join(key for key, _ in lists)}" if lists else "no list"
        raise SourceError(f"{name}: the object holds {found}: make it hold one, or write one JSON array of objects")
    return lists[0][1]


def _items(text: str, start: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each value between the bracket that stands at `start` and its counterpart; the JSON is valid."""
    position = _skip_space(text, start + 1)
    while text[position] not in "]}":
        _, end = _DECODER.raw_decode(text, position)
        yield position, end
        position = _skip_space(text, end)
        if text[position] in ",:":
            position = _skip_space(text, position + 1)


def _skip_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _line(text: str, position: int) -> int:
    return 1 + text.count("\n", 0, position)
