"""The task that checks a dataset and keeps the run's own copy of it."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import validate_dataset
from botocore.exceptions import ClientError
from finetuning.base_models import base_model
from finetuning.errors import InvalidDatasetError
from finetuning.run_config import configure
from finetuning.run_store import COVERAGE, DATASET_FILES, RunStore, dataset_key

from cli.main import main

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

Invoke = Callable[..., Mapping[str, Any]]


def lines(*records: Mapping[str, Any]) -> bytes:
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in records).encode()


def conversation(number: int, **others: object) -> Mapping[str, Any]:
    question, answer = f"{number}は? {'x' * 50}", f"It is {number}."
    return {**others, "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


def question(number: int) -> Mapping[str, Any]:
    return {"question": f"{number}は?", "referenceAnswer": f"It is {number}.", "topic": "numbers"}


GOOD = {
    "training": lines(*(conversation(number, system="Be brief.") for number in range(40))),
    "validation": lines(*map(conversation, range(100, 132))),
    "evaluation": lines(*map(question, range(20))),
}


@pytest.fixture
def upload(s3: "S3Client") -> Callable[..., None]:
    """A dataset at s3://data/datasets/mine/ that is good but for the files given."""

    def put(**files: bytes) -> None:
        for file, body in {**GOOD, **files}.items():
            s3.put_object(Bucket="data", Key=f"datasets/mine/{file}.jsonl", Body=body)

    return put


def state(**execution_input: object) -> Mapping[str, Any]:
    given = {"dataset": "mine", **execution_input}
    run = configure(given, base_model("claude-3-haiku"), {}, "data", "2026-02-01T09:00:00+00:00")
    return {"run": run.to_json()}


def test_a_good_dataset_is_copied_byte_for_byte_and_described(
    invoke: Invoke, store: RunStore, upload: Callable[..., None]
) -> None:
    upload()

    found = invoke(validate_dataset.handler, state())

    assert {file: store.find_bytes(dataset_key(file)) for file in DATASET_FILES} == GOOD
    assert found["training"] == {
        "uri": "s3://results/runs/first-run/dataset/training.jsonl",
        "source": "s3://data/datasets/mine/training.jsonl",
        "sha256": hashlib.sha256(GOOD["training"]).hexdigest(),
        "records": 40,
        "tokens": found["training"]["tokens"],
    }
    assert found["training"]["tokens"] > 40
    assert [batch["count"] for batch in found["batches"]] == [8, 8, 4]
    assert (found["systemPrompt"], found["warnings"]) == ("Be brief.", [])


def test_every_finding_of_every_file_is_listed_and_nothing_is_kept(
    invoke: Invoke, store: RunStore, upload: Callable[..., None]
) -> None:
    upload(training=GOOD["training"] + b"broken\n", validation=lines(conversation(1)), evaluation=b"{}\n")

    with pytest.raises(InvalidDatasetError) as caught:
        invoke(validate_dataset.handler, state())

    summary, *found = str(caught.value).split("\n- ")
    assert summary == "The dataset 'mine' breaks Claude 3 Haiku's rules:"
    assert [line.split(":")[0] for line in found] == [
        "training.jsonl line 41",
        "validation.jsonl",
        "evaluation.jsonl line 1",
    ]
    assert [store.find_bytes(dataset_key(file)) for file in DATASET_FILES] == [None] * 3


