"""The shipped dataset bedrock-faq: what its data card promises."""

import re
from collections import Counter

import pytest
from finetuning.run_store import DATASET_FILES, DatasetFile

from tests.unit.shipped_datasets import ShippedDataset

FAQ = ShippedDataset("bedrock-faq")
SINGLE_RECORD_TOPIC = "agents"


def is_japanese(text: str) -> bool:
    return re.search(r"[\u3040-\u30ff]", text) is not None


@pytest.mark.parametrize(("split", "english_at_least"), [("training", 96), ("validation", 32), ("evaluation", 40)])
def test_each_split_is_large_enough_and_counted_in_the_card(split: DatasetFile, english_at_least: int) -> None:
    japanese = sum(map(is_japanese, FAQ.questions(split)))
    total = len(FAQ.questions(split))
    assert total - japanese >= english_at_least
    assert FAQ.card_table("| file |")[f"{split}.jsonl"] == [total, total - japanese, japanese]


def test_evaluation_has_eight_japanese_questions_with_japanese_answers() -> None:
    pairs = list(zip(FAQ.questions("evaluation"), FAQ.answers("evaluation"), strict=True))
    assert sum(is_japanese(question) for question, _ in pairs) == 8
    assert all(is_japanese(question) == is_japanese(answer) for question, answer in pairs)


@pytest.mark.parametrize("split", DATASET_FILES)
def test_english_answers_are_short_and_specific(split: DatasetFile) -> None:
    lengths = [len(answer.split()) for answer in FAQ.answers(split) if not is_japanese(answer)]
    assert min(lengths) >= 20
    assert max(lengths) <= 60


def test_topic_table_of_the_card_counts_the_files() -> None:
    table = FAQ.card_table("| topic |")
    total = table.pop("total")
    assert total[::2] == [len(FAQ.records(split)) for split in DATASET_FILES]
    assert total[1::2] == [sum(map(is_japanese, FAQ.questions(split))) for split in DATASET_FILES]
    counted = Counter(record["topic"] for record in FAQ.records("evaluation"))
    assert {topic: row[4] for topic, row in table.items()} == dict(counted)


def test_exactly_one_topic_has_a_single_training_record() -> None:
    training = {topic: row[0] for topic, row in FAQ.card_table("| topic |").items() if topic != "total"}
    assert [topic for topic, count in training.items() if count < 5] == [SINGLE_RECORD_TOPIC]
    assert training[SINGLE_RECORD_TOPIC] == 1
    mentions = [question for question in FAQ.questions("training") if "Bedrock Agents" in question]
    assert len(mentions) == 1
