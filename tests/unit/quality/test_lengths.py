"""Answers of unusual length."""

import pytest
from finetuning.coverage import Example
from finetuning.dataset.codes import Finding
from finetuning.dataset.quality.lengths import ENOUGH, length_findings
from finetuning.tokens import estimate_tokens
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.quality.ordinary import ENGLISH, JAPANESE


def findings(answers: list[str]) -> list[Finding]:
    lengths = [(line, estimate_tokens(answer)) for line, answer in enumerate(answers, start=1)]
    return list(length_findings("training.jsonl", lengths))


@pytest.mark.parametrize(
    ("ordinary", "unusual", "says"),
    [
        (ENGLISH, "Yes.", "much shorter"),
        (ENGLISH, " ".join(each.answer for each in ENGLISH), "much longer"),
        (JAPANESE, "はい。", "much shorter"),
        (JAPANESE, "".join(each.answer for each in JAPANESE), "much longer"),
    ],
)
def test_an_answer_that_is_much_longer_or_shorter_than_the_rest(
    ordinary: list[Example], unusual: str, says: str
) -> None:
    usual = [each.answer for each in ordinary]

    [found] = findings([*usual, unusual])

    assert (found.file, found.line, found.code.name) == ("training.jsonl", len(usual) + 1, "answer-length")
    assert says in found.message
    assert findings(usual) == []
    # Among few answers, none is unusual.
    assert findings([*usual[: ENOUGH - 2], unusual]) == []


def test_one_in_four_may_be_unusual_without_moving_the_limit() -> None:
    usual = [each.answer for each in ENGLISH]
    long = [" ".join(usual)] * 4

    assert [each.line for each in findings([*usual, *long])] == [13, 14, 15, 16]


def test_answers_of_two_usual_lengths_are_no_outliers() -> None:
    usual = [each.answer for each in ENGLISH]

    assert findings([*usual, *["Yes, of course."] * len(usual)]) == []


@given(st.lists(st.integers(20, 39), min_size=ENOUGH, max_size=60))
def test_answers_within_twice_each_others_length_are_usual(tokens: list[int]) -> None:
    assert list(length_findings("training.jsonl", list(enumerate(tokens, start=1)))) == []


@given(st.lists(st.integers(0, 10_000), max_size=60))
def test_at_most_half_of_any_answers_are_unusual(tokens: list[int]) -> None:
    found = list(length_findings("training.jsonl", list(enumerate(tokens, start=1))))

    assert len(found) <= len(tokens) / 2
