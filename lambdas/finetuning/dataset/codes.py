"""Every finding that a check of a dataset can make, and what one is.

docs/datasets.md shows this catalogue as a table; `python -m finetuning.dataset.codes_table` prints it.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]
Problem = tuple["Code", str]
"""What is wrong, and the message that says so."""


@dataclass(frozen=True)
class Code:
    """A kind of finding.

    name: kebab-case. severity: an error is what the base model, or this experiment, does not take; all else is a
    warning. meaning: a sentence for the documents. example: the content of a file that has it; in words, where no
    short content has. fix: a sentence, what to do; FILE in it stands for the file's name.
    """

    name: str
    severity: Severity
    meaning: str
    example: bytes | str
    fix: str

    def at(self, file: str, line: int, message: str) -> "Finding":
        return Finding(file, line, self, message, self.fix.replace("FILE", shlex.quote(file)))


@dataclass(frozen=True)
class Finding:
    """One thing that was found. `line` counts from 1; 0 = the file as a whole. `message` begins in lower case."""

    file: str
    line: int
    code: Code
    message: str
    fix: str

    @property
    def severity(self) -> Severity:
        return self.code.severity

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" if self.line else self.file
        return f"{where}: {self.message} ({self.code.name}). {self.fix}"

    def to_json(self) -> dict[str, Any]:
        return {"line": self.line, "code": self.code.name, "message": self.message, "fix": self.fix}


def _conversation(*roles: str, **others: object) -> bytes:
    """A record with a message of each role."""
    messages = [{"role": role, "content": "Hello."} for role in roles]
    return json.dumps({**others, "messages": messages}).encode()


def _answered(answer: object) -> bytes:
    """A record with that as its answer's content."""
    question = {"role": "user", "content": "Hello."}
    return json.dumps({"messages": [question, {"role": "assistant", "content": answer}]}).encode()


_RIGHT = _conversation("user", "assistant")

# Bytes and lines
UTF_8 = Code("utf-8", "error", "A line is not UTF-8.", b'{"messages": "\xff"}', "Save the file as UTF-8.")
BOM = Code(
    "bom",
    "error",
    "The file begins with a byte order mark, which is no JSON.",
    b"\xef\xbb\xbf" + _RIGHT,
    "Save the file as UTF-8 without BOM.",
)
NUL = Code(
    "nul",
    "error",
    "A line holds NUL bytes, as in UTF-16 or in a damaged file.",
    b"{\0}",
    "Save the file as UTF-8, or get an undamaged copy.",
)
BLANK_LINE = Code("blank-line", "error", "A line is blank: each must be a record.", b" \n" + _RIGHT, "Remove it.")
LINE_SIZE = Code(
    "line-size",
    "error",
    "A line is longer than any record may be; it was not read.",
    "a line of 2 MB",
    "Shorten or split the record.",
)
CRLF = Code(
    "crlf",
    "warning",
    "Lines end in CR LF. To JSON the CR is white space, and nobody is known to refuse it; tools that split lines may.",
    _RIGHT + b"\r\n",
    "Save the file with LF as line end.",
)
NO_FINAL_NEWLINE = Code(
    "no-final-newline",
    "warning",
    "The last line has no line end. Nobody is known to refuse it; appending to such a file joins two records.",
    _RIGHT,
    "End the file with a line end.",
)
SURROUNDING_SPACE = Code(
    "surrounding-space",
    "warning",
    "White space stands before or after the object on a line. JSON allows it; tools that split lines may not.",
    b"  " + _RIGHT,
    "Remove it.",
)

# JSON
NOT_JSON = Code(
    "json",
    "error",
    "A line is no JSON, or only the first part of it.",
    b'{"messages": [',
    "Write one JSON object on it.",
)
NAN = Code("nan", "error", "NaN and Infinity are no JSON.", b'{"messages": NaN}', "Remove it; content is text.")
NOT_AN_OBJECT = Code("not-an-object", "error", "A line holds something else.", b"[]", "Write one JSON object on it.")
DUPLICATE_KEY = Code(
    "duplicate-key",
    "error",
    "A key stands twice in one object: which one counts is anybody's guess.",
    b'{"system": "Be brief.", "system": "Be kind."}',
    "Keep one.",
)
SURROGATE = Code(
    "surrogate",
    "error",
    "A text holds half of a surrogate pair, which is no character.",
    b'{"system": "\\ud800"}',
    "Write the character.",
)

