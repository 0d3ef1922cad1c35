"""What a dataset's records say against it: each rule with data that has it, and data that has not."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from finetuning.card import read_card
from finetuning.coverage import Example, read_examples
from finetuning.dataset.codes import Finding
from finetuning.dataset.quality import quality_findings
from finetuning.dataset.quality.codes import QUALITY_CODES
from finetuning.run_store import DATASET_FILES, DatasetFile

from tests.unit.quality.ordinary import ENGLISH, JAPANESE, RETURNS
from tests.unit.shipped_datasets import DATASETS, ShippedDataset

Found = list[tuple[str, int, str]]


def findings(*thin_on_purpose: str, **files: Sequence[Example]) -> list[Finding]:
    given: Mapping[DatasetFile, list[Example]] = {
        file: [replace(record, line=line) for line, record in enumerate(files[file], start=1)]
        for file in DATASET_FILES
        if file in files
    }
    return quality_findings(given, thin_on_purpose)


def codes(**files: Sequence[Example]) -> Found:
    return [(found.file.removesuffix(".jsonl"), found.line, found.code.name) for found in findings(**files)]


@pytest.mark.parametrize("name", sorted(folder.name for folder in DATASETS.iterdir()))
def test_nothing_is_wrong_with_a_shipped_dataset(name: str) -> None:
    dataset = ShippedDataset(name)
    card = read_card((dataset.folder / "card.json").read_bytes())

    found = quality_findings({file: read_examples([dataset.content(file)]) for file in DATASET_FILES}, card.thin_topics)

    assert [str(each) for each in found] == []


@pytest.mark.parametrize("ordinary", [ENGLISH, JAPANESE])
def test_nothing_is_wrong_with_ordinary_records(ordinary: list[Example]) -> None:
    assert codes(training=ordinary) == []
    assert codes(validation=ordinary[:6], training=ordinary[6:]) == []
    assert codes() == codes(training=[]) == []


def test_a_topic_with_few_related_training_records() -> None:
    asked = Example("Until when can I bring a purchase back?", "You can return it within 30 days.", "returns")
    related = [
        RETURNS,
        Example("What do I show to return it?", "You can return it with the receipt within 30 days."),
        Example("Is a return free?", "If you return it with the receipt within 30 days, it is."),
    ]

    [found] = findings(training=[*ENGLISH, *related[:1]], evaluation=[asked])

    assert (found.file, found.line, found.code.name) == ("evaluation.jsonl", 1, "thin-topic")
    assert found.message == "the topic 'returns' has 1 related training record"
    assert findings(training=[*ENGLISH, *related], evaluation=[asked]) == []
    assert findings("returns", training=[*ENGLISH, *related[:1]], evaluation=[asked]) == []
    assert findings(evaluation=[asked]) == []


def test_findings_are_in_the_order_of_files_and_lines() -> None:
    found = codes(validation=[RETURNS, *ENGLISH[:4]], training=[ENGLISH[5], ENGLISH[5], RETURNS, RETURNS])

    assert found == [("training", 2, "duplicate"), ("training", 4, "duplicate"), ("validation", 1, "leak")]


def test_every_code_is_a_warning_whose_example_has_it() -> None:
    assert {code.severity for code in QUALITY_CODES.values()} == {"warning"}
    for code in QUALITY_CODES.values():
        if isinstance(code.example, bytes):
            # The other records, whose usual language some examples need.
            records = [*ENGLISH, *read_examples([code.example])]
            assert code.name in {each.code.name for each in findings(training=records)}, code.name
