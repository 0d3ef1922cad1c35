"""Japanese text, also what programs like to normalize, stays the same byte for byte on every path of a dataset."""

import csv
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import validate_dataset
from finetuning.base_models import base_model
from finetuning.run_config import configure
from finetuning.run_store import DATASET_FILES, RunStore, dataset_key

from cli.main import main

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

# Decomposed, half width, beyond 16 bits, a variant selector, a full-width space, a line separator, a wave dash.
HARD = "か\u3099ｱﾊﾟｰﾄ𠮷野家葛\U000e0100飾\u3000①\u2028〜"
ANSWERS = {chr(0x4E00 + 7 * number) * 9: f"{chr(0x4E00 + 7 * number)}{HARD}" for number in range(100)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In which a spreadsheet of them became a dataset, by way of every command that writes one."""
    monkeypatch.chdir(tmp_path)
    with Path("data.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([("質問", "回答", "分類"), *((*pair, "漢字") for pair in ANSWERS.items())])
    assert main(["prepare", "data.csv", "--as", "evaluation", "--out", "all.jsonl"]) == 0
    Path("all.jsonl").write_bytes(b"\xef\xbb\xbf" + Path("all.jsonl").read_bytes().replace(b"\n", b"\r\n"))
    main(["validate", "all.jsonl", "--fix", "fixed.jsonl"])
    shares = ["--training", "50", "--validation", "40", "--evaluation", "10"]
    assert main(["split", "fixed.jsonl", "--out", "set", *shares]) == 0
    return Path("set")


def answers(content: bytes) -> Mapping[str, str]:
    """By question."""
    records = [json.loads(line) for line in content.decode().removesuffix("\n").split("\n")]
    texts = [
        (each["question"], each["referenceAnswer"])
        if "question" in each
        else tuple(message["content"] for message in each["messages"])
        for each in records
    ]
    return dict(texts)


def test_from_a_spreadsheet_to_a_runs_own_copy(
    folder: Path, invoke: Callable[..., Mapping[str, Any]], s3: "S3Client", store: RunStore
) -> None:
    contents = {file: (folder / f"{file}.jsonl").read_bytes() for file in DATASET_FILES}
    together = {question: answer for content in contents.values() for question, answer in answers(content).items()}
    assert together == ANSWERS
    everything = b"".join(contents.values())
    assert everything.count(HARD.encode()) == everything.count(b"\n") == len(ANSWERS)

    for file, content in contents.items():
        s3.put_object(Bucket="data", Key=f"datasets/mine/{file}.jsonl", Body=content)
    run = configure({"dataset": "mine"}, base_model("claude-3-haiku"), {}, "data", "2026-02-01T09:00:00+00:00")
    invoke(validate_dataset.handler, {"run": run.to_json()})

    assert {file: store.find_bytes(dataset_key(file)) for file in DATASET_FILES} == contents


def test_what_is_found_quotes_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "training.jsonl").write_text(json.dumps({HARD: 1}, ensure_ascii=False) + "\n", encoding="utf-8")
    capsys.readouterr()

    assert main(["validate", str(folder / "training.jsonl"), "--json"]) == 1

    [file] = json.loads(capsys.readouterr().out)["files"]
    assert any("か\u3099ｱﾊﾟｰﾄ" in error["message"] for error in file["errors"])


def test_from_a_document_beside_training_data_to_questions(folder: Path) -> None:
    sentence = "毎朝九時に、か\u3099ｱﾊﾟｰﾄ𠮷野家葛\U000e0100飾の売り場を開けます。"
    text = f"# 手引き\n\n{sentence}\n\n日曜日は終日お休みをいただいております。\n"
    Path("手引き.md").write_text(text, encoding="utf-8")
    options = ["--language", "ja", "--count", "2", "--local", "--against", str(folder / "training.jsonl")]

    assert main(["generate", "手引き.md", *options, "--out", "made.jsonl"]) == 0

    made = answers(Path("made.jsonl").read_bytes())
    assert set(made.values()) == {sentence, "日曜日は終日お休みをいただいております。"}
    assert "手引き.md".encode() in Path("made.passages.jsonl").read_bytes()
