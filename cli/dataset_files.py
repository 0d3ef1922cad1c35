"""Files of datasets on this machine: which of the three each is, and which belong together."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from finetuning.dataset.lines import read_lines
from finetuning.dataset.parsing import parse_line
from finetuning.preparation.sources import ENDINGS
from finetuning.record_formats import EVALUATION_KEYS
from finetuning.run_store import DATASET_FILES, DatasetFile

from cli.errors import CommandError, UsageError
from cli.output import shown

_CHUNK_BYTES = 128 * 1024
_FOR_PREPARE = set(ENDINGS) - {".jsonl", ".ndjson"}

Dataset = Mapping[DatasetFile, Path]


def find_datasets(given: Sequence[Path]) -> list[Dataset]:
    """The files, and those of the folders, in order; a second file of the same kind begins another dataset.

    Raises UsageError for a path that holds no such file, CommandError for one that cannot be read.
    """
    datasets: list[dict[DatasetFile, Path]] = [{}]
    for path in (file for each in given for file in _files(each)):
        kind = kind_of(path)
        if kind in datasets[-1]:
            datasets.append({})
        datasets[-1][kind] = path
    return list(datasets)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = [file for kind in DATASET_FILES if (file := path / f"{kind}.jsonl").is_file()]
        if not found:
            names = ", ".join(f"{kind}.jsonl" for kind in DATASET_FILES)
            raise UsageError(f"{path}: the folder has none of {names}")
        return found
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    if not path.is_file():
        raise UsageError(f"{path}: no file that can be read more than once")
    if path.suffix.lower() in _FOR_PREPARE:
        # Each line of it would be a finding.
        command = f"bedrock-ft prepare {shlex.quote(shown(path))} --out NEW.jsonl"
        raise UsageError(f"{shown(path)}: no JSON Lines; make them first: {command}")
    return [path]


def kind_of(path: Path) -> DatasetFile:
    """By the file's name or, where it names none or several, by its first record. Raises CommandError."""
    named = [kind for kind in DATASET_FILES if kind in path.name.lower()]
    if len(named) == 1:
        return named[0]
    record = parse_line(next(read_lines(chunks(path)), b"")).value or {}
    return "evaluation" if "messages" not in record and record.keys() & set(EVALUATION_KEYS) else "training"


def chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes. Raises CommandError where they cannot be read."""
    try:
        with path.open("rb") as content:
            while chunk := content.read(_CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror}") from error
