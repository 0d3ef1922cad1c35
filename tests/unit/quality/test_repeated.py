"""What is asked twice: in a file, in two, with other answers."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from finetuning.coverage import Example, example
from finetuning.dataset.codes import Finding
from finetuning.dataset.quality.repeated import keep, repeated_findings

from tests.unit.quality.ordinary import ENGLISH, JAPANESE, RETURNS, RETURNS_JA


def findings(**files: Sequence[Example]) -> list[Finding]:
    kept = [
        keep(f"{file}.jsonl", replace(record, line=line))
        for file, records in files.items()
        for line, record in enumerate(records, start=1)
    ]
    return list(repeated_findings(kept))


def codes(**files: Sequence[Example]) -> list[tuple[str, int, str]]:
    return [(found.file.removesuffix(".jsonl"), found.line, found.code.name) for found in findings(**files)]


@pytest.mark.parametrize(
    ("again", "code"),
    [
        (RETURNS, "duplicate"),
        (Example("how long may I return a purchase", RETURNS.answer.upper()), "duplicate"),
        (Example("How long may I return my purchase?", "Within 30 days; bring the receipt."), "near-duplicate"),
        (Example("How long may I return a purchase?", "Never: sales are final."), "contradiction"),
        (Example("How long may I return a purchase?", RETURNS.answer.replace("30", "14")), "contradiction"),
        (Example("For how long can a purchase be returned?", RETURNS.answer), None),
        (Example("What do I need to repair a purchase?", "You need the receipt."), None),
    ],
)
def test_a_question_that_is_asked_again_in_a_file(again: Example, code: str | None) -> None:
    for training in ([*ENGLISH, RETURNS, again], [RETURNS, *ENGLISH, again]):
        assert codes(training=training) == ([("training", 14, code)] if code else [])


@pytest.mark.parametrize(
    ("again", "code"),
    [
        (RETURNS_JA, "duplicate"),
        (
            Example("購入した商品は何日以内なら返品できますか。", "三十日以内に、レシートで返品できます。"),
            "near-duplicate",
        ),
        (Example(RETURNS_JA.question, "いつでもお断りしています。"), "contradiction"),
    ],
)
def test_a_japanese_question_that_is_asked_again(again: Example, code: str) -> None:
    assert codes(training=[*JAPANESE, RETURNS_JA, again]) == [("training", 14, code)]


@pytest.mark.parametrize(
    "asked",
    [
        RETURNS,
        Example("How long may I return my purchase?", "You have 30 days."),
        Example("Is a purchase returned after a long time?", RETURNS.answer),
    ],
)
@pytest.mark.parametrize(
    ("earlier", "later"), [("training", "validation"), ("training", "evaluation"), ("validation", "evaluation")]
)
def test_a_question_of_one_file_in_another_is_a_leak(asked: Example, earlier: str, later: str) -> None:
    [found] = findings(**{earlier: [*ENGLISH[:6], RETURNS], later: [*ENGLISH[6:], asked]})

    assert (found.file, found.line, found.code.name) == (f"{later}.jsonl", 7, "leak")
    assert f"line 7 of {earlier}.jsonl" in found.message


def test_a_leak_with_another_answer_is_a_contradiction_too() -> None:
    other = replace(RETURNS, answer="You can return it within 14 days, with the receipt.")

    assert sorted(codes(training=[*ENGLISH, RETURNS], validation=[other])) == [
        ("validation", 1, "contradiction"),
        ("validation", 1, "leak"),
    ]


def test_a_conversation_that_goes_on_does_not_repeat_its_beginning() -> None:
    def said(*texts: str) -> Example:
        roles = ["user", "assistant"] * len(texts)
        messages = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
        return example({"messages": messages}, 1)

    begun = said(RETURNS.question, RETURNS.answer)
    longer = said(RETURNS.question, RETURNS.answer, "And?", "The label must be on it.")
    longest = said(RETURNS.question, RETURNS.answer, "And?", "The label must be on it.", "Why?", "Others buy it then.")

    assert codes(training=[*ENGLISH, begun, longer, longest]) == []


def test_the_first_of_many_copies_is_the_original() -> None:
    found = findings(training=[RETURNS, *ENGLISH, *[RETURNS] * 200])

    assert [each.line for each in found] == list(range(14, 214))
    assert {each.message for each in found} == {"the same question and answer as line 1"}
