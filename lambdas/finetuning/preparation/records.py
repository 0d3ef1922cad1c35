"""What a row means: which of its keys hold question, answer and topic, and the record that it becomes."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from reprlib import repr as shortened
from typing import Any, Literal

from finetuning.base_models import BaseModel
from finetuning.dataset import codes
from finetuning.errors import SourceError
from finetuning.preparation.rules import check_evaluation, check_training
from finetuning.record_formats import (
    Format,
    Record,
    RecordError,
    format_of,
    from_evaluation,
    from_messages,
    kind,
    to_evaluation,
    to_line,
    to_messages,
)

# Usual names, as _plain has them. Where several of them are keys of a row, a person must choose.
_USUAL = {
    "question": {"question", "prompt", "instruction", "input", "query", "q", "質問", "問い", "問"},
    "answer": {"answer", "referenceanswer", "completion", "response", "output", "a", "回答", "答え", "答"},
    "topic": {"topic", "category", "トピック", "話題", "分類", "カテゴリ", "カテゴリー"},
}
TopicUse = Literal["unused", "optional", "required"]


@dataclass(frozen=True)
class Keys:
    """The keys of a row that hold its question, its answer and its topic; None: not said."""

    question: str | None = None
    answer: str | None = None
    topic: str | None = None


@dataclass(frozen=True)
class Example:
    """A record in the messages format, and its topic, "" where the row has none."""

    record: Record
    topic: str


@dataclass
class ExampleReader:
    """Makes examples of rows. Rows in a known format need no keys; for others, the first of them decides.

    name: of the file, for errors; told: keys that are to be used; system: the system prompt that every record gets;
    topic: whether a topic is looked for. taken and left_out: the keys that were, once rows have been read.
    """

    name: str
    told: Keys = Keys()
    system: str = ""
    topic: TopicUse = "unused"
    taken: Keys = Keys()
    left_out: set[str] = field(default_factory=set)

    def read(self, row: Mapping[str, Any] | RecordError) -> Example:
        """Raises RecordError where the row cannot be used, SourceError where it takes a person to choose the keys."""
        if isinstance(row, RecordError):
            raise row
        by_keys = bool(self.told.question or self.told.answer)
        if not by_keys and self.told.topic in (None, "topic") and format_of(row) == "evaluation":
            record, topic = from_evaluation(row)
            if self.topic == "unused":
                self.left_out.add("topic")
            return Example(self._with_system(record), _filled("topic", topic))
        rest = dict(row)
        found = self._take_topic(rest)
        given = None if by_keys else format_of(rest)
        record = to_messages(rest, given) if given and given != "evaluation" else self._question_and_answer(rest)
        return Example(self._with_system(record), found)

    def _take_topic(self, rest: dict[str, Any]) -> str:
        if self.topic == "unused":
            return ""
        key = self.taken.topic or self._choose("topic", rest)
        self.taken = replace(self.taken, topic=key)
        return _take_text(rest, key) if key else ""

    def _question_and_answer(self, rest: dict[str, Any]) -> Record:
        question = self.taken.question or self._choose("question", rest)
        answer = self.taken.answer or self._choose("answer", rest)
        self.taken = replace(self.taken, question=question, answer=answer)
        texts = [("user", _take_text(rest, question)), ("assistant", _take_text(rest, answer))]
        self.left_out.update(rest)
        return {"messages": [{"role": role, "content": text} for role, text in texts]}

    def _choose(self, what: str, row: Mapping[str, Any]) -> str:
        """The key that was told, or the only one with a usual name; "" for a topic that may be missing, and is."""
        told = getattr(self.told, what)
        found = [key for key in row if (key == told if told else _plain(key) in _USUAL[what])]
        if len(found) == 1:
            return found[0]
        if not found and not told and what == "topic" and self.topic == "optional":
            return ""
        problem = f"there is no key {told!r}." if told else f"which key holds the {what}?"
        keys = ", ".join(map(shortened, row)) or "none"
        raise SourceError(f"{self.name}: {problem} Give --{what}-key one of its keys: {keys}")

    def _with_system(self, record: Record) -> Record:
        """An empty system prompt is none."""
        own = record.get("system", "")
        if self.system and own not in ("", self.system):
            raise RecordError(codes.LOSSY, "it has a system prompt of its own, which --system would replace")
        prompt = self.system if own == "" else own
        rest = {key: value for key, value in record.items() if key != "system"}
        return rest if prompt == "" else {"system": prompt, **rest}


def line_of(example: Example, wanted: Format, model: BaseModel) -> bytes:
    """The example as a line of a file in that format, by the rules of the base model. Raises RecordError."""
    check_training(example.record, model, trained=wanted != "evaluation")
    if wanted != "evaluation":
        return to_line(from_messages(example.record, wanted))
    record = to_evaluation(example.record, example.topic)
    check_evaluation(record, model)
    return to_line(record)


def _take_text(rest: dict[str, Any], key: str) -> str:
    if key not in rest:
        raise RecordError(codes.MISSING_KEY, f"missing {shortened(key)}")
    return _filled(key, rest.pop(key))


def _filled(key: str, text: object) -> str:
    if not isinstance(text, str):
        raise RecordError(codes.CONTENT_TYPE, f"{shortened(key)} is {kind(text)}")
    if not text.strip():
        raise RecordError(codes.CONTENT_EMPTY, f"{shortened(key)} is empty")
    return text


def _plain(key: str) -> str:
    """A key without what tells names apart that people take for the same: case, width, spaces, underscores."""
    return unicodedata.normalize("NFKC", key).casefold().replace("_", "").replace(" ", "").replace("-", "")
