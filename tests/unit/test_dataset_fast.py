"""The two ways to check a line, held against each other; and that nothing that a file may hold brings them down."""

import json

import pytest
from finetuning.base_models import BASE_MODELS, BaseModel
from finetuning.dataset.fast import right_records
from finetuning.dataset.rules import check_line
from finetuning.run_store import DATASET_FILES, DatasetFile
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.dataset_records import (
    ASSISTANT,
    EVALUATION,
    HAIKU,
    NOVA,
    RIGHT,
    USER,
    check,
    file_contents,
    line,
    mutated,
    right_or_nearly,
)

kinds = st.sampled_from(DATASET_FILES)
models = st.sampled_from(list(BASE_MODELS.values()))


@given(st.lists(right_or_nearly | mutated(right_or_nearly), min_size=1, max_size=4).map(b"\n".join), kinds, models)
@example(RIGHT + RIGHT + b"\n", "training", HAIKU)
@example(RIGHT + b"\n\n" + RIGHT + RIGHT, "training", HAIKU)
@example(RIGHT.replace(b", ", b"\n", 1) + RIGHT, "training", HAIKU)
@example(RIGHT.replace(b'"user"', b'"user"\n', 1) + b"\n" + RIGHT + RIGHT, "training", HAIKU)
@example(line(USER, ASSISTANT, system='\\" "') + b"\n" + line(USER, ASSISTANT, system='\\\\"'), "training", NOVA)
@example(RIGHT.replace(b'"A test."', b'"\\\\", "content": "\\""'), "training", HAIKU)
def test_what_the_fast_way_passes_the_slow_way_has_nothing_to_say_of(
    content: bytes, kind: DatasetFile, model: BaseModel
) -> None:
    lines = content.removesuffix(b"\n").split(b"\n")
    slow = [check_line(each, kind, model) for each in lines]

    records = right_records(content, kind, model)

    if records is None:
        # One at a time it passes every line of which there is nothing to say; after a backslash, u0000 may be NUL.
        for each, checked in zip(lines, slow, strict=True):
            slowly = bool(checked.problems) or b"u0000" in each
            assert (right_records(each, kind, model) is None) <= slowly
            assert (right_records(each, kind, model) is None) >= bool(checked.problems)
    else:
        assert [checked.problems for checked in slow] == [[]] * len(lines)
        assert records == [checked.record for checked in slow]


@pytest.mark.parametrize("record", [RIGHT, line(USER, ASSISTANT, USER, ASSISTANT, system='Say "no".\n')])
def test_right_lines_go_the_fast_way(record: bytes) -> None:
    assert len(right_records(b"\n".join([record] * 5) + b"\n", "training", HAIKU) or ()) == 5


def test_questions_go_the_fast_way() -> None:
    assert right_records(json.dumps(EVALUATION).encode(), "evaluation", HAIKU) is not None


@given(kinds, file_contents, models, st.lists(st.integers(0, 500), max_size=5))
def test_whatever_a_file_holds_there_are_findings_and_no_crash_however_it_comes(
    kind: DatasetFile, content: bytes, model: BaseModel, places: list[int]
) -> None:
    summary = check(content, kind, model.key)

    assert summary == check(content, kind, model.key, places=places)
    assert summary.size == len(content)
    assert all(0 <= finding.line <= summary.records for finding in summary.found.listed())
    assert json.dumps([str(finding) for finding in summary.found.listed()], ensure_ascii=False).encode()
