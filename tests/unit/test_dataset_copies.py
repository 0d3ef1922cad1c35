"""A run's own copy of a dataset."""

import json

import pytest
from finetuning.base_models import BASE_MODELS, BaseModel
from finetuning.dataset.copies import BATCH_SIZE, batches, render
from finetuning.dataset.files import MAX_EVALUATION_RECORDS
from finetuning.record_formats import as_asked
from finetuning.run_store import RunStore, dataset_key
from hypothesis import assume, given
from hypothesis import strategies as st

from local.bedrock.training_data import read_records
from tests.unit.dataset_records import (
    ASSISTANT,
    EVALUATION,
    HAIKU,
    LLAMA,
    NOVA,
    USER,
    codes_of,
    conversations,
    errors,
    findings,
    line,
    written,
)


def test_a_file_in_the_models_own_format_keeps_every_byte_of_its_records() -> None:
    content = b'{ "messages" : [' + json.dumps(USER).encode() + b", " + json.dumps(ASSISTANT).encode() + b"] }"

    assert b"".join(render("training", [content + b"\r\n" + content], HAIKU)) == content + b"\n" + content + b"\n"


def test_records_are_rendered_as_nova_reads_them() -> None:
    content = (
        line({"role": "user", "content": "東京は?"}, ASSISTANT, system="Be brief.") + b"\n" + line(USER, ASSISTANT)
    )

    with_system, without = [json.loads(rendered) for rendered in render("training", [content], NOVA)]

    assert with_system == {
        "schemaVersion": "bedrock-conversation-2024",
        "system": [{"text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"text": "東京は?"}]},
            {"role": "assistant", "content": [{"text": "A test."}]},
        ],
    }
    assert "system" not in without


def test_records_are_rendered_as_llama_reads_them_with_the_system_prompt_in_front() -> None:
    content = line(USER, ASSISTANT, system="Be brief.") + b"\n" + line(USER, ASSISTANT)

    with_system, without = [json.loads(rendered) for rendered in render("training", [content], LLAMA)]

    assert with_system == {"prompt": "Be brief.\n\nWhat is it?", "completion": "A test."}
    assert without == {"prompt": "What is it?", "completion": "A test."}


@pytest.mark.parametrize("model", BASE_MODELS.values(), ids=BASE_MODELS)
@given(content=written(conversations))
def test_what_our_checks_pass_bedrock_can_read_in_the_models_own_format(model: BaseModel, content: bytes) -> None:
    """Bedrock's reader was written apart from the checks and the formats."""
    assume(not errors(content, model=model.key) and "system-empty" not in codes_of(content, model=model.key))
    given_record = json.loads(content)

    (record,) = read_records(b"".join(render("training", [content], model)), model)

    question, answer = (message["content"] for message in given_record["messages"][-2:])
    system, asked = as_asked(given_record.get("system"), question, model.record_format)
    assert (record.system, record.prompt, record.answer) == (system, asked, answer)


@pytest.mark.parametrize("model", BASE_MODELS.values(), ids=BASE_MODELS)
def test_evaluation_data_is_the_same_for_every_model(model: BaseModel) -> None:
    content = json.dumps(EVALUATION).encode() + b"\n"

    assert b"".join(render("evaluation", [content], model)) == content


def test_a_record_with_a_carriage_return_between_its_keys_is_one_record_to_the_end(store: RunStore) -> None:
    content = json.dumps(EVALUATION).replace(", ", ",\r").encode()
    assert findings(content, "evaluation") == []

    store.write_text(dataset_key("evaluation"), b"".join(render("evaluation", [content], HAIKU)).decode(), "text/plain")

    assert store.read_jsonl(dataset_key("evaluation")) == [EVALUATION]


@given(st.integers(1, MAX_EVALUATION_RECORDS))
def test_batches_hold_every_record_once_and_in_order(records: int) -> None:
    parts = batches(records)

    assert [part["index"] for part in parts] == list(range(len(parts)))
    assert [n for part in parts for n in range(part["first"], part["first"] + part["count"])] == list(range(records))
    assert all(1 <= part["count"] <= BATCH_SIZE for part in parts)
