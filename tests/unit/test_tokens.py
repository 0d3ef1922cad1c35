"""The offline estimate of token counts."""

import pytest
from finetuning.tokens import estimate_tokens
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("a", 1),
        ("sixsix", 1),
        ("seven77", 2),
        ("日", 1),
        ("日本語です", 5),
        ("カタカナ。", 5),
        ("ﾊﾝｶｸ", 4),
        ("한국어", 3),
        ("𠮷野家", 3),
        ("Amazon Bedrockとは", 2 + 3),
    ],
)
def test_english_has_six_characters_a_token_and_a_cjk_character_is_one(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


@given(st.text(), st.text())
def test_a_longer_text_never_has_fewer_tokens(text: str, more: str) -> None:
    assert estimate_tokens(text) <= estimate_tokens(text + more) <= estimate_tokens(text) + estimate_tokens(more)


@given(st.text(min_size=1))
def test_a_text_has_at_least_one_token_and_at_most_one_a_character(text: str) -> None:
    assert 1 <= estimate_tokens(text) <= len(text)
