"""Lines that are right in every way, seen so many at once: typed decoding, and proofs of what a decoder does not see.

Whatever is unusual is left to rules.py, which explains it. A test holds the two against each other.
"""

import json
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from finetuning.base_models import BaseModel
from finetuning.dataset.records import Conversation, Message, Question, Record
from finetuning.dataset.rules import surely_allowed
from finetuning.run_store import DatasetFile
from finetuning.tokens import MOST_TOKENS_PER_CHARACTER

Codes = NDArray[np.uint8]
Places = NDArray[np.intp]

_conversations = msgspec.json.Decoder(Conversation)
_questions = msgspec.json.Decoder(Question)
_LINE_END, _QUOTE, _OPENING, _CLOSING = b'\n"{}'


def right_records(lines: bytes, kind: DatasetFile, model: BaseModel) -> Sequence[Record] | None:
    """A record a line, if rules.check_line has nothing at all to say of any of these lines; None if it may have.

    lines: whole ones, joined by \\n; the last may end in one.
    """
    escapes = b"\\" in lines
    try:
        records, strings = _decoded(lines, kind, model, escapes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if strings is None or (escapes and b"\\u0000" in lines):
        return None
    codes = np.frombuffer(lines, np.uint8, len(lines) - lines.endswith(b"\n"))
    ends = np.flatnonzero(codes == _LINE_END)
    if not _is_a_record_a_line(codes, ends, len(records)) or _quotes(codes, lines, escapes) != 2 * strings:
        return None
    allowed = surely_allowed(model)
    # A text has no more characters than it has bytes, and only a long line may have too many.
    longest = len(lines) if len(ends) < 2 else max((ends[1:] - ends[:-1]).max(), ends[0], len(lines) - ends[-1])
    if longest * MOST_TOKENS_PER_CHARACTER > allowed and any(each.tokens > allowed for each in records):
        return None
    return records


def _decoded(lines: bytes, kind: DatasetFile, model: BaseModel, escapes: bool) -> tuple[Sequence[Record], int | None]:
    """The records, and the number of their keys and texts; None where they may break a rule. Raises DecodeError."""
    if kind == "evaluation":
        questions = _questions.decode_lines(lines)
        return questions, _right_questions(questions)
    conversations = _conversations.decode_lines(lines)
    if _may_hold_reserved(lines, model, escapes) and _hold_reserved(conversations, model):
        return conversations, None
    return conversations, _right_conversations(conversations, one_turn=model.record_format == "promptCompletion")


def _is_a_record_a_line(codes: Codes, ends: Places, records: int) -> bool:
    """The decoder also takes several records on a line, one on several, and lines that are blank.

    A line end that stands between braces is between two records, never within one.
    """
    if len(ends) != records - 1 or codes[0] != _OPENING or codes[-1] != _CLOSING:
        return False
    return bool((codes[ends - 1] == _CLOSING).all() and (codes[ends + 1] == _OPENING).all())


def _quotes(codes: Codes, lines: bytes, escapes: bool) -> int:
    """The quotation marks around keys and texts: twice their number, unless a key stands twice in an object."""
    quotes = int(np.count_nonzero(codes == _QUOTE))
    return quotes - lines.replace(b"\\\\", b"").count(b'\\"') if escapes else quotes


def _right_conversations(records: Sequence[Conversation], *, one_turn: bool) -> int | None:
    """The number of keys and texts in them; None where the order of roles, or a text that is empty, breaks a rule.

    one_turn: a question and its answer are all that there may be.
    """
    strings = 0
    for record in records:
        messages, system = record.messages, record.system
        # Nearly all records have two messages, and this loop is what a check's time goes into.
        if len(messages) == 2:
            question, answer = messages
            if question.role != "user" or answer.role != "assistant":
                return None
            asked, answered = question.content, answer.content
            if not asked or asked.isspace() or not answered or answered.isspace():
                return None
        elif one_turn or not _right_turns(messages):
            return None
        strings += 1 + 4 * len(messages)
        if system is not msgspec.UNSET:
            if not system or system.isspace():
                return None
            strings += 2
    return strings


def _right_turns(messages: Sequence[Message]) -> bool:
    roles = [message.role for message in messages]
    alternating = bool(roles) and roles == ["user", "assistant"] * (len(roles) // 2)
    return alternating and not any(_blank(message.content) for message in messages)


def _right_questions(records: Sequence[Question]) -> int | None:
    if any(_blank(record.question, record.reference_answer, record.topic) for record in records):
        return None
    return 6 * len(records)


def _blank(*texts: str) -> bool:
    return any(not text or text.isspace() for text in texts)


def _may_hold_reserved(lines: bytes, model: BaseModel, escapes: bool) -> bool:
    """Whether one stands there as JSON usually writes it, or ASCII stands there as \\u00XX, which may be one."""
    written = [json.dumps(word)[1:-1].encode() for word in model.reserved]
    if escapes:
        return b"\\u00" in lines or any(word in lines for word in written)
    return any(word in lines for word in written if b"\\" not in word)


def _hold_reserved(records: Sequence[Conversation], model: BaseModel) -> bool:
    texts = (text for record in records for text in record.texts)
    return any(word in text for text in texts for word in model.reserved)
