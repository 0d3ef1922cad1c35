"""A question with its answer and the passage that it rests on: read from a model, written as a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from finetuning.base_models import BASE_MODELS
from finetuning.dataset.files import Source, check_file
from finetuning.record_formats import RecordError, to_line

RecordKind = Literal["training", "validation", "evaluation"]
_FIELDS = ("question", "answer", "passage")


@dataclass(frozen=True)
class Pair:
    question: str
    answer: str
    passage: str


@dataclass(frozen=True)
class PlacedPair:
    """A pair and where its passage stands. topic: the section's title; document: the file's name."""

    pair: Pair
    topic: str
    document: str


def read_pairs(tool_input: Mapping[str, Any]) -> list[Pair | None]:
    """What a model called the tool with; None for each entry that is no pair of texts."""
    given = tool_input.get("pairs")
    return [_read(entry) for entry in given] if isinstance(given, list) else [None]


def _read(entry: object) -> Pair | None:
    if not isinstance(entry, Mapping):
        return None
    texts = [entry.get(name) for name in _FIELDS]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return None
    return Pair(*(str(text).strip() for text in texts))


def record(kind: RecordKind, placed: PlacedPair, system: str | None) -> dict[str, Any]:
    """As the dataset's file of that kind holds it."""
    pair = placed.pair
    if kind == "evaluation":
        return {"question": pair.question, "referenceAnswer": pair.answer, "topic": placed.topic}
    messages = [{"role": "user", "content": pair.question}, {"role": "assistant", "content": pair.answer}]
    return {"system": system, "messages": messages} if system else {"messages": messages}


def breaks(kind: RecordKind, placed: PlacedPair, system: str | None) -> str | None:
    """Which rule of any base model the record would break, so that it serves for all of them; None: it breaks none."""
    try:
        line = to_line(record(kind, placed, system))
    except RecordError as error:
        # Half of a surrogate pair, which a model may write as an escape.
        return error.message
    source = Source("record", lambda: [line + b"\n"])
    checked = (check_file(kind, source, model, most_findings=1) for model in BASE_MODELS.values())
    errors = (finding for summary in checked for finding in summary.found.listed() if finding.severity == "error")
    return next((finding.message for finding in errors), None)
