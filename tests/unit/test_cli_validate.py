"""`bedrock-ft validate`: what it says, in which form, and how it ends."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from finetuning.dataset.codes import BLANK_LINE, CRLF
from hypothesis import given
from hypothesis import strategies as st

from cli.changes import MOST_TOLD, Changes
from cli.dataset_files import kind_of
from cli.findings import CheckedFile, as_annotations, as_json, as_text
from cli.main import main
from tests.unit.dataset_records import EVALUATION, RIGHT, line
from tests.unit.shipped_datasets import DATASETS


def counting(number: int) -> bytes:
    asked, answer = f"What follows the number {number}?", f"It is {number + 1}."
    return line({"role": "user", "content": asked}, {"role": "assistant", "content": answer}) + b"\n"


GOOD = b"".join(map(counting, range(32)))


@pytest.fixture
def training(tmp_path: Path) -> Path:
    path = tmp_path / "training.jsonl"
    path.write_bytes(GOOD)
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    exit_code = main(["validate", *map(str, arguments)])
    captured = capsys.readouterr()
    return exit_code, captured.out, captured.err


def document(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    exit_code, out, err = run(capsys, "--json", *arguments)
    parsed: dict[str, Any] = json.loads(out)
    assert out.count("\n") == 1
    assert err == ""
    assert parsed["ok"] == (exit_code == 0)
    return parsed


def test_a_shipped_dataset_is_ok(capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, out, _ = run(capsys, "--strict", DATASETS / "bedrock-faq")

    assert exit_code == 0
    assert out.endswith("evaluation.jsonl: 70 records, 0 errors, 0 warnings\nok\n")


def test_json_has_paths_records_errors_and_warnings(capsys: pytest.CaptureFixture[str], training: Path) -> None:
    training.write_bytes(GOOD + b"\n" + RIGHT)

    found = document(capsys, training)

    assert list(found) == ["ok", "files"]
    [file] = found["files"]
    assert list(file) == ["path", "records", "errors", "warnings"]
    assert (file["path"], file["records"]) == (str(training), 34)
    assert file["errors"] == [
        {"line": 33, "code": "blank-line", "message": "the line is blank", "fix": "Remove it."},
    ]
    assert [warning["code"] for warning in file["warnings"]] == ["no-final-newline"]


def test_a_warning_is_reason_enough_where_that_is_asked_for(capsys: pytest.CaptureFixture[str], training: Path) -> None:
    training.write_bytes(GOOD.replace(b"\n", b"\r\n"))

    assert run(capsys, training)[0] == 0
    assert run(capsys, "--strict", training)[0] == 1
    assert document(capsys, "--strict", training)["ok"] is False


def test_the_rules_are_those_of_the_base_model(capsys: pytest.CaptureFixture[str], training: Path) -> None:
    training.write_bytes(b"".join(GOOD.splitlines(keepends=True)[:8]))

    assert run(capsys, training)[0] == 1
    assert run(capsys, "--base-model", "nova-lite", training)[0] == 0


def test_files_given_together_are_one_dataset(capsys: pytest.CaptureFixture[str], training: Path) -> None:
    validation, again = training.with_name("validation.jsonl"), training.with_name("more-training.jsonl")
    for path in (validation, again):
        path.write_bytes(GOOD)

    codes = [[each["code"] for each in file["warnings"]] for file in document(capsys, training, validation)["files"]]
    assert codes == [[], ["leak"] * 32]
    # Another file of training data begins another dataset.
    assert [len(file["warnings"]) for file in document(capsys, training, again)["files"]] == [0, 0]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("my-Training-2.jsonl", b"", "training"),
        ("validation.json", b"", "validation"),
        ("evaluation", RIGHT, "evaluation"),
        ("data.jsonl", RIGHT, "training"),
        ("data.jsonl", b"", "training"),
        ("data.jsonl", b"\xff\n", "training"),
        ("data.jsonl", json.dumps(EVALUATION).encode() + b"\n" + RIGHT, "evaluation"),
        ("training-and-evaluation.jsonl", json.dumps(EVALUATION).encode(), "evaluation"),
    ],
)
def test_which_kind_a_file_is_says_its_name_or_else_its_first_record(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(content)

    assert kind_of(tmp_path / name) == kind


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["missing.jsonl"], "missing.jsonl: no such file"),
        (["."], "the folder has none of training.jsonl"),
        (["data.CSV"], "data.CSV: no JSON Lines; make them first: bedrock-ft prepare data.CSV --out NEW.jsonl"),
        (["/dev/null"], "no file that can be read more than once"),
        (["{file}", "{file}", "--fix", "new.jsonl"], "--fix takes one file, not 2"),
        (["{file}", "--fix", "{file}", "--force"], "never corrected in place"),
        (["{file}", "--force"], "--force is for --fix"),
    ],
)
def test_wrong_usage_is_told_and_nothing_is_printed(
    capsys: pytest.CaptureFixture[str],
    training: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    complaint: str,
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "data.CSV").touch()
    monkeypatch.chdir(tmp_path / "empty")

    exit_code, out, err = run(capsys, "--json", *(each.format(file=training) for each in arguments))

    assert (exit_code, out) == (2, "")
    assert complaint in err


def test_a_corrected_copy_is_written_told_and_checked(capsys: pytest.CaptureFixture[str], training: Path) -> None:
    training.write_bytes(b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n") + b"\n" + GOOD[:5])
    before, out_path = training.read_bytes(), training.with_name("fixed.jsonl")

    exit_code, out, err = run(capsys, training, "--fix", out_path)

    assert training.read_bytes() == before
    assert out_path.read_bytes() == GOOD + GOOD[:5] + b"\n"
    assert err.splitlines() == [
        f"{training} lines 1 to 32: CR LF became LF",
        f"{training} line 1: byte order mark removed",
        f"{training} line 33: removed: a blank line",
        f"{training} line 34: line end added",
        f"{out_path}: the corrected copy",
    ]
    assert exit_code == 1
    assert re.findall(r"\((.*?)\)", out) == ["json"]


def test_a_file_that_exists_is_replaced_only_where_that_is_asked_for(
    capsys: pytest.CaptureFixture[str], training: Path
) -> None:
    out_path = training.with_name("fixed.jsonl")
    out_path.write_text("mine")

    exit_code, _, err = run(capsys, training, "--fix", out_path)
    assert (exit_code, out_path.read_text()) == (1, "mine")
    assert "--force" in err

    assert run(capsys, training, "--fix", out_path, "--force")[0] == 0
    assert out_path.read_bytes() == GOOD


def test_where_a_file_cannot_be_corrected_nothing_is_written(
    capsys: pytest.CaptureFixture[str], training: Path
) -> None:
    training.write_bytes(GOOD + b"x" * 2_000_000 + b"\n")

    exit_code, _, err = run(capsys, training, "--fix", training.with_name("fixed.jsonl"))

    assert exit_code == 1
    assert "line 33: the line is longer" in err
    assert list(training.parent.iterdir()) == [training]


def test_a_card_beside_the_questions_names_topics_that_are_thin_on_purpose(
    capsys: pytest.CaptureFixture[str], training: Path
) -> None:
    (training.parent / "evaluation.jsonl").write_bytes(json.dumps(EVALUATION).encode() + b"\n")

    def thin() -> bool:
        return "thin-topic" in run(capsys, training.parent)[1]

    assert thin()
    card = {"thinTopics": {"topics": ["tests"], "reason": "there is just one"}}
    (training.parent / "card.json").write_text(json.dumps(card))
    assert not thin()


EVIL = "\x1b[31m %::error::\r\n,x\u202e.jsonl"


def test_annotations_are_escaped() -> None:
    found = [BLANK_LINE.at(EVIL, 3, "50%\r\n::error::done"), CRLF.at("training.jsonl", 0, "y")]

    first, second = as_annotations([CheckedFile(EVIL, 1, found)], True).split("\n")

    assert first == (
        "::error file=\ufffd[31m %25%3A%3Aerror%3A%3A%0D%0A%2Cx\ufffd.jsonl,title=blank-line,line=3"
        "::50%25%0D%0A::error::done. Remove it."
    )
    assert second == "::warning file=training.jsonl,title=crlf::y. Save the file with LF as line end."


@given(st.text(), st.text())
def test_nothing_in_a_file_or_its_name_is_obeyed(name: str, said: str) -> None:
    files = [CheckedFile(name, 1, [BLANK_LINE.at(name, 3, said)])]

    shown = as_text(files, False)
    assert shown.count("\n") == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown.replace("\t", " "))
    annotation = as_annotations(files, False)
    assert annotation.startswith("::error file=")
    assert "\n" not in annotation
    assert as_json(files, False).isascii()


def test_changes_of_lines_that_follow_each_other_are_one() -> None:
    changes = Changes()
    for number in (1, 2, 3, 7):
        changes.add(number, "CR LF became LF")
        changes.add(number, f"the same as line {number}")

    assert list(changes.told())[:2] == ["lines 1 to 3: CR LF became LF", "line 1: the same as line 1"]
    assert "line 7: CR LF became LF" in changes.told()


def test_of_very_many_changes_the_rest_is_counted() -> None:
    changes = Changes()
    for number in range(MOST_TOLD + 5):
        changes.add(2 * number, "x")

    assert list(changes.told())[-1] == "and 5 more changes"
