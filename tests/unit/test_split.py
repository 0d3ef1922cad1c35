"""How records are divided: by the shares, each topic alike, what asks the same together, the same way every time."""

import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from finetuning.base_models import base_model
from finetuning.coverage import Example as Asked
from finetuning.errors import InvalidDatasetError
from finetuning.preparation.division import Item, Shares, count_by_topic, divide, possible_shares
from finetuning.preparation.groups import same_questions
from finetuning.preparation.records import Example
from finetuning.preparation.split import split
from finetuning.record_formats import Record
from finetuning.repetition import repetitions
from finetuning.run_store import DATASET_FILES
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.dataset_records import errors

HAIKU, NOVA = base_model("claude-3-haiku"), base_model("nova-lite")
TWO_FILES: Shares = {"training": 85, "validation": 15, "evaluation": 0}
THREE_FILES: Shares = {"training": 60, "validation": 20, "evaluation": 20}

items = st.lists(
    st.tuples(st.sampled_from(["", "地理", "挨拶", "c"]), st.integers(0, 60), st.booleans()), min_size=1, max_size=80
).map(lambda drawn: [Item(topic, f"q{place}", group, ok) for place, (topic, group, ok) in enumerate(drawn)])
shares = st.tuples(st.integers(1, 98), st.integers(0, 98)).filter(lambda drawn: sum(drawn) <= 99)


@given(items, shares, st.integers(0, 3))
def test_groups_stay_together_and_only_wanted_files_get_records(
    given_items: list[Item], drawn: tuple[int, int], seed: int
) -> None:
    wanted: Shares = {"validation": drawn[0], "evaluation": drawn[1], "training": 100 - sum(drawn)}
    files = divide(given_items, wanted, seed)

    by_group = defaultdict(set)
    for item, file in zip(given_items, files, strict=True):
        by_group[item.group].add(file)
        assert wanted[file]
        assert item.evaluable or file != "evaluation"
    assert all(len(found) == 1 for found in by_group.values())
    assert divide(given_items, wanted, seed) == files
    assert sum(sum(counts.values()) for counts in count_by_topic(given_items, files).values()) == len(given_items)


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=120), st.sampled_from([TWO_FILES, THREE_FILES]))
def test_shares_are_kept_to_a_record_and_each_topic_is_trained(topics: list[str], wanted: Shares) -> None:
    all_items = [Item(topic, f"q{place}", place) for place, topic in enumerate(topics)]
    counts = count_by_topic(all_items, divide(all_items, wanted, 0))

    assert all(of_topic["training"] for of_topic in counts.values())
    for file in ("validation", "evaluation"):
        assert sum(of_topic[file] for of_topic in counts.values()) <= len(topics) * wanted[file] / 100 + 1
    if min(Counter(topics).values()) >= 5:
        for file in DATASET_FILES:
            assert abs(sum(each[file] for each in counts.values()) - len(topics) * wanted[file] / 100) <= 1.01


def test_every_topic_is_divided_alike() -> None:
    all_items = [
        Item(topic, f"{topic}{number}", 100 * topics + number)
        for topics, topic in enumerate("abc")
        for number in range(20)
    ]

    counts = count_by_topic(all_items, divide(all_items, THREE_FILES, 0))

    assert [dict(of_topic) for of_topic in counts.values()] == [{"training": 12, "validation": 4, "evaluation": 4}] * 3


@pytest.mark.parametrize("seed", range(5))
def test_large_groups_and_small_topics_cost_no_share(seed: int) -> None:
    half: Shares = {"training": 50, "validation": 50, "evaluation": 0}
    one_large_group = [Item("", f"q{number}", min(number, 15)) for number in range(30)]
    assert divide(one_large_group, half, seed).count("validation") == 15

    small_topics = [Item(str(number) if number < 20 else "large", f"q{number}", number) for number in range(100)]
    assert divide(small_topics, TWO_FILES, seed).count("validation") == 15


def test_another_seed_and_no_other_order_divides_differently() -> None:
    all_items = [Item("", f"q{number}", number) for number in range(100)]
    files = divide(all_items, TWO_FILES, 0)

    assert divide(all_items, TWO_FILES, 1) != files
    assert divide(all_items[::-1], TWO_FILES, 0) == files[::-1]


