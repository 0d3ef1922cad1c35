"""What every shipped dataset keeps: the rules of every base model, and questions that are not learnt by heart."""

from collections import Counter
from functools import partial
from itertools import combinations, product

import pytest
from finetuning.base_models import BASE_MODELS, base_model
from finetuning.card import CARD, read_card
from finetuning.dataset.files import Source
from finetuning.dataset.validation import validate
from finetuning.run_store import DATASET_FILES, DatasetFile

from tests.unit.shipped_datasets import DATASETS, ShippedDataset, normalised, similarity

RESERVED = {word for model in BASE_MODELS.values() for word in model.reserved}


@pytest.fixture(params=sorted(folder.name for folder in DATASETS.iterdir()))
def dataset(request: pytest.FixtureRequest) -> ShippedDataset:
    return ShippedDataset(request.param)


@pytest.mark.parametrize("model", BASE_MODELS)
def test_it_keeps_every_models_rules(dataset: ShippedDataset, model: str) -> None:
    def read(file: DatasetFile) -> list[bytes]:
        return [dataset.content(file)]

    sources = {file: Source(f"{file}.jsonl", partial(read, file)) for file in DATASET_FILES}
    card = read_card((dataset.folder / CARD).read_bytes())

    found = validate(sources, base_model(model), most_findings=20, thin_on_purpose=card.thin_topics).findings

    # Both datasets have a system prompt, for which these models have no place of its own.
    told = ["system-in-front"] if base_model(model).record_format == "promptCompletion" else []
    assert [finding.code.name for finding in found] == told


def test_its_files_are_readable_text_that_ends_with_a_newline(dataset: ShippedDataset) -> None:
    assert all(dataset.content(file).endswith(b"}\n") for file in DATASET_FILES)
    assert [file for file in DATASET_FILES if b"\\u" in dataset.content(file)] == []


def test_training_and_validation_records_are_one_turn_of_each_role(dataset: ShippedDataset) -> None:
    records = dataset.records("training") + dataset.records("validation")
    assert {len(record["messages"]) for record in records} == {2}


def test_training_and_validation_share_one_system_prompt(dataset: ShippedDataset) -> None:
    assert len({record["system"] for record in dataset.records("training") + dataset.records("validation")}) == 1


def test_no_evaluation_text_contains_a_reserved_string(dataset: ShippedDataset) -> None:
    texts = dataset.questions("evaluation") + dataset.answers("evaluation")
    assert [word for word in RESERVED if any(word in text for text in texts)] == []


def test_no_question_occurs_twice_and_no_answer_leaks_into_the_evaluation(dataset: ShippedDataset) -> None:
    every = [normalised(question) for file in DATASET_FILES for question in dataset.questions(file)]
    assert [question for question, times in Counter(every).items() if times > 1] == []
    learnt = set(map(normalised, dataset.answers("training") + dataset.answers("validation")))
    assert learnt.isdisjoint(map(normalised, dataset.answers("evaluation")))


@pytest.mark.parametrize(("one", "other"), list(combinations(DATASET_FILES, 2)))
def test_questions_of_two_splits_are_not_nearly_the_same(
    dataset: ShippedDataset, one: DatasetFile, other: DatasetFile
) -> None:
    assert max(similarity(a, b) for a, b in product(dataset.questions(one), dataset.questions(other))) < 0.6


def test_tables_of_its_card_add_up_to_the_files(dataset: ShippedDataset) -> None:
    files, topics = dataset.card_table("| file |"), dataset.card_table("| topic |")
    total = topics.pop("total")

    assert [files[f"{file}.jsonl"][0] for file in DATASET_FILES] == [len(dataset.records(f)) for f in DATASET_FILES]
    assert [sum(column) for column in zip(*topics.values(), strict=True)] == total
    assert topics.keys() == {record["topic"] for record in dataset.records("evaluation")}
