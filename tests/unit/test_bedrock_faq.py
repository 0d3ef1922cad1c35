"""The shipped dataset bedrock-faq: what its data card promises."""

import json
import re
from collections import Counter
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

SPLITS = ("training", "validation", "evaluation")
FOLDER = Path(__file__).parents[2] / "datasets" / "bedrock-faq"
# Strings that end a turn for Claude, and those that Amazon Nova refuses anywhere in a prompt.
RESERVED = ("\nHuman:", "\nAssistant:", "User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]")
SINGLE_RECORD_TOPIC = "agents"


def records(split: str) -> list[dict[str, Any]]:
    text = (FOLDER / f"{split}.jsonl").read_bytes().decode("utf-8", errors="strict")
    assert text.endswith("}\n")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


def questions(split: str) -> list[str]:
    if split == "evaluation":
        return [record["question"] for record in records(split)]
    return [record["messages"][0]["content"] for record in records(split)]


def answers(split: str) -> list[str]:
    if split == "evaluation":
        return [record["referenceAnswer"] for record in records(split)]
    return [record["messages"][1]["content"] for record in records(split)]


def is_japanese(text: str) -> bool:
    return re.search(r"[\u3040-\u30ff]", text) is not None


def normalised(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of the sets of 5-character sequences."""
    first, second = ({text[i : i + 5] for i in range(len(text) - 4)} for text in map(normalised, (one, other)))
    return len(first & second) / len(first | second)


def card_table(header: str) -> dict[str, list[int]]:
    """The rows of the data card's table that starts with `header`: first cell -> its numbers."""
    lines = (FOLDER / "README.md").read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(header)) + 2
    rows = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        name, *cells = (cell.strip(" *`") for cell in line.strip("|").split("|"))
        rows[name] = [int(cell) for cell in cells if cell.isdecimal()]
    return rows


@pytest.mark.parametrize(("split", "english_at_least"), [("training", 96), ("validation", 32), ("evaluation", 40)])
def test_each_split_is_large_enough_and_counted_in_the_card(split: str, english_at_least: int) -> None:
    japanese = sum(map(is_japanese, questions(split)))
    total = len(questions(split))
    assert total - japanese >= english_at_least
    assert card_table("| file |")[f"{split}.jsonl"] == [total, total - japanese, japanese]


def test_evaluation_has_eight_japanese_questions_with_japanese_answers() -> None:
    pairs = list(zip(questions("evaluation"), answers("evaluation"), strict=True))
    assert sum(is_japanese(question) for question, _ in pairs) == 8
    assert all(is_japanese(question) == is_japanese(answer) for question, answer in pairs)


@pytest.mark.parametrize("split", ["training", "validation"])
def test_records_are_one_turn_of_each_role(split: str) -> None:
    for record in records(split):
        assert record.keys() == {"system", "messages"}
        assert [message["role"] for message in record["messages"]] == ["user", "assistant"]
        assert all(message.keys() == {"role", "content"} for message in record["messages"])


def test_training_and_validation_share_one_system_prompt() -> None:
    assert len({record["system"] for split in ("training", "validation") for record in records(split)}) == 1


def test_evaluation_records_have_exactly_the_documented_keys() -> None:
    assert all(list(record) == ["question", "referenceAnswer", "topic"] for record in records("evaluation"))


@pytest.mark.parametrize("split", SPLITS)
def test_no_record_contains_a_reserved_string(split: str) -> None:
    text = (FOLDER / f"{split}.jsonl").read_text(encoding="utf-8").replace("\\n", "\n")
    assert [word for word in RESERVED if word in text] == []


def test_no_question_occurs_twice_and_no_answer_leaks_into_the_evaluation() -> None:
    every = [normalised(question) for split in SPLITS for question in questions(split)]
    assert [question for question, times in Counter(every).items() if times > 1] == []
    learnt = {normalised(answer) for split in ("training", "validation") for answer in answers(split)}
    assert learnt.isdisjoint(map(normalised, answers("evaluation")))


@pytest.mark.parametrize(("one", "other"), list(combinations(SPLITS, 2)))
def test_questions_of_two_splits_are_not_nearly_the_same(one: str, other: str) -> None:
    assert max(similarity(a, b) for a, b in product(questions(one), questions(other))) < 0.6


@pytest.mark.parametrize("split", SPLITS)
def test_english_answers_are_short_and_specific(split: str) -> None:
    lengths = [len(answer.split()) for answer in answers(split) if not is_japanese(answer)]
    assert min(lengths) >= 20
    assert max(lengths) <= 60


def test_topic_table_of_the_card_adds_up_to_the_files() -> None:
    table = card_table("| topic |")
    total = table.pop("total")
    assert [sum(column) for column in zip(*table.values(), strict=True)] == total
    assert total[::2] == [len(records(split)) for split in SPLITS]
    assert total[1::2] == [sum(map(is_japanese, questions(split))) for split in SPLITS]
    counted = Counter(record["topic"] for record in records("evaluation"))
    assert {topic: row[4] for topic, row in table.items()} == dict(counted)


def test_exactly_one_topic_has_a_single_training_record() -> None:
    training = {topic: row[0] for topic, row in card_table("| topic |").items() if topic != "total"}
    assert [topic for topic, count in training.items() if count < 5] == [SINGLE_RECORD_TOPIC]
    assert training[SINGLE_RECORD_TOPIC] == 1
    mentions = [question for question in questions("training") if "Bedrock Agents" in question]
    assert len(mentions) == 1