def test_shares_that_are_possible_are_the_nearest_ones() -> None:
    assert possible_shares(TWO_FILES, lambda each: each["validation"] >= 24) == {
        **TWO_FILES,
        "training": 76,
        "validation": 24,
    }
    assert possible_shares(THREE_FILES, lambda each: each["evaluation"] <= 5) == {
        "training": 75,
        "validation": 20,
        "evaluation": 5,
    }
    assert possible_shares(TWO_FILES, lambda _: False) is None


def test_questions_that_are_linked_are_one_group() -> None:
    asked = [
        Asked("How do I create a knowledge base for my documents?", "a"),
        Asked("東京の人口は何人ですか?", "b"),
        Asked("how do I create a knowledge base for documents", "c"),
        Asked("How do I create a knowledge base of 3 documents?", "d"),
        Asked("How do I create a knowledge base of 4 documents?", "e"),
        Asked("東京の人口は何人ですか", "f"),
    ]
    groups = same_questions(asked)

    assert groups[0] == groups[2]
    assert groups[1] == groups[5] == 1
    assert groups[1] != groups[0]


def example(question: str, answer: str = "A long enough answer.", topic: str = "t", **others: object) -> Example:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return Example({**others, "messages": turns}, topic)


def different(number: int) -> str:
    """A question that is like no other one."""
    return f"{number:04x} " * 6


def test_what_is_written_keeps_the_rules_and_the_order_and_leaks_nothing() -> None:
    shipped = Path(__file__).parents[2] / "datasets" / "bedrock-faq"
    records: list[Record] = [json.loads(line) for line in (shipped / "training.jsonl").open(encoding="utf-8")]
    # Each question once more, lightly reworded.
    again = [
        {
            **record,
            "messages": [{"role": "user", "content": "Hi! " + record["messages"][0]["content"]}, record["messages"][1]],
        }
        for record in records
    ]
    examples = [Example(record, "") for record in [*records, *again]]

    found = split(examples, {"training": 70, "validation": 30, "evaluation": 0}, 0, HAIKU)

    assert found.kept_together >= 200
    written = {file: [json.loads(line) for line in lines] for file, lines in found.lines.items()}
    everything = [example.record for example in examples]
    for file, lines in found.lines.items():
        assert errors(b"\n".join(lines), file) == []
        places = [everything.index(record) for record in written[file]]
        assert places == sorted(places)
    assert len(written["training"]) + len(written["validation"]) == len(everything)
    asked = [
        Asked(record["messages"][0]["content"], record["messages"][1]["content"])
        for record in [*written["training"], *written["validation"]]
    ]
    border = len(written["training"])
    assert [each for each in repetitions(asked) if each.earlier < border <= each.later] == []


def test_a_system_prompt_that_all_share_is_the_runs_and_another_is_no_evaluation_data() -> None:
    shared = [example(different(number), system="Be brief.") for number in range(40)]
    one = split(shared, THREE_FILES, 0, NOVA)
    assert {len(json.loads(line)) for line in one.lines["evaluation"]} == {3}
    assert {json.loads(line)["system"] for line in one.lines["training"]} == {"Be brief."}
    assert one.not_evaluable == 0

    odd = [example(different(100 + number), system="Be long.") for number in range(5)]
    turns = [*odd[0].record["messages"], *odd[1].record["messages"]]
    several = Example({"messages": turns}, "t")
    plain = [example(different(200 + number)) for number in range(30)]
    other = split([*odd, several, *plain], THREE_FILES, 0, NOVA)
    assert other.not_evaluable == 6
    assert errors(b"\n".join(other.lines["evaluation"]), "evaluation", "nova-lite") == []
    assert sum(map(len, other.lines.values())) == 36


@pytest.mark.parametrize(
    ("examples", "wanted", "named"),
    [
        ([example(different(n)) for n in range(150)], TWO_FILES, "--training 78 --validation 22 --evaluation 0"),
        (
            [example(different(n)) for n in range(63)],
            TWO_FILES,
            "No shares of 63 records would do.* at least 32 \\+ 32",
        ),
        (
            [example("Just this one, a hundred times") for _ in range(300)],
            TWO_FILES,
            r"stay together \(up to 300 of them\)",
        ),
    ],
)
def test_files_that_no_run_would_take_are_refused_with_a_way_out(
    examples: list[Example], wanted: Shares, named: str
) -> None:
    with pytest.raises(InvalidDatasetError, match=named) as raised:
        split(examples, wanted, 0, HAIKU)
    assert "validation.jsonl: has " in str(raised.value)
