"""What rows mean: keys are guessed only where there is no doubt, and nothing is lost in silence."""

from collections.abc import Mapping
from typing import Any

import pytest
from finetuning.base_models import base_model
from finetuning.dataset.codes import NOT_JSON
from finetuning.errors import SourceError
from finetuning.preparation.records import Example, ExampleReader, Keys, TopicUse, line_of
from finetuning.record_formats import RecordError, to_evaluation, to_line

HAIKU, NOVA = base_model("claude-3-haiku"), base_model("nova-lite")
RECORD = {"messages": [{"role": "user", "content": "東京は?"}, {"role": "assistant", "content": "首都です。"}]}
EVALUATION = to_evaluation(RECORD, "地理")


def reader(told: Keys | None = None, system: str = "", topic: TopicUse = "unused") -> ExampleReader:
    return ExampleReader("data.csv", told or Keys(), system, topic)


@pytest.mark.parametrize(
    "keys",
    [
        ("question", "answer"),
        ("prompt", "completion"),
        ("instruction", "output"),
        ("input", "output"),
        ("Q", "A"),
        ("Question", "Reference Answer"),
        ("質問", "回答"),
        # Full width, as Japanese spreadsheets have it.
        ("\uff31", "\uff21"),
    ],
)
def test_usual_keys_are_guessed_and_named(keys: tuple[str, str]) -> None:
    read = reader()

    assert read.read({"id": "7", keys[0]: "東京は?", keys[1]: "首都です。"}) == Example(RECORD, "")
    assert (read.taken, read.left_out) == (Keys(*keys), {"id"})


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (
            {"text": "東京は?", "label": "x"},
            "which key holds the question? Give --question-key one of its keys: 'text'",
        ),
        ({"question": "q", "text": "x"}, "Give --answer-key one of its keys: 'question', 'text'"),
        ({"question": "q", "prompt": "p", "answer": "a"}, "Give --question-key"),
        ({"instruction": "q", "input": "i", "output": "a"}, "Give --question-key"),
        ({"question": "q", "answer": "a", "output": "o"}, "Give --answer-key"),
        ({}, "its keys: none"),
    ],
)
def test_in_doubt_a_person_chooses_the_keys(row: Mapping[str, Any], named: str) -> None:
    with pytest.raises(SourceError) as raised:
        reader().read(row)
    assert str(raised.value).startswith("data.csv: ")
    assert named in str(raised.value)


def test_keys_that_are_told_are_used_also_in_a_known_format() -> None:
    row = {"instruction": "東京は?", "input": "x", "output": "首都です。", "label": "地理"}
    read = reader(Keys("instruction", "output", "label"), topic="required")

    assert read.read(row) == Example(RECORD, "地理")
    assert read.left_out == {"input"}
    # The other way round.
    assert reader(Keys("completion", "prompt")).read({"prompt": "首都です。", "completion": "東京は?"}).record == RECORD


def test_a_told_key_that_is_missing_is_an_error() -> None:
    with pytest.raises(SourceError, match="there is no key 'frage'"):
        reader(Keys("frage", "a")).read({"q": "x", "a": "y"})
    with pytest.raises(SourceError, match="there is no key 'thema'"):
        reader(Keys(topic="thema"), topic="optional").read(EVALUATION)


@pytest.mark.parametrize(
    ("row", "code", "named"),
    [
        ({"q": "東京は?"}, "missing-key", "'a'"),
        ({"q": "東京は?", "a": None}, "content-type", "'a' is null"),
        ({"q": 7, "a": "x"}, "content-type", "'q' is a number"),
        ({"q": "東京は?", "a": " \n"}, "content-empty", "'a' is empty"),
        (RecordError(NOT_JSON, "not JSON"), "json", "not JSON"),
    ],
)
def test_a_bad_row_is_named_by_its_own_keys(row: Mapping[str, Any] | RecordError, code: str, named: str) -> None:
    read = reader()
    read.read({"q": "東京は?", "a": "首都です。"})

    with pytest.raises(RecordError, match=named) as raised:
        read.read(row)
    assert raised.value.code.name == code


@pytest.mark.parametrize(
    ("row", "topic"),
    [
        (EVALUATION, "地理"),
        ({**RECORD, "topic": "地理"}, "地理"),
        ({"prompt": "東京は?", "completion": "首都です。", "カテゴリ": "地理"}, "地理"),
        (RECORD, ""),
    ],
)
def test_a_topic_is_found_in_every_format(row: Mapping[str, Any], topic: str) -> None:
    assert reader(topic="optional").read(row) == Example(RECORD, topic)


def test_a_topic_that_is_needed_must_be_there() -> None:
    with pytest.raises(SourceError, match="Give --topic-key one of its keys: 'messages'"):
        reader(topic="required").read(RECORD)
    for topic in ("", 7, None):
        with pytest.raises(RecordError, match="topic"):
            reader(topic="required").read({**EVALUATION, "topic": topic})


def test_a_topic_that_is_not_needed_is_said_to_be_left_out() -> None:
    read = reader()

    assert read.read(EVALUATION).record == RECORD
    assert read.left_out == {"topic"}
    # In a known format, a key that it has no place for is an error: left out, it would be a silent change.
    with pytest.raises(RecordError, match="unknown 'topic'"):
        line_of(read.read({**RECORD, "topic": "地理"}), "messages", HAIKU)


def test_a_system_prompt_is_given_but_replaces_none() -> None:
    read = reader(system="簡潔に。")
    with_system = {"system": "簡潔に。", **RECORD}

    assert read.read(RECORD).record == read.read(with_system).record == with_system
    assert read.read({"system": "", **RECORD}).record == with_system
    assert reader().read({"system": "", **RECORD}).record == RECORD
    assert read.read({"q": "東京は?", "a": "首都です。"}).record == with_system
    with pytest.raises(RecordError, match="of its own"):
        read.read({"system": "詳しく。", **RECORD})


def test_a_line_keeps_the_rules_of_its_base_model() -> None:
    reserved = Example({"messages": [{"role": "user", "content": "User: ?"}, RECORD["messages"][1]]}, "t")

    assert line_of(reserved, "messages", HAIKU) == to_line(reserved.record)
    with pytest.raises(RecordError, match="reserves"):
        line_of(reserved, "converse", NOVA)
    # Nobody is trained on evaluation data.
    assert line_of(reserved, "evaluation", NOVA) == to_line(to_evaluation(reserved.record, "t"))


@pytest.mark.parametrize("wanted", ["messages", "converse", "evaluation"])
def test_a_record_that_is_none_is_refused_in_every_format(wanted: Any) -> None:  # noqa: ANN401 - one of Format
    for record in (
        {"messages": "x"},
        {"messages": RECORD["messages"][:1]},
        {**RECORD, "id": 7},
        {**RECORD, "system": 0},
    ):
        with pytest.raises(RecordError):
            line_of(reader().read(record), wanted, HAIKU)
    with pytest.raises(RecordError, match="longer than"):
        line_of(Example({**RECORD, "system": "x" * 2_000_000}, "t"), wanted, HAIKU)
