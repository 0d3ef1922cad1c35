"""JSON objects from files, with errors that name the place."""

import json
from pathlib import Path
from typing import Any

from finetuning.json_limits import beyond_reading

from cli.errors import CommandError


def read_input(path: Path) -> dict[str, Any]:
    """The execution input. Raises CommandError; which fields are allowed is checked by the workflow itself."""
    return parse(read(path), str(path), "execution input")


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error


def parse(content: bytes, name: str, kind: str) -> dict[str, Any]:
    """name: of the file, for errors. Raises CommandError naming file, line and column."""
    try:
        # utf-8-sig: some editors put a byte order mark first.
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_doubled_keys)
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8: save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise CommandError(f"{name}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except _DoubledKeyError as error:
        raise CommandError(f"{name}: the key {error} stands twice in one object: keep one") from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{name}: no {kind} that can be read: {beyond_reading(error)}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{name}: the {kind} must be a JSON object")
    return document


class _DoubledKeyError(Exception):
    pass


def _without_doubled_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets the last one win; a limit on spending should not be ambiguous."""
    document: dict[str, Any] = {}
    for key, value in pairs:
        if key in document:
            raise _DoubledKeyError(repr(key))
        document[key] = value
    return document
