"""The execution input from a file, with errors that name the place."""

import json
from pathlib import Path
from typing import Any

from cli.errors import CommandError


def read_input(path: Path) -> dict[str, Any]:
    """Raises CommandError naming file, line and column. Which fields are allowed is checked by the workflow itself."""
    try:
        # utf-8-sig: some editors put a byte order mark first.
        document = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_doubled_keys)
    except OSError as error:
        raise CommandError(f"cannot read the input file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8: save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise CommandError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    except _DoubledKeyError as error:
        raise CommandError(f"{path}: the key {error} stands twice in one object: keep one") from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or thousands of brackets in each other.
        raise CommandError(f"{path}: no execution input: {error}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{path}: the execution input must be a JSON object, for example {{}}")
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
