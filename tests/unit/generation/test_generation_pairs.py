"""What a model may call the tool with, and the records that are made of it."""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from finetuning.base_models import BASE_MODELS
from finetuning.dataset.files import Source, check_file
from finetuning.generation.pairs import Pair, PlacedPair, RecordKind, breaks, read_pairs, record
from finetuning.record_formats import to_line
from hypothesis import given
from hypothesis import strategies as st

PAIR = Pair("What?", "That.", "It is that.")
PLACED = PlacedPair(PAIR, "a topic", "a.md")


@pytest.mark.parametrize(
    ("tool_input", "pairs"),
    [
        ({"pairs": [{"question": " What? ", "answer": "That.", "passage": "It is that.", "more": 1}]}, [PAIR]),
        ({"pairs": [{"question": "What?", "answer": "", "passage": "x"}, "x", None, {}]}, [None] * 4),
        ({"pairs": [{"question": ["What?"], "answer": "That.", "passage": "x"}]}, [None]),
        ({"pairs": []}, []),
        ({"pairs": "What?"}, [None]),
        ({}, [None]),
    ],
)
def test_pairs_are_texts_or_none(tool_input: Mapping[str, Any], pairs: list[Pair | None]) -> None:
    assert read_pairs(tool_input) == pairs


values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["question", "answer", "passage"]), inner)
    ),
)
kinds = pytest.mark.parametrize("kind", ["training", "validation", "evaluation"])


@given(values)
def test_whatever_is_recorded_each_pair_makes_a_record_or_is_refused(given_pairs: object) -> None:
    for pair in read_pairs({"pairs": given_pairs}):
        if pair is None:
            continue
        placed = PlacedPair(pair, "topic", "a.md")
        if breaks("validation", placed, "Be brief.") is None:
            line = to_line(record("validation", placed, "Be brief."))
            source = Source("made", partial(list, [line]))
            found = [check_file("validation", source, model, most_findings=9).found for model in BASE_MODELS.values()]
            assert not any(each.seen["error"] for each in found)


def test_records_of_each_kind() -> None:
    messages = [{"role": "user", "content": "What?"}, {"role": "assistant", "content": "That."}]

    assert record("training", PLACED, None) == {"messages": messages}
    assert record("validation", PLACED, "Be brief.") == {"system": "Be brief.", "messages": messages}
    assert record("evaluation", PLACED, None) == {"question": "What?", "referenceAnswer": "That.", "topic": "a topic"}


@kinds
def test_a_record_that_any_base_model_refuses_is_named(kind: RecordKind) -> None:
    assert breaks(kind, PLACED, None) is None
    assert "surrogate" in (breaks(kind, PlacedPair(Pair("\ud800?", "That.", "x"), "t", "a.md"), None) or "")
    assert json.loads(to_line(record(kind, PLACED, None))) == record(kind, PLACED, None)


def test_a_reserved_string_in_an_answer_is_named() -> None:
    assert "reserves" in (breaks("training", PlacedPair(Pair("What?", "User: me", "x"), "t", "a.md"), None) or "")