def test_the_command_says_the_same_findings_beforehand(
    invoke: Invoke, upload: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = {**GOOD, "training": GOOD["training"] + b"{\xff\n[]\n" + lines({"prompt": "x", "completion": "y"})}
    upload(**broken)
    for file, content in broken.items():
        (tmp_path / f"{file}.jsonl").write_bytes(content)

    with pytest.raises(InvalidDatasetError) as caught:
        invoke(validate_dataset.handler, state())
    assert main(["validate", str(tmp_path)]) == 1

    said = capsys.readouterr().out.replace(f"{tmp_path}/", "").splitlines()
    errors = [line.removeprefix("error: ") for line in said if line.startswith("error: ")]
    assert str(caught.value).split("\n- ")[1:] == errors
    assert len(errors) == 3


def test_a_file_that_changes_while_it_is_checked_is_not_trusted(
    invoke: Invoke, s3: "S3Client", upload: Callable[..., None]
) -> None:
    upload()
    vars(s3)["after_get"] = lambda body: body + b"broken\n"

    with pytest.raises(ClientError, match="PreconditionFailed"):
        invoke(validate_dataset.handler, state())


def test_a_card_beside_the_training_data_gives_a_pattern(
    invoke: Invoke, s3: "S3Client", upload: Callable[..., None]
) -> None:
    upload()
    assert invoke(validate_dataset.handler, state())["pattern"] is None

    s3.put_object(Bucket="data", Key="datasets/mine/card.json", Body=b'{"pattern": {"name": "x", "regex": "y$"}}')
    found = invoke(validate_dataset.handler, state())

    assert found["pattern"] == {"name": "x", "regex": "y$", "description": ""}


def test_a_card_that_cannot_be_used_keeps_nothing(
    invoke: Invoke, s3: "S3Client", store: RunStore, upload: Callable[..., None]
) -> None:
    upload()
    s3.put_object(Bucket="data", Key="datasets/mine/card.json", Body=b'{"pattern": {"name": "x", "regex": "("}}')

    with pytest.raises(InvalidDatasetError, match=r"card\.json: pattern\.regex: no regular expression"):
        invoke(validate_dataset.handler, state())

    assert store.find_bytes(dataset_key("training")) is None


def test_another_models_records_are_rendered_for_it(
    invoke: Invoke, store: RunStore, upload: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload()
    monkeypatch.setenv("BASE_MODEL", "nova-micro")

    found = invoke(validate_dataset.handler, state())

    records = store.read_jsonl(dataset_key("training"))
    assert len(records) == found["training"]["records"] == 40
    assert records[3]["messages"][0]["content"] == [{"text": f"3は? {'x' * 50}"}]
    assert store.find_bytes(dataset_key("evaluation")) == GOOD["evaluation"]


def test_a_system_prompt_without_a_place_of_its_own_stands_in_front_and_is_a_warning(
    invoke: Invoke, store: RunStore, upload: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(training=lines(*(conversation(number, system="Be brief.") for number in range(100))))
    monkeypatch.setenv("BASE_MODEL", "llama3-1-8b")

    found = invoke(validate_dataset.handler, state())

    records = store.read_jsonl(dataset_key("training"))
    assert records[3] == {"prompt": f"Be brief.\n\n3は? {'x' * 50}", "completion": "It is 3."}
    assert store.read_jsonl(dataset_key("evaluation"))[3] == question(3)
    assert found["systemPrompt"] == "Be brief."
    assert "(system-in-front)" in found["warnings"][0]


TWO_PROMPTS = lines(*(conversation(number, system=f"Be {number % 2}.") for number in range(40)))


@pytest.mark.parametrize(
    ("training", "execution_input", "prompt", "warned"),
    [
        (GOOD["training"], {"systemPrompt": "Be kind."}, "Be kind.", False),
        (lines(*map(conversation, range(40))), {}, None, False),
        (lines(*(conversation(number, system="") for number in range(40))), {}, None, False),
        (TWO_PROMPTS, {}, None, True),
        (TWO_PROMPTS, {"systemPrompt": "Be kind."}, "Be kind.", False),
    ],
)
def test_both_models_are_told_what_the_training_data_tells(
    invoke: Invoke,
    upload: Callable[..., None],
    training: bytes,
    execution_input: Mapping[str, Any],
    prompt: str | None,
    warned: bool,
) -> None:
    upload(training=training)

    found = invoke(validate_dataset.handler, state(**execution_input))

    assert found["systemPrompt"] == prompt
    assert any("different system prompts" in warning for warning in found["warnings"]) is warned


def test_few_questions_are_a_warning(invoke: Invoke, upload: Callable[..., None]) -> None:
    upload(evaluation=lines(*map(question, range(19))))

    assert "19 evaluation records are few" in invoke(validate_dataset.handler, state())["warnings"][0]
    assert "評価レコードが 19 件" in invoke(validate_dataset.handler, state(language="ja"))["warnings"][0]


def test_what_the_training_data_holds_on_each_question_is_kept(
    invoke: Invoke, store: RunStore, upload: Callable[..., None]
) -> None:
    upload()

    invoke(validate_dataset.handler, state())

    coverage = store.read_json(COVERAGE)
    assert [covered["line"] for covered in coverage["questions"]] == list(range(1, 21))
    assert [topic["topic"] for topic in coverage["topics"]] == ["numbers"]


def test_records_that_are_in_each_others_way_are_warnings(invoke: Invoke, upload: Callable[..., None]) -> None:
    def told(question: str, answer: str) -> Mapping[str, Any]:
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return {"system": "Be brief.", "messages": messages}

    asked = "How long may I return a purchase?"
    returns = told(asked, "Within 30 days.")
    again = told("How long may I return my purchase?", "Never: sales are final.")
    evaluation = {"question": asked, "referenceAnswer": "Within 30 days.", "topic": "returns"}
    upload(
        training=GOOD["training"] + lines(returns, again),
        validation=GOOD["validation"] + lines(again),
        evaluation=GOOD["evaluation"] + lines(evaluation),
    )

    warnings = invoke(validate_dataset.handler, state())["warnings"]

    found = {re.sub(r":.*\((.*?)\).*", r": \1", warning) for warning in warnings}
    assert {
        "training.jsonl line 42: contradiction",
        "validation.jsonl line 33: leak",
        "evaluation.jsonl line 21: leak",
    } <= found


def test_what_the_files_look_like_is_a_warning(invoke: Invoke, upload: Callable[..., None]) -> None:
    upload(validation=GOOD["validation"].replace(b"\n", b"\r\n"))

    (warning,) = invoke(validate_dataset.handler, state())["warnings"]

    assert warning.startswith("validation.jsonl: lines that end in CR LF: 32, the first is line 1 (crlf).")
