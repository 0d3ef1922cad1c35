"""Record formats: each is recognised, texts survive every way between them, and what would be lost is refused."""

import json
from typing import Any, get_args

import pytest
from finetuning.base_models import RecordFormat, base_model
from finetuning.dataset import codes
from finetuning.dataset.rules import check_line
from finetuning.record_formats import (
    Format,
    Record,
    RecordError,
    as_asked,
    format_of,
    from_evaluation,
    from_messages,
    to_evaluation,
    to_line,
    to_messages,
)
from hypothesis import given
from hypothesis import strategies as st

RECORD_FORMATS: tuple[RecordFormat, ...] = get_args(RecordFormat)
HAIKU = base_model("claude-3-haiku")
USER, ASSISTANT = {"role": "user", "content": "東京は?"}, {"role": "assistant", "content": "首都です。"}
ONE_TURN = {"messages": [USER, ASSISTANT]}
CONVERSE = {
    "schemaVersion": "bedrock-conversation-2024",
    "system": [{"text": "簡潔に。"}],
    "messages": [
        {"role": "user", "content": [{"text": "東京は?"}]},
        {"role": "assistant", "content": [{"text": "首都です。"}]},
    ],
}

any_text = st.text() | st.sampled_from(
    ["日本語", "🙂👩‍👩‍👧", "a\u2028b\u2029c\x85d", "\x00", "\r\n", '"\\', "e\u0301é"]
)
texts = any_text.filter(str.strip).filter(lambda text: not any(word in text for word in HAIKU.reserved))


@st.composite
def records(draw: st.DrawFn, max_turns: int = 3, system: bool = True) -> Record:
    turns = draw(st.lists(st.tuples(texts, texts), min_size=1, max_size=max_turns))
    messages = [
        {"role": role, "content": text}
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
    prompt = draw(st.none() | texts) if system else None
    return {"system": prompt, "messages": messages} if prompt else {"messages": messages}


def written(record: Record) -> Any:  # noqa: ANN401 - whatever JSON holds
    """As another program reads what we write."""
    line = to_line(record)
    assert b"\n" not in line
    return json.loads(line.decode("utf-8"))


@given(records())
def test_conversations_survive_the_way_to_converse_and_back(record: Record) -> None:
    assert to_messages(written(from_messages(record, "converse")), "converse") == record


@pytest.mark.parametrize("wanted", RECORD_FORMATS)
@given(record=records(max_turns=1, system=False))
def test_one_turn_survives_the_way_to_every_format_and_back(wanted: RecordFormat, record: Record) -> None:
    converted = written(from_messages(record, wanted))

    assert format_of(converted) == wanted
    assert to_messages(converted, wanted) == record
    assert check_line(to_line(to_messages(converted, wanted)), "training", HAIKU).record is not None


@given(records(max_turns=1, system=False), texts)
def test_one_turn_survives_as_evaluation_data(record: Record, topic: str) -> None:
    converted = written(to_evaluation(record, topic))

    assert format_of(converted) == "evaluation"
    assert check_line(to_line(converted), "evaluation", HAIKU).record is not None
    assert from_evaluation(converted) == (record, topic)


def test_a_text_that_utf8_cannot_hold_is_refused() -> None:
    broken = {"messages": [USER, {"role": "assistant", "content": "half \ud83d"}]}
    for record in (broken, from_messages(broken, "converse"), from_messages(broken, "promptCompletion")):
        with pytest.raises(RecordError) as raised:
            to_line(record)
        assert raised.value.code.name == "surrogate"


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (ONE_TURN, "messages"),
        ({**ONE_TURN, "id": 7}, "messages"),
        (CONVERSE, "converse"),
        ({"completion": "a", "prompt": "q"}, "promptCompletion"),
        ({"question": "q", "referenceAnswer": "a", "topic": "t"}, "evaluation"),
        ({"prompt": "q", "completion": "a", "id": 7}, None),
        ({"question": "q", "answer": "a"}, None),
        ({}, None),
    ],
)
def test_a_format_is_recognised_by_its_keys(record: Record, expected: Format | None) -> None:
    assert format_of(record) == expected


@pytest.mark.parametrize(
    ("record", "lost"),
    [
        ({**ONE_TURN, "system": "簡潔に。"}, "the system prompt"),
        ({"messages": [USER, ASSISTANT, USER, ASSISTANT]}, "4 messages"),
    ],
)
def test_what_one_question_and_answer_cannot_hold_is_named(record: Record, lost: str) -> None:
    with pytest.raises(RecordError, match=lost) as of_prompt:
        from_messages(record, "promptCompletion")
    with pytest.raises(RecordError, match=lost) as of_evaluation:
        to_evaluation(record, "topic")
    assert of_prompt.value.code is of_evaluation.value.code is codes.LOSSY


@pytest.mark.parametrize("wanted", RECORD_FORMATS)
@given(system=st.none() | texts, question=texts)
def test_a_model_is_asked_with_all_that_it_is_trained_with(
    wanted: RecordFormat, system: str | None, question: str
) -> None:
    given_system, asked = as_asked(system, question, wanted)

    if wanted == "promptCompletion" and system:
        assert (given_system, asked) == (None, f"{system}\n\n{question}")
    else:
        assert (given_system, asked) == (system, question)


def test_an_empty_system_prompt_is_none() -> None:
    assert from_messages({**ONE_TURN, "system": ""}, "promptCompletion").keys() == {"prompt", "completion"}
    assert to_messages({**CONVERSE, "system": []}, "converse") == ONE_TURN


def of_user(*blocks: object) -> Record:
    return {**CONVERSE, "messages": [{"role": "user", "content": list(blocks)}, CONVERSE["messages"][1]]}


@pytest.mark.parametrize(
    ("record", "code", "named"),
    [
        (of_user({"text": "a"}, {"text": "b"}), "lossy", r"messages\[0\].content has 2 text blocks"),
        (of_user(), "lossy", "0 text blocks"),
        (of_user({}), "lossy", "not one"),
        (of_user({"image": {"format": "png"}}), "lossy", "'image'"),
        (of_user({"text": "a", "cachePoint": {}}), "lossy", "'cachePoint'"),
        (of_user({"text": 7}), "content-type", "a number"),
        (of_user("a"), "converse", "no list of blocks"),
        ({**CONVERSE, "messages": [{"role": "user", "content": "a"}]}, "converse", "no list of blocks"),
        ({**CONVERSE, "system": [{"text": "a"}, {"text": "b"}]}, "lossy", "system has 2"),
        ({**CONVERSE, "system": "a"}, "converse", "system"),
        ({**CONVERSE, "messages": {}}, "messages", "an object"),
        ({**CONVERSE, "messages": ["a"]}, "message-type", "a text"),
        ({**CONVERSE, "messages": [{"role": "user"}]}, "missing-key", "content"),
        ({**CONVERSE, "schemaVersion": "bedrock-conversation-2025"}, "converse", "2025"),
        ({**CONVERSE, "toolConfig": {}}, "unknown-key", "toolConfig"),
    ],
)
def test_what_messages_have_no_place_for_is_named(record: Record, code: str, named: str) -> None:
    with pytest.raises(RecordError, match=named) as raised:
        to_messages(record, "converse")
    assert raised.value.code.name == code


@pytest.mark.parametrize("record", [{"prompt": ["q"], "completion": "a"}, {"prompt": "q", "completion": None}])
def test_prompt_and_completion_are_texts(record: Record) -> None:
    with pytest.raises(RecordError) as raised:
        to_messages(record, "promptCompletion")
    assert raised.value.code.name == "content-type"
