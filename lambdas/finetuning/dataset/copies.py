"""A run's own copy of a dataset: in the base model's record format, and in batches for the Map states."""

import json
from collections.abc import Iterable, Iterator

from finetuning.base_models import BaseModel
from finetuning.dataset.lines import read_lines
from finetuning.record_formats import Record, as_asked, from_messages, to_line
from finetuning.run_store import DatasetFile

BATCH_SIZE = 8


def render(kind: DatasetFile, chunks: Iterable[bytes], model: BaseModel) -> Iterator[bytes]:
    """The checked file's bytes as the base model's customization job reads them, one line at a time.

    A file that is in the right format already keeps every byte of its records.
    """
    keep = kind == "evaluation" or model.record_format == "messages"
    for line in read_lines(chunks):
        if line is None:
            raise ValueError("a line over the limit got past check_file")
        yield (line if keep else to_line(rendered(json.loads(line), model))) + b"\n"


def rendered(record: Record, model: BaseModel) -> Record:
    """A checked record in the model's format."""
    first, *others = record["messages"]
    system, question = as_asked(record.get("system"), first["content"], model.record_format)
    messages = [{**first, "content": question}, *others]
    return from_messages({"system": system, "messages": messages}, model.record_format)


def batches(records: int) -> list[dict[str, int]]:
    """The evaluation records in batches for the Map states: [{"index": 0, "first": 0, "count": 8}, …]."""
    return [
        {"index": index, "first": first, "count": min(BATCH_SIZE, records - first)}
        for index, first in enumerate(range(0, records, BATCH_SIZE))
    ]
