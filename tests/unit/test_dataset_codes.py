"""The catalogue of findings: each code's example has it, right files have none, and the documentation says the same."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path

import pytest
from finetuning.base_models import BaseModel
from finetuning.card import CARD, read_card
from finetuning.coverage import Example
from finetuning.dataset import codes
from finetuning.dataset.codes import CODES, Code
from finetuning.dataset.files import Source
from finetuning.dataset.quality import codes as quality
from finetuning.dataset.validation import MOST_COMPARED_RECORDS, validate
from finetuning.preparation.records import ExampleReader, line_of
from finetuning.preparation.sources import read_rows
from finetuning.record_formats import RecordError, to_line
from finetuning.run_config import MAX_SYSTEM_PROMPT
from finetuning.run_store import DATASET_FILES, DatasetFile

from cli.codes_table import EVERY_CODE, table
from tests.unit.dataset_records import ASSISTANT, HAIKU, LLAMA, RIGHT, USER, line
from tests.unit.quality.ordinary import ENGLISH, RETURNS
from tests.unit.shipped_datasets import ShippedDataset

DOCUMENT = Path(__file__).parents[2] / "docs" / "datasets.md"

RETURNS_DE = Example("Wie lange kann ich den Einkauf zurückgeben?", "Das ist innerhalb von dreißig Tagen möglich.")


def written(*examples: Example, as_evaluation: bool = False) -> bytes:
    """The records as a file's lines."""
    return b"".join(_record(each, as_evaluation) + b"\n" for each in examples)


def _record(example: Example, as_evaluation: bool) -> bytes:
    if as_evaluation:
        return to_line({"question": example.question, "referenceAnswer": example.answer, "topic": "returns"})
    return line({"role": "user", "content": example.question}, {"role": "assistant", "content": example.answer})


# What the catalogue's example says in words, as files.
IN_WORDS: Mapping[Code, Mapping[DatasetFile, bytes]] = {
    codes.LINE_SIZE: {"training": b"x" * 2_000_000},
    codes.RECORD_TOKENS: {"training": line(USER, {**ASSISTANT, "content": "word " * 60_000})},
    codes.NEAR_RECORD_TOKENS: {"training": line(USER, {**ASSISTANT, "content": "word " * 30_000})},
    codes.SYSTEM_PROMPT: {"training": line(USER, ASSISTANT, system="x" * (MAX_SYSTEM_PROMPT * 2))},
    codes.MORE_ERRORS: {"training": b"\n" * 2_000},
    codes.MORE_WARNINGS: {"training": (b" " + RIGHT + b"\n") * 2_000},
    codes.QUALITY_SKIPPED: {"training": (RIGHT + b"\n") * (MOST_COMPARED_RECORDS + 1)},
    codes.FILE_SIZE: {"validation": RIGHT * 100},
    quality.LEAK: {"training": written(RETURNS), "evaluation": written(RETURNS, as_evaluation=True)},
    quality.ANSWER_LENGTH: {"training": written(*ENGLISH, Example("Tell me more.", "It has many pages. " * 100))},
    quality.STRAY_LANGUAGE: {"training": written(*ENGLISH, RETURNS_DE)},
    quality.THIN_TOPIC: {"training": written(*ENGLISH), "evaluation": written(RETURNS, as_evaluation=True)},
}
SMALL_FILES = replace(HAIKU, limits=replace(HAIKU.limits, validation_bytes=1_000))


# What only models that are trained with prompt and completion have; the others' records may have it.
OF_PROMPT_AND_COMPLETION = (codes.SEVERAL_TURNS, codes.SYSTEM_IN_FRONT)


def files_with(code: Code) -> Mapping[DatasetFile, bytes]:
    if isinstance(code.example, str):
        return IN_WORDS[code]
    if code is codes.FEW_EVALUATION_RECORDS:
        return {"evaluation": code.example}
    # What is unusual is so among others.
    return {"training": written(*ENGLISH) * (code.name in quality.QUALITY_CODES) + code.example}


def model_for(code: Code) -> BaseModel:
    if code in OF_PROMPT_AND_COMPLETION:
        return LLAMA
    return SMALL_FILES if code is codes.FILE_SIZE else HAIKU


def names(files: Mapping[DatasetFile, bytes], model: BaseModel = HAIKU, thin: Collection[str] = ()) -> set[str]:
    sources = {kind: Source(f"{kind}.jsonl", partial(list, [content])) for kind, content in files.items()}
    found = validate(sources, model, most_findings=1_000, thin_on_purpose=thin)
    assert all(each in getattr(found, f"{each.severity}s") for each in found.findings)
    return {finding.code.name for finding in found.findings}


def refused(name: str, content: bytes) -> set[str]:
    """The codes of the rows that prepare refuses."""
    reader, found = ExampleReader(name), set()
    for row in read_rows(name, BytesIO(content)):
        try:
            line_of(reader.read(row.content), "messages", HAIKU)
        except RecordError as error:
            found.add(error.code.name)
    return found


OF_PREPARE = {"lossy": "x.jsonl", "converse": "x.jsonl", "fields": "x.csv", "csv": "x.csv"}


@pytest.mark.parametrize(
    "code", [code for code in EVERY_CODE if code.name not in OF_PREPARE], ids=lambda code: code.name
)
def test_every_codes_example_has_it(code: Code) -> None:
    assert code.name in names(files_with(code), model_for(code))


@pytest.mark.parametrize("name", OF_PREPARE)
def test_every_example_of_what_cannot_be_converted_has_it(name: str) -> None:
    example = CODES[name].example
    assert isinstance(example, bytes)

    assert refused(OF_PREPARE[name], example) == {name}


def test_right_files_have_none_of_them() -> None:
    dataset = ShippedDataset("bedrock-faq")
    files: dict[DatasetFile, bytes] = {kind: dataset.content(kind) for kind in DATASET_FILES}
    thin = read_card((dataset.folder / CARD).read_bytes()).thin_topics

    assert names(files, thin=thin) == set()
    assert refused("x.jsonl", files["training"]) == refused("x.csv", b"question,answer\nHow long?,30 days.\n") == set()


def test_a_code_is_named_once_and_explained() -> None:
    assert len({code.name for code in EVERY_CODE}) == len(EVERY_CODE)
    assert all(name == code.name for name, code in CODES.items())
    assert all(code.meaning.endswith(".") and code.fix.rstrip(")").endswith(".") for code in EVERY_CODE)


def test_the_document_has_the_table() -> None:
    _, shown, _ = (
        DOCUMENT.read_text(encoding="utf-8").replace("<!-- /codes -->", "<!-- codes -->").split("<!-- codes -->")
    )

    assert shown.strip() == table().strip(), (
        "put the output of `.venv/bin/python -m cli.codes_table` between the codes markers of docs/datasets.md"
    )
