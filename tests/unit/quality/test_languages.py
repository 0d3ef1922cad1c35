"""Records and answers in another language than the rest."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from finetuning.coverage import Example
from finetuning.dataset.codes import Finding
from finetuning.dataset.quality.languages import Spoken, language_findings, listener

from tests.unit.quality.ordinary import ENGLISH, JAPANESE, RETURNS, RETURNS_JA

Listen = Callable[[str, Example], Spoken]


@pytest.fixture(scope="module")
def listen() -> Listen:
    return listener()


def findings(listen: Listen, **files: Sequence[Example]) -> list[Finding]:
    spoken = [
        listen(f"{file}.jsonl", replace(record, line=line))
        for file, records in files.items()
        for line, record in enumerate(records, start=1)
    ]
    return list(language_findings(spoken))


def codes(listen: Listen, **files: Sequence[Example]) -> list[tuple[str, int, str]]:
    return [(found.file.removesuffix(".jsonl"), found.line, found.code.name) for found in findings(listen, **files)]


STRAYS = [
    ("de", Example("Wie lange kann ich einen Kauf zurückgeben?", "Sie können ihn innerhalb von 30 Tagen zurückgeben.")),
    ("fr", Example("Combien de temps ai-je pour rendre un achat ?", "Vous pouvez le rendre dans les trente jours.")),
    ("ja", RETURNS_JA),
    ("zh", Example("我购买的商品可以在多长时间内退货\uff1f", "您可以在三十天之内凭收据退货\uff0c我们会退还全部货款。")),
]


@pytest.mark.parametrize(("language", "stray"), STRAYS)
def test_a_record_in_another_language_than_the_rest(listen: Listen, language: str, stray: Example) -> None:
    [found] = findings(listen, training=[*ENGLISH, stray])

    assert (found.line, found.code.name) == (13, "stray-language")
    assert f"'{language}'" in found.message
    assert "'en'" in found.message


def test_a_language_of_many_records_is_meant_to_be_there(listen: Listen) -> None:
    assert codes(listen, training=[*ENGLISH, *JAPANESE[:3]]) == []
    assert (
        codes(listen, training=[*ENGLISH[:6], JAPANESE[0]], validation=[*ENGLISH[6:], JAPANESE[1], JAPANESE[2]]) == []
    )


@pytest.mark.parametrize(
    "record",
    [
        Example("How do I list the names in a table?", "SELECT name FROM customers ORDER BY name;"),
        Example("Who is the manager of the shop?", "Hans Müller, Berlin"),
        Example("Give the address as JSON.", '{"city": "Paris", "street": "Rue de Rivoli"}'),
        Example("Say in Japanese that it is a cat.", "猫 (neko)"),
    ],
)
def test_names_and_code_are_in_no_language(listen: Listen, record: Example) -> None:
    assert codes(listen, training=[*ENGLISH, record]) == []


def test_an_answer_in_another_language_than_its_question(listen: Listen) -> None:
    mixed = replace(RETURNS, answer=RETURNS_JA.answer)

    assert codes(listen, training=[*ENGLISH, mixed]) == [("training", 13, "answer-language")]
    assert codes(listen, training=[*JAPANESE, replace(RETURNS_JA, answer=RETURNS.answer)]) == [
        ("training", 13, "answer-language")
    ]


def test_translations_are_a_task(listen: Listen) -> None:
    translated = [replace(one, answer=other.answer) for one, other in zip(ENGLISH, JAPANESE, strict=True)]

    assert codes(listen, training=translated) == []
