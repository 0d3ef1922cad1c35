"""Sweeps on the local engine: what they try, what they spend, and that nothing goes on when one is stopped."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from finetuning.sweep.plan import MAX_RUNS

from cli.main import main
from local.engine.engine import LocalEngine
from local.engine.state_machines import HistoryEvent

TWO_OR_TEN: Mapping[str, Any] = {"hyperParameters": {"epochCount": [2, 10]}}
TWO_MODELS: Mapping[str, Any] = {
    **TWO_OR_TEN,
    "baseModels": ["claude-3-haiku", "llama3-1-8b"],
    "maxSpendUsd": 500,
    # Of Llama none is known.
    "input": {"prices": {"throughputPerHour": 50}},
}


def test_two_epochs_against_ten_on_two_models_end_in_one_page_that_prefers_ten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.json").write_text(json.dumps(TWO_MODELS))

    assert main(["sweep", str(tmp_path / "sweep.json"), "--local", "--out", str(tmp_path / "out")]) == 0

    [folder] = (tmp_path / "out").iterdir()
    sweep = json.loads((folder / "sweep.json").read_text())
    by_name = {run["runId"]: run for run in sweep["runs"]}
    assert [by_name[name]["input"]["hyperParameters"]["epochCount"] for name in sweep["best"].values()] == [10, 10]
    assert [run["verdict"] for run in sweep["runs"]] == ["trained"] * 4 + ["improved"] * 2
    assert sweep["actualUsd"] <= sweep["maxSpendUsd"] == 500
    assert sweep["warnings"] == []
    page = (folder / "comparison.html").read_text()
    assert "Best by validation loss" in page
    assert all(name in page for name in by_name)
    printed = capsys.readouterr().out
    assert sum(line.startswith("best  ") for line in printed.splitlines()) == 2
    assert str(folder / "comparison.html") in printed


def test_a_sweep_that_is_refused_says_why_and_leaves_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sweep.json").write_text(json.dumps({"hyperParameters": {"epochCount": [2, 99]}}))

    assert main(["sweep", str(tmp_path / "sweep.json"), "--local", "--out", str(tmp_path / "out")]) == 1

    _, _, error = capsys.readouterr().err.partition("error: ")
    assert error.startswith("The sweep's input is wrong:\n- ")
    assert "epochCount" in error
    assert list((tmp_path / "out").iterdir()) == []


def start(engine: LocalEngine, given: Mapping[str, Any]) -> str:
    return engine.stepfunctions.start_execution(
        stateMachineArn=engine.outputs["SweepStateMachineArn"], name="sweep", input=json.dumps(given)
    )["executionArn"]


def test_a_sweep_that_is_stopped_stops_its_runs_and_nothing_they_had_goes_on(engine: LocalEngine) -> None:
    # given two runs whose jobs are in progress
    waiting: set[str] = set()

    def stop(arn: str, event: HistoryEvent) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == "WaitForCustomizationJob":
            waiting.add(arn)
            if len(waiting) == 2:
                engine.stop_execution(sweep)

    engine.listen(stop)
    sweep = start(engine, TWO_OR_TEN)
    list(engine.follow(sweep))
    for run in waiting:
        list(engine.follow(run))

    assert {engine.describe(run)["status"] for run in waiting} == {"ABORTED"}
    jobs = boto3.client("bedrock").list_model_customization_jobs()["modelCustomizationJobSummaries"]
    assert {job["status"] for job in jobs} <= {"Stopping", "Stopped"}
    assert engine.bedrock.ledger.purchases == []
    assert [delivery.error for delivery in engine.deliveries if delivery.error] == []


def test_waiting_long_for_runs_leaves_room_in_the_sweeps_history(engine: LocalEngine) -> None:
    engine.bedrock.settings.job_duration = timedelta(hours=35)
    sweep = start(engine, {**TWO_OR_TEN, "maxSpendUsd": 500})
    events = list(engine.follow(sweep))

    assert engine.describe(sweep)["status"] == "SUCCEEDED"
    # Of two runs.
    assert len(events) * MAX_RUNS / 2 < 25_000 * 2 / 3


def test_what_the_first_input_lacks_is_said_and_nothing_starts(engine: LocalEngine) -> None:
    sweep = start(engine, {"hyperParameters": {"epochCount": [2, 11]}})
    list(engine.follow(sweep))

    assert engine.describe(sweep)["status"] == "FAILED"
    assert "epochCount: must be a whole number from 1 to 10" in engine.describe(sweep)["cause"]
    machine = engine.outputs["StateMachineArn"]
    assert engine.stepfunctions.list_executions(stateMachineArn=machine)["executions"] == []


def test_a_base_model_that_is_not_deployed_is_named(engine: LocalEngine) -> None:
    given = {**TWO_MODELS, "baseModels": ["claude-3-haiku", "llama3-1-70b"]}
    sweep = start(engine, given)
    list(engine.follow(sweep))

    assert engine.describe(sweep)["error"] == "NotDeployedError"
    assert "llama3-1-70b-ft-workflow is not deployed in us-west-2" in engine.describe(sweep)["cause"]