# Records
RECORD_FORMAT = Code(
    "record-format",
    "error",
    "A record is in another format than the messages format.",
    b'{"prompt": "Hello.", "completion": "Hello."}',
    "Convert it with: bedrock-ft prepare FILE --out NEW.jsonl (evaluation data: and --as evaluation).",
)
MISSING_KEY = Code("missing-key", "error", "A key that must be there is not.", b"{}", "Add it.")
UNKNOWN_KEY = Code(
    "unknown-key",
    "error",
    "A key that may not be there is.",
    _conversation("user", "assistant", id=7),
    "Remove it.",
)
SYSTEM_TYPE = Code(
    "system-type",
    "error",
    "`system` is no text.",
    _conversation("user", "assistant", system=None),
    "Make it a text, or leave it out.",
)
SYSTEM_EMPTY = Code(
    "system-empty",
    "warning",
    "`system` is empty. Whether Bedrock takes that is not documented.",
    _conversation("user", "assistant", system=""),
    "Leave it out.",
)
MESSAGES = Code(
    "messages",
    "error",
    "`messages` is no list of two or more.",
    _conversation("user"),
    "Give a user and an assistant message.",
)
MESSAGE_TYPE = Code(
    "message-type",
    "error",
    "A message is no object.",
    b'{"messages": ["Hello.", "Hello."]}',
    "Give a role and a content.",
)
ROLE = Code(
    "role",
    "error",
    "A role is neither `user` nor `assistant`.",
    _conversation("human", "assistant"),
    "Write user or assistant.",
)
SYSTEM_MESSAGE = Code(
    "system-message",
    "error",
    "The system prompt is given as a message.",
    _conversation("system", "user", "assistant"),
    "Move its text to the record's key system.",
)
FIRST_ROLE = Code(
    "first-role",
    "error",
    "The first message is not the user's.",
    _conversation("assistant", "user", "assistant"),
    "Begin with the user's message.",
)
ALTERNATION = Code(
    "alternation",
    "error",
    "Two messages of one role follow each other.",
    _conversation("user", "user", "assistant"),
    "Join them, or add what was said in between.",
)
LAST_ROLE = Code(
    "last-role",
    "error",
    "The last message is not the assistant's.",
    _conversation("user", "assistant", "user"),
    "End with the assistant's answer.",
)
CONTENT_TYPE = Code("content-type", "error", "A content is no text.", _answered(7), "Make it one text.")
CONTENT_EMPTY = Code(
    "content-empty",
    "error",
    "A text is empty, or nothing but white space.",
    _answered(" "),
    "Write it, or remove the record.",
)
CONTENT_BLOCKS = Code(
    "content-blocks",
    "error",
    "A content is a list of blocks, where one text is needed.",
    _answered([{"type": "text", "text": "Hello."}]),
    "Make it one text.",
)
UNSUPPORTED_BLOCK = Code(
    "unsupported-block",
    "error",
    "A content has a block for a tool, an image or a document: training data is text alone.",
    _answered([{"type": "tool_use", "id": "1", "name": "search", "input": {}}]),
    "Say it in words, or remove the record.",
)
SEVERAL_TURNS = Code(
    "several-turns",
    "error",
    "A conversation has several turns, and the base model is trained with one prompt and one completion.",
    _conversation("user", "assistant", "user", "assistant"),
    "Split the conversation, leave the record out, or choose another base model.",
)
RESERVED = Code(
    "reserved",
    "error",
    "A text holds a string that the base model reserves.",
    _answered("Hi\nHuman: bye"),
    "Reword it.",
)
NUL_TEXT = Code(
    "nul-text",
    "warning",
    "A text holds the character U+0000, which seldom is meant.",
    _answered("\0"),
    "Remove it.",
)
RECORD_TOKENS = Code(
    "record-tokens",
    "error",
    "A record has more tokens than the base model takes, by more than the estimate may be wrong.",
    "a record of 60,000 English words",
    "Shorten or split it.",
)
NEAR_RECORD_TOKENS = Code(
    "near-record-tokens",
    "warning",
    "A record's number of tokens is so near the limit that the estimate cannot tell on which side it is.",
    "a record of 25,000 English words",
    "Shorten or split it, or count its tokens exactly.",
)

