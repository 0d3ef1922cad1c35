"""Files that a command writes: whole or not at all."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from cli.errors import CommandError


def refuse_to_replace(paths: Iterable[Path], force: bool) -> None:
    """Raises CommandError where one of the files exists and must not be replaced."""
    existing = [str(path) for path in paths if path.exists()]
    if existing and not force:
        raise CommandError(f"{', '.join(existing)}: exists already; give --force to replace it")


def write_files(contents: Mapping[Path, Iterable[bytes]]) -> None:
    """Write each file's lines, in folders that are made where they are missing.

    Whatever ends it before all is written, an error in the contents too, leaves no file behind and none changed.
    Raises CommandError where a file cannot be written.
    """
    # Unlike a temporary file's, the name tells whose it is, and the mode is the one that files usually have.
    parts = {path: path.with_name(f".{path.name}.{os.getpid()}.part") for path in contents}
    path = Path()
    try:
        for path, lines in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with parts[path].open("xb") as part:
                part.writelines(line + b"\n" for line in lines)
        for path, part_path in parts.items():
            part_path.replace(path)
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
    finally:
        for part_path in parts.values():
            # Most often it is not there any more.
            with suppress(OSError):
                part_path.unlink()
