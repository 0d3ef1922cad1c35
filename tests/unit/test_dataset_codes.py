"""The catalogue of findings: each code's example has it, a right file has none, and the documentation says the same."""

from pathlib import Path

import pytest
from finetuning.base_models import BaseModel
from finetuning.dataset import codes
from finetuning.dataset.codes import CODES
from finetuning.dataset.files import Source
from finetuning.dataset.validation import MOST_COMPARED_RECORDS, Validation, validate
from finetuning.run_config import MAX_SYSTEM_PROMPT
from finetuning.run_store import DatasetFile

from cli.codes_table import EVERY_CODE, table
from tests.unit.dataset_records import ASSISTANT, HAIKU, LLAMA, RIGHT, USER, line

DOCUMENT = Path(__file__).parents[2] / "docs" / "datasets.md"

# What takes more than a short file to show: the file of the words in the example.
LONG_EXAMPLES = {
    codes.LINE_SIZE: b"x" * 2_000_000,
    codes.RECORD_TOKENS: line(USER, {**ASSISTANT, "content": "word " * 60_000}),
    codes.NEAR_RECORD_TOKENS: line(USER, {**ASSISTANT, "content": "word " * 30_000}),
    codes.SYSTEM_PROMPT: line(USER, ASSISTANT, system="x" * (MAX_SYSTEM_PROMPT * 2)),
    codes.MORE_ERRORS: b"\n" * 2_000,
    codes.MORE_WARNINGS: (b" " + RIGHT + b"\n") * 2_000,
    codes.QUALITY_SKIPPED: (RIGHT + b"\n") * (MOST_COMPARED_RECORDS + 1),
}


# What only models that are trained with prompt and completion have; the others' records may have it.
OF_PROMPT_AND_COMPLETION = (codes.SEVERAL_TURNS, codes.SYSTEM_IN_FRONT)


def found(content: bytes, kind: DatasetFile = "training", model: BaseModel = HAIKU) -> Validation:
    return validate({kind: Source(f"{kind}.jsonl", lambda: [content])}, model, most_findings=1_000)


def names(validation: Validation) -> set[str]:
    return {finding.code.name for finding in validation.findings}


# A file of gigabytes is in test_dataset_files.py.
@pytest.mark.parametrize("name", sorted(CODES.keys() - {"file-size"}))
def test_every_codes_example_has_it(name: str) -> None:
    code = CODES[name]
    content = code.example if isinstance(code.example, bytes) else LONG_EXAMPLES[code]
    kind: DatasetFile = "evaluation" if code is codes.FEW_EVALUATION_RECORDS else "training"

    validation = found(content, kind, LLAMA if code in OF_PROMPT_AND_COMPLETION else HAIKU)

    assert code.name in names(validation)
    ours = [finding for finding in validation.findings if finding.code is code]
    assert all(finding in getattr(validation, f"{code.severity}s") for finding in ours)


def test_a_right_file_has_none_of_them() -> None:
    records = [line({**USER, "content": f"What is number {number} of them?"}, ASSISTANT) for number in range(40)]

    assert not names(found(b"".join(record + b"\n" for record in records))) & CODES.keys()


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
