"""The dataset's rules as preparation needs them: of one record at a time, and of how many a file may hold."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from finetuning.base_models import BaseModel
from finetuning.dataset import (
    MAX_LINE_BYTES,
    FileSummary,
    check_counts,
    check_evaluation_record,
    check_record,
    parse_object,
)
from finetuning.record_formats import Record, RecordError, to_line
from finetuning.run_store import DATASET_FILES, DatasetFile


def parsed(text: bytes | None) -> Mapping[str, Any] | RecordError:
    """The JSON object, or what is wrong with it. None: it was too long to be read."""
    try:
        return parse_object(text)
    except RecordError as error:
        return error


def check_training(record: Record, model: BaseModel, *, trained: bool = True) -> None:
    """Raises RecordError where a record in the messages format breaks a rule.

    trained: False where nobody will be trained on it, so that what the model reserves may stand in it.
    """
    check_record(_line(record), model if trained else replace(model, reserved=()))


def check_evaluation(record: Record, model: BaseModel) -> None:
    """Raises RecordError where a record of evaluation data breaks a rule."""
    check_evaluation_record(_line(record), model)


def problems_of_counts(counts: Mapping[DatasetFile, int], model: BaseModel) -> list[str]:
    """Which of these files would have too few or too many records. Files that are not named are no problem."""
    summaries = {file: FileSummary(records=counts.get(file, model.limits.validation_min)) for file in DATASET_FILES}
    return [str(finding) for finding in check_counts(summaries, model)]


def _line(record: Record) -> bytes | None:
    """As a file has it; None where the line would be too long."""
    line = to_line(record)
    return line if len(line) <= MAX_LINE_BYTES else None
