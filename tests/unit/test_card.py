"""card.json: the pattern that a dataset's answers must match, or what is wrong with it."""

import json

import pytest
from finetuning.card import Pattern, read_pattern
from finetuning.errors import InvalidDatasetError
from hypothesis import given
from hypothesis import strategies as st

GOZARU = {"name": "ござる", "regex": "ござる[。!]?$", "description": "Every answer ends in ござる."}


def test_a_card_with_a_pattern_is_read() -> None:
    assert read_pattern(json.dumps({"pattern": GOZARU}).encode()) == Pattern(**GOZARU)
    assert read_pattern(b'{"pattern": {"name": "x", "regex": "x"}}') == Pattern("x", "x")


@pytest.mark.parametrize("card", [b"{}", b'{"pattern": null}'])
def test_a_card_may_have_no_pattern(card: bytes) -> None:
    assert read_pattern(card) is None


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (b"", "card.json: not JSON"),
        (b"\xff", "card.json: not JSON"),
        (b"[" * 100_000, "card.json: not JSON"),
        (b"[]", "card.json: must be a JSON object"),
        (b'{"patern": {}}', "card.json: patern: unknown field; known is pattern"),
        (b'{"pattern": "x"}', "card.json: pattern: must be an object with name, regex"),
        (b'{"pattern": {"name": "x"}}', "card.json: pattern.regex: must be a text that is not empty"),
        (b'{"pattern": {"name": " ", "regex": "x"}}', "card.json: pattern.name: must be a text that is not empty"),
        (b'{"pattern": {"name": "x", "regex": 7}}', "card.json: pattern.regex: must be a text that is not empty"),
        (b'{"pattern": {"name": "x", "regex": "("}}', "card.json: pattern.regex: no regular expression: missing )"),
        (b'{"pattern": {"name": "x", "regex": "x", "description": 1}}', "pattern.description: must be a text"),
        (
            b'{"pattern": {"name": "x", "regex": "x", "flags": 1}}',
            "pattern.flags: unknown field; known are name, regex",
        ),
        (json.dumps({"pattern": {"name": "x", "regex": "x" * 501}}).encode(), "pattern.regex: has 501 characters"),
    ],
)
def test_what_is_wrong_with_a_card_is_said(card: bytes, said: str) -> None:
    with pytest.raises(InvalidDatasetError) as raised:
        read_pattern(card)

    assert said in str(raised.value)


def test_everything_that_is_wrong_is_listed() -> None:
    with pytest.raises(InvalidDatasetError) as raised:
        read_pattern(b'{"pattern": {"regex": "("}, "other": 1}')

    assert str(raised.value).count("- card.json: ") == 3


@given(st.text(max_size=30))
def test_any_text_is_a_regular_expression_or_an_error_that_says_so(regex: str) -> None:
    try:
        pattern = read_pattern(json.dumps({"pattern": {"name": "x", "regex": regex}}).encode())
    except InvalidDatasetError as error:
        assert "pattern.regex" in str(error)  # noqa: PT017 - either is right
    else:
        assert pattern == Pattern("x", regex)
