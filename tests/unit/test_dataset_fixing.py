"""A corrected copy: what is mended, what is told, and what is left alone."""

import json
from collections.abc import Sequence

import pytest
from finetuning.dataset.files import Source
from finetuning.dataset.fixing import fixed_lines
from finetuning.dataset.lines import MAX_LINE_BYTES
from finetuning.errors import InvalidDatasetError
from finetuning.run_store import DATASET_FILES, DatasetFile
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.dataset_records import ASSISTANT, EVALUATION, HAIKU, RIGHT, USER, check, file_contents, line

OTHER = line({"role": "user", "content": "東京は?"}, ASSISTANT)
Told = Sequence[tuple[int, str]]


def fix(content: bytes, kind: DatasetFile = "training") -> tuple[bytes, Told]:
    told: list[tuple[int, str]] = []
    lines = fixed_lines(kind, Source("x.jsonl", lambda: [content]), HAIKU, lambda *change: told.append(change))
    return b"".join(line + b"\n" for line in lines), told


BACKWARDS = b'{"messages": [{"content": "What is it?", "role": "user"}, {"role": "assistant", "content": "A test."}]}'


@pytest.mark.parametrize(
    ("content", "fixed", "told"),
    [
        (RIGHT + b"\n", RIGHT + b"\n", []),
        (RIGHT, RIGHT + b"\n", [(1, "line end added")]),
        (b"\xef\xbb\xbf" + RIGHT + b"\n", RIGHT + b"\n", [(1, "byte order mark removed")]),
        (b" \xef\xbb\xbf\t\xef\xbb\xbf" + RIGHT + b"\n", RIGHT + b"\n", [(1, "byte order mark removed")]),
        (RIGHT + b"\r\n", RIGHT + b"\n", [(1, "CR LF became LF")]),
        (b" \n" + RIGHT + b"\n\n", RIGHT + b"\n", [(1, "removed: a blank line"), (3, "removed: a blank line")]),
        (b"\t" + RIGHT + b" \n", RIGHT + b"\n", [(1, "white space around the record removed")]),
        (
            RIGHT + b"\n" + OTHER + b"\n" + RIGHT + b"\n",
            RIGHT + b"\n" + OTHER + b"\n",
            [(3, "removed: the same record as line 1")],
        ),
        (BACKWARDS + b"\n", RIGHT + b"\n", [(1, "keys put in their usual order")]),
        (
            RIGHT + b"\n" + BACKWARDS + b"\n",
            RIGHT + b"\n",
            [(2, "keys put in their usual order"), (2, "removed: the same record as line 1")],
        ),
        (b"", b"", []),
        # Which of two keys counts, what a byte stands for, whose turn it is: all that takes judgement.
        (b'{"system": "x", "system": "x"}\n', b'{"system": "x", "system": "x"}\n', []),
        (b'{"x\xff": \r}\n', b'{"x\xff": \r}\n', []),
        (line(ASSISTANT, USER) + b"\n", line(ASSISTANT, USER) + b"\n", []),
    ],
)
def test_what_takes_no_judgement_is_mended_and_told(content: bytes, fixed: bytes, told: Told) -> None:
    assert fix(content) == (fixed, told)


def test_keys_of_questions_have_their_order_too() -> None:
    backwards = json.dumps(dict(reversed(EVALUATION.items()))).encode()

    assert fix(backwards + b"\n", "evaluation")[0] == json.dumps(EVALUATION).encode() + b"\n"


def test_a_line_that_is_too_long_to_be_held_is_not_lost() -> None:
    with pytest.raises(InvalidDatasetError, match=r"x\.jsonl line 2: the line is longer"):
        fix(RIGHT + b"\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\n")


@given(st.sampled_from(DATASET_FILES), file_contents)
def test_a_corrected_copy_needs_no_correction_and_has_no_error_that_was_not_there(
    kind: DatasetFile, content: bytes
) -> None:
    fixed, told = fix(content, kind)

    assert fix(fixed, kind) == (fixed, [])
    assert bool(told) == (fixed != content)
    before, after = ({each.code.name for each in check(file, kind).found.kept} for file in (content, fixed))
    # A line that ended too early may still do so.
    assert after <= before - {"bom", "blank-line", "crlf", "no-final-newline", "surrounding-space"} | {"json"}
