"""The dataset's rules as preparation needs them: of one record at a time, and of how many a file may hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from finetuning.base_models import BaseModel
from finetuning.dataset.codes import Problem
from finetuning.dataset.files import FileSummary, Findings, check_whole_files
from finetuning.dataset.lines import MAX_LINE_BYTES
from finetuning.dataset.parsing import parse_line
from finetuning.dataset.rules import check_line
from finetuning.record_formats import Record, RecordError, to_line
from finetuning.run_store import DatasetFile


def parsed(text: bytes | None) -> Mapping[str, Any] | RecordError:
    """The JSON object, or what is wrong with it. None: it was too long to be read."""
    line = parse_line(text)
    for error in _errors(line.problems):
        return error
    return line.value or {}


def check_training(record: Record, model: BaseModel, *, trained: bool = True) -> None:
    """Raises RecordError where a record in the messages format breaks a rule.

    trained: False where nobody will be trained on it, so that what the model reserves may stand in it.
    """
    _refuse(check_line(_line(record), "training", model if trained else replace(model, reserved=())).problems)


def check_evaluation(record: Record, model: BaseModel) -> None:
    """Raises RecordError where a record of evaluation data breaks a rule."""
    _refuse(check_line(_line(record), "evaluation", model).problems)


def _refuse(problems: Iterable[Problem]) -> None:
    for error in _errors(problems):
        raise error


def _errors(problems: Iterable[Problem]) -> Iterator[RecordError]:
    for code, message in problems:
        if code.severity == "error":
            yield RecordError(code, message)


def problems_of_counts(counts: Mapping[DatasetFile, int], model: BaseModel) -> list[str]:
    """Which of these files would have too few or too many records."""
    summaries = {file: FileSummary(Findings(f"{file}.jsonl", 0), records) for file, records in counts.items()}
    return [str(each) for each in check_whole_files(summaries, model) if each.severity == "error"]


def _line(record: Record) -> bytes | None:
    """As a file has it; None where the line would be too long."""
    line = to_line(record)
    return line if len(line) <= MAX_LINE_BYTES else None
