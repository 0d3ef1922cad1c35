"""The parts of `bedrock-ft` that need no deployment."""

import io
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.datasets import DatasetFolder, find_dataset
from cli.errors import CommandError
from cli.json_documents import read_input
from cli.main import main
from cli.output import plain
from cli.progress import Progress
from cli.run_ids import new_run_id
from cli.verdict import failure, summary

NOW = datetime(2026, 11, 22, 19, 30, 15, tzinfo=UTC)


@given(st.text())
def test_a_run_id_fits_every_name_that_is_made_of_it(dataset: str) -> None:
    run_id = new_run_id(dataset, NOW)

    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-20261122-193015-[0-9a-f]{4}", run_id)
    assert len(run_id) <= 36


def test_a_run_id_begins_with_the_dataset() -> None:
    assert new_run_id("bedrock-faq", NOW).startswith("bedrock-faq-20261122-193015-")


def test_run_ids_of_the_same_second_differ() -> None:
    assert len({new_run_id("bedrock-faq", NOW) for _ in range(20)}) > 1


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{\n  "maxSpendUsd": 1,\n}', "input.json:3:1"),
        (b"", "input.json:1:1"),
        (b"[1]", "must be a JSON object"),
        (b'{"systemPrompt": "\xff"}', "not UTF-8"),
        (b'{"maxSpendUsd": 1, "maxSpendUsd": 500}', "the key 'maxSpendUsd' stands twice"),
        (b"[" * 100_000, "no execution input"),
        (b'{"maxSpendUsd": ' + b"9" * 5_000 + b"}", "no execution input"),
    ],
)
def test_a_broken_input_file_is_named_with_the_place(tmp_path: Path, content: bytes, place: str) -> None:
    (tmp_path / "input.json").write_bytes(content)

    with pytest.raises(CommandError, match=re.escape(place)):
        read_input(tmp_path / "input.json")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "input.json").write_bytes(b'\xef\xbb\xbf{"maxSpendUsd": 1}')

    assert read_input(tmp_path / "input.json") == {"maxSpendUsd": 1}


def test_a_missing_input_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"missing\.json: No such file"):
        read_input(tmp_path / "missing.json")


def test_an_input_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"maxSpendUsd": 1}')

    assert read_input(tmp_path / "input.json") == {"maxSpendUsd": 1}


def write_dataset(folder: Path) -> Path:
    folder.mkdir()
    for file in ("training", "validation", "evaluation"):
        (folder / f"{file}.jsonl").write_text(f'"{file}"\n')
    return folder


def test_a_shipped_dataset_is_passed_by_name() -> None:
    assert find_dataset("bedrock-faq") == "bedrock-faq"


def test_a_folder_is_uploaded_under_its_name(tmp_path: Path) -> None:
    dataset = find_dataset(str(write_dataset(tmp_path / "My Data (2)")))

    assert isinstance(dataset, DatasetFolder)
    assert dataset.name == "my-data-2"


@dataclass
class Uploads:
    """What was uploaded, by key."""

    files: dict[str, bytes] = field(default_factory=dict)

    def upload_file(self, path: str, _bucket: str, key: str) -> None:
        self.files[key] = Path(path).read_bytes()


def test_a_folders_card_is_uploaded_beside_its_training_data(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "styled")
    bare, uploads = Uploads(), Uploads()
    without_card = DatasetFolder(folder).upload(cast(Any, bare), "data")
    (folder / "card.json").write_text("{}")

    with_card = DatasetFolder(folder).upload(cast(Any, uploads), "data")

    # Another content has another place.
    assert without_card["training"] != with_card["training"]
    assert (len(bare.files), len(uploads.files)) == (3, 4)
    card = with_card["training"].removeprefix("s3://data/").replace("training.jsonl", "card.json")
    assert uploads.files[card] == b"{}"


def test_a_missing_folder_is_named_with_what_ships() -> None:
    with pytest.raises(CommandError, match=r"nowhere: no such folder.*bedrock-faq"):
        find_dataset("nowhere")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "mine")
    (folder / "evaluation.jsonl").unlink()

    with pytest.raises(CommandError, match=r"evaluation\.jsonl missing in .*mine"):
        find_dataset(str(folder))


@given(st.text())
def test_text_from_outside_cannot_command_a_terminal(text: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain(text))


def event(number: int, kind: str, seconds: int, name: str = "", **details: object) -> dict[str, Any]:
    entered = {"stateEnteredEventDetails": {"name": name}} if name else {}
    return {
        "id": number,
        "previousEventId": number - 1,
        "type": kind,
        "timestamp": NOW + timedelta(seconds=seconds),
        **entered,
        **details,
    }


