"""`bedrock-ft prepare` on this machine's files."""

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.main import main
from tests.unit.dataset_records import check, errors

TEXTS = [("東京は\nどこ?", '日本の "首都"、🙂。'), ("a\u2028b\x00c", "é and e\u0301,\r\n\tend ")]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_csv(rows: Sequence[tuple[str, ...]], header: tuple[str, ...] = ("質問", "回答")) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([header, *rows])
    Path("data.csv").write_bytes(b"\xef\xbb\xbf" + text.getvalue().encode())


def records(path: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in Path(path).read_bytes().decode().removesuffix("\n").split("\n")]


def test_a_spreadsheet_goes_through_every_format_and_no_byte_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(TEXTS)

    assert main(["prepare", "data.csv", "--out", "new/claude.jsonl"]) == 0
    assert capsys.readouterr() == (
        "new/claude.jsonl: 2 records (messages)\n",
        "taken: question = 質問, answer = 回答\n",
    )
    assert main(["prepare", "new/claude.jsonl", "--out", "nova.jsonl", "--base-model", "nova-lite"]) == 0
    assert main(["prepare", "nova.jsonl", "--out", "llama.jsonl", "--as", "promptCompletion"]) == 0
    assert main(["prepare", "llama.jsonl", "--out", "back.jsonl"]) == 0

    claude = Path("new/claude.jsonl").read_bytes()
    assert claude == Path("back.jsonl").read_bytes()
    assert "日本の".encode() in claude
    assert [tuple(record.values()) for record in records("llama.jsonl")] == TEXTS
    assert records("nova.jsonl")[0]["schemaVersion"] == "bedrock-conversation-2024"
    assert (check(claude).records, errors(claude)) == (2, [])


def test_evaluation_data_has_topics(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv([(*TEXTS[0], "地理", "1"), (*TEXTS[1], "符号", "2")], ("問い", "答え", "分類", "番号"))

    assert main(["prepare", "data.csv", "--as", "evaluation", "--out", "evaluation.jsonl"]) == 0
    assert capsys.readouterr().err == "taken: question = 問い, answer = 答え, topic = 分類\nleft out: 番号\n"
    content = Path("evaluation.jsonl").read_bytes()
    assert errors(content, "evaluation") == []
    assert records("evaluation.jsonl")[0] == {
        "question": TEXTS[0][0],
        "referenceAnswer": TEXTS[0][1],
        "topic": "地理",
    }
    # And back: what is left out is said.
    assert main(["prepare", "evaluation.jsonl", "--out", "training.jsonl", "--system", "簡潔に。"]) == 0
    assert capsys.readouterr().err == "left out: topic\n"
    assert records("training.jsonl")[1]["system"] == "簡潔に。"


def test_every_bad_row_is_listed_and_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    write_csv([TEXTS[0], ("", "x"), ("two\nlines", "x", "y"), ("Is it\nHuman: ?", "x"), ("\x1b[31m", "x " * 100_000)])

    assert main(["prepare", "data.csv", "--out", "new.jsonl"]) == 1

    out, err = capsys.readouterr()
    *bad, last = err.splitlines()
    assert out == ""
    assert [line.partition(":")[0] for line in bad] == [
        "data.csv line 4",
        "data.csv line 5",
        "data.csv line 7",
        "data.csv line 9",
    ]
    assert last == "error: data.csv: 4 of 5 rows cannot be used; nothing was written"
    assert os.listdir() == ["data.csv"]


def test_a_file_is_replaced_only_on_demand_and_only_by_a_whole_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("old.jsonl").write_text("precious")
    write_csv([("", "x")])

    assert main(["prepare", "data.csv", "--out", "old.jsonl"]) == 1
    assert "old.jsonl: exists already; give --force to replace it" in capsys.readouterr().err
    assert main(["prepare", "data.csv", "--out", "old.jsonl", "--force"]) == 1
    assert Path("old.jsonl").read_text() == "precious"
    write_csv(TEXTS)
    assert main(["prepare", "data.csv", "--out", "old.jsonl", "--force"]) == 0
    assert len(records("old.jsonl")) == 2
    # Onto itself: it is read to its end before it is replaced.
    assert main(["prepare", "old.jsonl", "--out", "old.jsonl", "--force", "--system", "s"]) == 0
    assert [record["system"] for record in records("old.jsonl")] == ["s", "s"]
    assert stat.S_IMODE(Path("old.jsonl").stat().st_mode) == stat.S_IMODE(Path("data.csv").stat().st_mode)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["missing.csv"], "cannot read missing.csv: No such file"),
        (["."], "cannot read .: Is a directory"),
        (["empty.jsonl"], "empty.jsonl: there is no row in it"),
        (["keys.jsonl"], "keys.jsonl: which key holds the question?"),
        (["data.csv", "--as", "evaluation"], "which key holds the topic?"),
        (["data.csv", "--out", "data.csv/x/new.jsonl"], "cannot write data.csv/x/new.jsonl: Not a directory"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(TEXTS)
    Path("empty.jsonl").write_text("\n")
    Path("keys.jsonl").write_text('{"text": "x"}\n')
    before = set(os.listdir())

    assert main(["prepare", "--out", "new.jsonl", *arguments]) == 1
    assert named in capsys.readouterr().err
    assert set(os.listdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["--topic-key", "t"],
        ["--as", "evaluation", "--system", "s"],
        ["--question-key", "a", "--answer-key", "a"],
    ],
)
def test_options_that_contradict_each_other_are_wrong_usage(arguments: list[str]) -> None:
    write_csv(TEXTS)

    assert main(["prepare", "data.csv", "--out", "new.jsonl", *arguments]) == 2
    assert os.listdir() == ["data.csv"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_leaves_no_file(number: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    with Path("endless.jsonl").open("w") as endless:
        endless.writelines('{"q": "x", "a": "y"}\n' for _ in range(2_000_000))
    command = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "prepare", "endless.jsonl", "--out", "new.jsonl"],
        env={**os.environ, "PYTHONPATH": f"{root}:{root / 'lambdas'}"},
        stderr=subprocess.DEVNULL,
    )
    while not list(Path().glob(".new.jsonl.*.part")):
        assert command.poll() is None
        time.sleep(0.05)
    command.send_signal(number)

    assert command.wait(30) in (130, 128 + signal.SIGTERM)
    assert os.listdir() == ["endless.jsonl"]