# What prepare and split take
LOSSY = Code(
    "lossy",
    "error",
    "A record of a file for `prepare` or `split` holds what the wanted format has no place for.",
    b'{"schemaVersion": "bedrock-conversation-2024", "messages": [{"role": "user", "content": [{"image": {}}]}]}',
    "Take it out, choose a format that has a place for it, or leave the record out.",
)
CONVERSE = Code(
    "converse",
    "error",
    "A record in the Converse format breaks that format's own rules.",
    b'{"schemaVersion": "2023", "messages": []}',
    "Write schemaVersion bedrock-conversation-2024, and each text as a list of one block with the key text.",
)
FIELDS = Code(
    "fields",
    "error",
    "A row of a CSV or TSV file has more or fewer fields than its first line names.",
    b"question,answer\nHow long?,Within 30 days, or 40.\n",
    "Put texts with separators in them into quotes.",
)
CSV = Code(
    "csv",
    "error",
    "A quote of a CSV or TSV file is not closed, or stands where none may.",
    b'question,answer\nHow long?,"Within 30 days.\n',
    "Double quotes within quotes, and close them.",
)

# Files
RECORD_COUNT = Code(
    "record-count",
    "error",
    "A file, or training and validation data together, has too few or too many records.",
    _RIGHT + b"\n",
    "Add or remove records.",
)
FILE_SIZE = Code("file-size", "error", "A file has too many bytes.", "a validation file of 2 GB", "Remove records.")
SYSTEM_PROMPT = Code(
    "system-prompt",
    "error",
    "The system prompt that all training records share is too long to ask both models with.",
    "a system prompt of 20,000 characters",
    "Shorten it in every record.",
)
SYSTEM_PROMPTS_DIFFER = Code(
    "system-prompts-differ",
    "warning",
    "Training records have different system prompts: the models are asked without one, unless the input has it.",
    _conversation("user", "assistant", system="Be brief.") + b"\n" + _RIGHT + b"\n",
    "Give all records the same system prompt, or set systemPrompt in the execution input.",
)
SYSTEM_IN_FRONT = Code(
    "system-in-front",
    "warning",
    "The base model is trained with prompts that have no place for a system prompt of their own: a run puts it in "
    "front of each question, in training and when it asks the base and the custom model.",
    _conversation("user", "assistant", system="Be brief.") + b"\n",
    "Ask the custom model in the same way later, or remove the system prompt.",
)
FEW_EVALUATION_RECORDS = Code(
    "few-evaluation-records",
    "warning",
    "So few questions can hardly tell a difference from chance.",
    b'{"question": "Hello?", "referenceAnswer": "Hello.", "topic": "greetings"}\n',
    "Add questions.",
)
QUALITY_SKIPPED = Code(
    "quality-skipped",
    "warning",
    "The files are too large for their records to be compared: what they say was not looked at.",
    "a file of 200 MB",
    "Check a part of the records.",
)
MORE_ERRORS = Code(
    "more-errors",
    "error",
    "A file has more errors than are listed.",
    "a file of 2,000 blank lines",
    "Mend those that are listed, then check again.",
)
MORE_WARNINGS = Code(
    "more-warnings",
    "warning",
    "A file has more warnings than are listed.",
    "a file of 2,000 indented records",
    "Mend those that are listed, then check again.",
)

CODES: Mapping[str, Code] = {each.name: each for each in list(globals().values()) if isinstance(each, Code)}
