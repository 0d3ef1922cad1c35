"""`bedrock-ft split` on this machine's files."""

import csv
import os
from pathlib import Path

import pytest
from finetuning.run_store import DATASET_FILES

from cli.datasets import DatasetFolder, find_dataset
from cli.main import main
from tests.unit.dataset_records import errors

SPLIT = ["split", "data.csv", "--base-model", "nova-lite"]


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with Path("data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["質問", "回答", "カテゴリ", "番号"])
        for topic, characters in (("地理", "山川海空島湖森谷町村"), ("挨拶", "朝昼晩春夏秋冬雨雪風")):
            for number, character in enumerate(characters):
                writer.writerow([character * 9, f"{character}について。\u2028🙂", topic, number])
    return tmp_path


def test_a_dataset_is_made_that_a_run_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SPLIT, "--out", "new/set", "--training", "60", "--validation", "20", "--evaluation", "20"]) == 0

    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()] == [
        ["topic", "training.jsonl", "validation.jsonl", "evaluation.jsonl"],
        ["地理", "6", "2", "2"],
        ["挨拶", "6", "2", "2"],
        ["all", "12", "4", "4"],
    ]
    assert err == "taken: question = 質問, answer = 回答, topic = カテゴリ\nleft out: 番号\n"
    assert isinstance(find_dataset("new/set"), DatasetFolder)
    contents = {file: Path("new/set", f"{file}.jsonl").read_bytes() for file in DATASET_FILES}
    for file, content in contents.items():
        assert errors(content, file, "nova-lite") == []
    everything = b"".join(contents.values())
    for character in "山川海空島湖森谷町村朝昼晩春夏秋冬雨雪風":
        assert everything.count(f"{character}について。\u2028🙂".encode()) == 1


def test_the_same_again_is_the_same_and_another_seed_is_not() -> None:
    for folder, seed in (("one", "0"), ("two", "0"), ("three", "7")):
        assert main([*SPLIT, "--out", folder, "--seed", seed]) == 0

    one, two, three = (Path(folder, "validation.jsonl").read_bytes() for folder in ("one", "two", "three"))
    assert one == two != three
    assert sorted(os.listdir("one")) == ["training.jsonl", "validation.jsonl"]


def test_nothing_is_replaced_unasked(capsys: pytest.CaptureFixture[str]) -> None:
    Path("set").mkdir()
    Path("set/validation.jsonl").write_text("precious")
    Path("set/evaluation.jsonl").write_text("precious")

    assert main([*SPLIT, "--out", "set"]) == 1
    assert "set/validation.jsonl: exists already; give --force" in capsys.readouterr().err
    assert Path("set/validation.jsonl").read_text() == "precious"
    assert main([*SPLIT, "--out", "set", "--force"]) == 0
    assert Path("set/validation.jsonl").read_text() != "precious"
    # No evaluation data was asked for: that is another's.
    assert Path("set/evaluation.jsonl").read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (["--training", "90"], 2, "--training 90, --validation 15, --evaluation 0: shares must add up to 100"),
        (["--training", "100", "--validation", "0"], 2, "with some for training and some for validation"),
        (["--training", "120", "--validation", "-20"], 2, "shares must add up to 100"),
        (["--base-model", "claude-3-haiku"], 1, "training.jsonl: has 17 records; Claude 3 Haiku takes 32 to 10,000"),
        (["--question-key", "x"], 1, "there is no key 'x'. Give --question-key one of its keys: '質問'"),
        (["--topic-key", "x"], 1, "there is no key 'x'. Give --topic-key"),
        (["--system", "User: x"], 1, "data.csv: 20 of 20 rows cannot be used; nothing was written"),
    ],
)
def test_what_cannot_be_divided_is_said(
    arguments: list[str], code: int, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SPLIT, "--out", "new", *arguments]) == code
    assert named in capsys.readouterr().err
    assert os.listdir() == ["data.csv"]
