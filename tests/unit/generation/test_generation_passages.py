"""Whether a quoted passage stands in a text: layout makes no difference, words and numbers do."""

import pytest
from finetuning.generation.passages import normalized, stands_in
from hypothesis import given
from hypothesis import strategies as st

TEXT = "The well-known *repair* workshop opens at 16:00.\nIt keeps items for 3.5 weeks at -5 °C; “later” they go."


@pytest.mark.parametrize(
    "passage",
    [
        "The well-known repair workshop opens at 16:00.",
        "opens at\n   16:00. It keeps items",
        "The well-\nknown repair work-\nshop opens",
        "The well\u2010known repair workshop",
        'weeks at -5 °C; "later" they go.',
        "\uff13\uff0e\uff15 weeks at -5 \u2103;",
    ],
)
def test_layout_makes_no_difference(passage: str) -> None:
    assert stands_in(passage, normalized(TEXT))


@pytest.mark.parametrize(
    "passage",
    [
        "The well-known repair workshop opens at 17:00.",
        "It keeps items for 35 weeks",
        "weeks at 5 °C; “later”",
        "the well-known repair workshop",
        "The well-known workshop opens at 16:00.",
        "weeks",
        "",
    ],
)
def test_other_words_numbers_and_snippets_are_no_passage(passage: str) -> None:
    assert not stands_in(passage, normalized(TEXT))


def test_japanese_of_any_width_in_broken_lines() -> None:
    text = normalized("営業は午後3時から\n午後11時までで、最後の\u3000受付は午後10時15分です。")

    assert stands_in("午後３時から午後１１時までで、最後の受付は", text)
    assert not stands_in("午後4時から午後11時までで、最後の受付は", text)


@given(st.text(), st.data())
def test_every_long_enough_line_of_a_text_stands_in_it(text: str, data: st.DataObject) -> None:
    for line in text.splitlines():
        spaced = line.replace(" ", data.draw(st.sampled_from([" ", "\n", "  \t"])))
        # A word may go on after a line's end: what is divided there is no line of its own.
        if len(normalized(line)) >= 10 and normalized(line) in normalized(text):
            assert stands_in(spaced, normalized(text))
