"""What only one of two answers says is marked, and nothing of them is lost."""

import html
import re
import time

import pytest
from finetuning.report.differences import marked
from hypothesis import given
from hypothesis import strategies as st


def marks(markup: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r"<mark>(.*?)</mark>", markup, flags=re.DOTALL)]


def text(markup: str) -> str:
    return html.unescape(re.sub(r"</?mark>", "", markup))


@pytest.mark.parametrize(
    ("base", "custom", "in_base", "in_custom"),
    [
        ("Billed by the month.", "Billed by the hour.", ["month"], ["hour"]),
        ("It is billed.", "it is billed.", [], []),
        ("月ごとに課金されます。", "時間ごとに課金されます。", ["月"], ["時間"]),
        ("At least 32 records", "At least 10,000 records", ["32"], ["10,000"]),
        ("Yes.", "いいえ。", ["Yes."], ["いいえ。"]),
        ("It is 0.", "It is 1!", ["0."], ["1!"]),
        ("a < b", "a > b", ["<"], [">"]),
    ],
)
def test_marks_what_the_other_does_not_say(base: str, custom: str, in_base: list[str], in_custom: list[str]) -> None:
    ours, theirs = marked(base, custom)
    assert (marks(ours), marks(theirs)) == (in_base, in_custom)


@pytest.mark.parametrize(("base", "custom"), [("", "text"), ("text", ""), ("", "")])
def test_an_empty_answer_is_compared_with_nothing(base: str, custom: str) -> None:
    assert marked(base, custom) == (base, custom)


def test_sentences_are_compared_where_words_repeat_without_end() -> None:
    babble = "no, yes, " * 400
    ours, theirs = marked(f"{babble}. The end.", f"yes, {babble}. The end.")

    assert marks(ours) == [f"{babble}."]
    assert marks(theirs) == [f"yes, {babble}."]


def test_endless_repetition_takes_no_time() -> None:
    started = time.process_time()
    ours, theirs = marked("no. yes. " * 400, "yes. maybe. no. " * 400)

    assert (marks(ours), marks(theirs)) == ([], [])
    assert time.process_time() - started < 1


answers = st.text(st.sampled_from("ab <>&\"'.\n月時間"), max_size=60)


@given(answers, answers)
def test_no_character_is_lost(base: str, custom: str) -> None:
    ours, theirs = marked(base, custom)
    assert (text(ours), text(theirs)) == (base, custom)


@given(answers)
def test_the_same_answer_has_no_marks(answer: str) -> None:
    letters = [character for character in answer if character.isalnum()]
    if len(letters) > 1:
        assert [marks(markup) for markup in marked(answer, answer)] == [[], []]
