"""card.json: the pattern that a dataset's answers must match, its thin topics, or what is wrong with it."""

import json

import pytest
from finetuning.card import Card, Pattern, read_card
from finetuning.errors import InvalidDatasetError
from hypothesis import given
from hypothesis import strategies as st

GOZARU = {"name": "ござる", "regex": "ござる[。!]?$", "description": "Every answer ends in ござる."}


def test_a_card_with_a_pattern_is_read() -> None:
    assert read_card(json.dumps({"pattern": GOZARU}).encode()) == Card(Pattern(**GOZARU))
    assert read_card(b'{"pattern": {"name": "x", "regex": "x"}}') == Card(Pattern("x", "x"))


def test_a_card_may_name_topics_that_are_thin_on_purpose() -> None:
    card = {"thinTopics": {"topics": ["agents", "quotas"], "reason": "to see what becomes of them"}}

    assert read_card(json.dumps(card).encode()) == Card(thin_topics=("agents", "quotas"))


@pytest.mark.parametrize(
    "thin",
    [
        ["agents"],
        {"topics": ["agents"]},
        {"topics": "agents", "reason": "x"},
        {"topics": [7], "reason": "x"},
        {"topics": ["agents"], "reason": " "},
        {"topics": ["agents"], "reason": "x", "why": "x"},
    ],
)
def test_thin_topics_are_a_list_with_a_reason(thin: object) -> None:
    with pytest.raises(InvalidDatasetError, match=r"card\.json: thinTopics: must be an object with topics"):
        read_card(json.dumps({"thinTopics": thin}).encode())


@pytest.mark.parametrize("card", [b"{}", b'{"pattern": null, "thinTopics": null}'])
def test_a_card_may_say_nothing(card: bytes) -> None:
    assert read_card(card) == Card()


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (b"", "card.json: not JSON"),
        (b"\xff", "card.json: not JSON"),
        (b"[" * 100_000, "card.json: not JSON"),
        (b"[]", "card.json: must be a JSON object"),
        (b'{"patern": {}}', "card.json: patern: unknown field; known are pattern, thinTopics"),
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
        read_card(card)

    assert said in str(raised.value)


def test_everything_that_is_wrong_is_listed() -> None:
    with pytest.raises(InvalidDatasetError) as raised:
        read_card(b'{"pattern": {"regex": "("}, "other": 1}')

    assert str(raised.value).count("- card.json: ") == 3


@given(st.text(max_size=30))
def test_any_text_is_a_regular_expression_or_an_error_that_says_so(regex: str) -> None:
    try:
        card = read_card(json.dumps({"pattern": {"name": "x", "regex": regex}}).encode())
    except InvalidDatasetError as error:
        assert "pattern.regex" in str(error)  # noqa: PT017 - either is right
    else:
        assert card == Card(Pattern("x", regex))