def shown(*events: dict[str, Any]) -> list[str]:
    console = Console(file=io.StringIO(), width=40)
    Progress(console).show(events)  # type: ignore[arg-type]
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_progress_shows_each_state_once_with_the_time_since_the_start() -> None:
    lines = shown(
        event(1, "ExecutionStarted", 0),
        event(2, "TaskStateEntered", 0, "StartJob"),
        event(3, "WaitStateEntered", 5, "Wait"),
        event(4, "TaskStateEntered", 90_065, "GetJob"),
        event(5, "ChoiceStateEntered", 90_065, "Done?"),
        event(6, "WaitStateEntered", 90_065, "Wait"),
        event(7, "TaskStateEntered", 90_125, "GetJob"),
        event(8, "SucceedStateEntered", 90_125, "End [/red]"),
    )

    assert lines == ["0:00:00  StartJob", "0:00:05  Wait", "25:01:05  GetJob", "25:02:05  End [/red]"]


def test_progress_shows_what_failed_where_on_one_line() -> None:
    cause = json.dumps({"errorType": "TransientError", "errorMessage": "slow \x1b[31mdown [bold]please\nsecond line"})
    failed = {"error": "TransientError", "cause": cause}
    lines = shown(
        event(1, "ExecutionStarted", 0),
        event(2, "TaskStateEntered", 0, "GetJob"),
        event(3, "LambdaFunctionFailed", 0, lambdaFunctionFailedEventDetails=failed),
        event(4, "TaskTimedOut", 2, taskTimedOutEventDetails={"error": "States.Timeout"}),
        event(5, "ExecutionFailed", 2, executionFailedEventDetails=failed),
    )

    assert lines == [
        "0:00:00  GetJob",
        "0:00:00  GetJob: TransientError: slow \N{REPLACEMENT CHARACTER}[31mdown [bold]please",
        "0:00:02  GetJob: States.Timeout",
    ]


def result(**fields: object) -> dict[str, Any]:
    cost = {"estimatedUsd": 132.05, "actualUsd": 36.057, "isLowerBound": True, "unknownPrices": ["a", "b"]}
    return {
        "verdict": "improved",
        "headline": "Fine-tuning helped.",
        "cost": cost,
        "failure": None,
        "warnings": ["3 answers were cut off."],
        "provenance": {"environment": "aws"},
        **fields,
    }


def test_the_summary_says_verdict_cost_and_where_the_report_is() -> None:
    assert summary(result(), Path("out/run-1")).splitlines() == [
        "verdict  improved: Fine-tuning helped.",
        "warning  3 answers were cut off.",
        "cost     $36.06 (estimated: $132.05); at least; no price is known for a, b",
        "report   out/run-1/report.html",
        "result   out/run-1/result.json",
    ]


def test_the_summary_speaks_of_the_style_that_was_asked_for() -> None:
    measured = result(pattern={"text": "The style “polite”: 0 of 40 → 8 of 40 answers."})

    assert summary(measured, Path("out")).splitlines()[1] == "style    The style “polite”: 0 of 40 → 8 of 40 answers."


def test_the_summary_of_a_local_run_says_that_nothing_was_spent() -> None:
    local = result(provenance={"environment": "local"})

    assert "a local run spends nothing" in summary(local, Path("out"))


def test_a_run_that_failed_early_has_a_summary_too() -> None:
    cost: dict[str, object] = {"estimatedUsd": None, "actualUsd": 0, "isLowerBound": False, "unknownPrices": []}

    assert "cost     $0.00\n" in summary(result(cost=cost), Path("out"))
    assert "cost     nothing" in summary(result(cost=None), Path("out"))


def test_a_failure_says_where_why_and_what_to_do() -> None:
    failed = {"state": "ConfigureRun", "error": "InvalidInputError", "message": "epochs: 99", "whatToDo": "Change it."}

    assert failure(result(failure=failed)) == "ConfigureRun failed: epochs: 99\nWhat to do: Change it."
    assert failure(result()) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--date", "2026-11-22"], "add --local"),
        (["run", "--local", "--date", "22.11.2026"], "write YYYY-MM-DD"),
        (["run", "--local", "--date", "9999-12-31"], "is not from 2023-01-01 to 2099-12-31"),
        (["run", "--base-model", "gpt"], "--base-model"),
        (["fly"], "fly"),
        ([], "COMMAND"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        exit_code: object = main(arguments)
    except SystemExit as exit_:
        exit_code = exit_.code

    output = capsys.readouterr()
    assert exit_code == 2
    assert message in output.err
    assert output.out == ""


def test_two_datasets_are_one_too_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "input.json").write_text('{"dataset": "bedrock-faq"}')

    assert main(["run", "--input", str(tmp_path / "input.json"), "--dataset", "bedrock-faq"]) == 2
    assert "use one of them" in capsys.readouterr().err


def test_a_failed_command_ends_with_1_and_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--local", "--dataset", str(tmp_path / "nowhere")]) == 1

    output = capsys.readouterr()
    assert output.err.startswith("error: dataset ")
    assert "Traceback" not in output.err
    assert output.out == ""
