"""The execution input from a file, with errors that name the place."""

import json
from pathlib import Path
from typing import Any

from cli.errors import CommandError


def read_input(path: Path) -> dict[str, Any]:
    """Raises CommandError naming file, line and column. Which fields are allowed is checked by the workflow itself."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"cannot read the input file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8: save it as UTF-8") from error
    except json.JSONDecodeError as error:
        raise CommandError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    if not isinstance(document, dict):
        raise CommandError(f"{path}: the execution input must be a JSON object, for example {{}}")
    return document
