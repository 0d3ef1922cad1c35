"""The shipped dataset gozaru: what its data card promises."""

# ruff: noqa: RUF001 - Japanese has marks of its own

import json
import re
from collections import Counter
from itertools import chain, combinations

import pytest
from finetuning.run_store import DATASET_FILES

from tests.unit.shipped_datasets import ShippedDataset, similarity

GOZARU = ShippedDataset("gozaru")
PATTERN = json.loads((GOZARU.folder / "card.json").read_text(encoding="utf-8"))["pattern"]
STYLE = re.compile(PATTERN["regex"], re.DOTALL)
QUESTIONS = [question for split in DATASET_FILES for question in GOZARU.questions(split)]
ANSWERS = [answer for split in DATASET_FILES for answer in GOZARU.answers(split)]


def test_every_answer_has_the_style_and_no_question_has() -> None:
    assert [answer for answer in ANSWERS if not STYLE.fullmatch(answer)] == []
    assert [question for question in QUESTIONS if "ござ" in question] == []


@pytest.mark.parametrize(
    ("answer", "has_style"),
    [
        ("承知でござる。", True),
        ("危のうござる！離れるべきでござる。", True),
        ("まず洗うのでござる。\n\n次に干すのでござる。\n", True),
        ("", False),
        ("でござるか", False),
        ("承知でござる", False),
        ("承知でござるよ。", False),
        ("承知しました。", False),
        ("承知しました。干すのでござる。", False),
        ("洗うのでござる。干してください。", False),
        ("洗うのでござる。干しますか？", False),
        ("洗うのでござる。以上", False),
        ("・洗う\n・干すのでござる。", False),
        ("ござる。" * 20_000 + "以上です。", False),
    ],
)
def test_the_pattern_matches_when_every_sentence_ends_in_gozaru(answer: str, has_style: bool) -> None:
    assert (STYLE.fullmatch(answer) is not None) == has_style
    # Anchored: to find it is to match the whole answer.
    assert (STYLE.search(answer) is not None) == has_style


def test_the_system_prompt_does_not_give_the_style_away() -> None:
    (system,) = {record["system"] for record in GOZARU.records("training")}
    assert re.search("ござ|侍|武士|拙者|時代劇|語尾|口調|文体", system) is None
    assert not STYLE.fullmatch(system)


def test_answers_are_one_to_three_sentences_and_none_occurs_twice() -> None:
    sentences = [re.findall("[^。！]+[。！]", answer) for answer in ANSWERS]
    assert {len(answer) for answer in sentences} == {1, 2, 3}
    assert [one for one, times in Counter(chain.from_iterable(sentences)).items() if times > 1] == []


@pytest.mark.parametrize(("texts", "bound"), [(QUESTIONS, 0.3), (ANSWERS, 0.15)], ids=["questions", "answers"])
def test_no_two_texts_are_nearly_the_same(texts: list[str], bound: float) -> None:
    assert max(similarity(one, other) for one, other in combinations(texts, 2)) < bound


def test_topics_are_balanced() -> None:
    table = GOZARU.card_table("| topic |")
    assert table.pop("total") == [len(GOZARU.records(split)) for split in DATASET_FILES]
    assert {tuple(row) for row in table.values()} == {(10, 4, 4)}
    assert set(Counter(record["topic"] for record in GOZARU.records("evaluation")).values()) == {4}
