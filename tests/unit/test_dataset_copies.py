"""A run's own copy of a dataset."""

import json

import pytest
from finetuning.base_models import BaseModel
from finetuning.dataset.copies import BATCH_SIZE, batches, render
from finetuning.dataset.files import MAX_EVALUATION_RECORDS
from finetuning.run_store import RunStore, dataset_key
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.dataset_records import ASSISTANT, EVALUATION, HAIKU, NOVA, USER, findings, line


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


@pytest.mark.parametrize("model", [HAIKU, NOVA])
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
