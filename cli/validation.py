"""Datasets on this machine, checked, and files mended; needs the libraries of the scoring layer."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from finetuning.base_models import BaseModel
from finetuning.card import CARD, Card, read_card
from finetuning.dataset.files import Source
from finetuning.dataset.fixing import fixed_lines
from finetuning.dataset.validation import validate
from finetuning.errors import InvalidDatasetError

from cli.changes import Changes
from cli.dataset_files import Dataset, chunks, find_datasets
from cli.errors import CommandError, UsageError
from cli.files import refuse_to_replace, write_files
from cli.findings import CheckedFile
from cli.output import progress_console, say, shown

__all__ = ["check", "find_datasets", "fix"]

# Of a file and severity; the others are counted.
MOST_FINDINGS = 1_000


def check(dataset: Dataset, model: BaseModel) -> list[CheckedFile]:
    """Raises CommandError for a file that cannot be read."""
    sources = {kind: _source(path) for kind, path in dataset.items()}
    validation = validate(sources, model, most_findings=MOST_FINDINGS, thin_on_purpose=_card(dataset).thin_topics)
    return [
        CheckedFile(summary.file, summary.records, [each for each in validation.findings if each.file == summary.file])
        for summary in validation.summaries.values()
    ]


def fix(datasets: Sequence[Dataset], out: Path, model: BaseModel, *, force: bool) -> Dataset:
    """Write a corrected copy of the one file, say what was done to it, and return the copy in its place.

    Raises UsageError where there is not just one file, or the copy would be the file; CommandError where it exists, or
    cannot be made.
    """
    files = [(kind, path) for dataset in datasets for kind, path in dataset.items()]
    if len(files) != 1:
        raise UsageError(f"--fix takes one file, not {len(files)}")
    [(kind, path)] = files
    if out.exists() and out.samefile(path):
        raise UsageError(f"{out}: a file is never corrected in place")
    refuse_to_replace([out], force)
    changes = Changes()
    try:
        write_files({out: fixed_lines(kind, _source(path), model, changes.add)})
    except InvalidDatasetError as error:
        raise CommandError(str(error)) from error
    console = progress_console()
    for change in changes.told():
        say(console, f"{shown(path)} {change}")
    say(console, f"{shown(out)}: {'nothing was to mend' if not changes.any else 'the corrected copy'}")
    return {kind: out}


def _card(dataset: Dataset) -> Card:
    """The one beside the questions, since it speaks of them; without one, a card that says nothing."""
    path = dataset["evaluation"].with_name(CARD) if "evaluation" in dataset else None
    if path is None or not path.is_file():
        return Card()
    try:
        return read_card(b"".join(chunks(path)))
    except InvalidDatasetError as error:
        raise CommandError(f"{shown(path)}: {error}") from error


def _source(path: Path) -> Source:
    return Source(shown(path), partial(chunks, path))
