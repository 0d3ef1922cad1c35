"""`bedrock-ft run`, on a deployment that it does not know to be local, and with --local as people call it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from finetuning.base_models import BASE_MODELS

from cli.commands.run import Request, experiment
from cli.datasets import DatasetFolder
from cli.deployment import Deployment
from cli.main import main
from cli.output import progress_console
from local.engine.engine import LocalEngine

HAIKU = BASE_MODELS["claude-3-haiku"]
DATASETS = Path(__file__).parent.parent.parent / "datasets"


@pytest.fixture
def deployment(engine: LocalEngine) -> Deployment:
    assert engine.outputs
    return Deployment.find(HAIKU, poll_seconds=0.01)


def request(out: Path, dataset: str | DatasetFolder | None = None, **execution_input: object) -> Request:
    return Request(model=HAIKU, dataset=dataset, execution_input=execution_input, out=out)


def test_a_run_ends_in_a_verdict_and_a_downloaded_report(
    deployment: Deployment, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # No run gets as far as training with this: it is about the command.
    asked = request(tmp_path / "out", minimumHeadroom=9)

    exit_code = experiment(asked, deployment, progress_console())

    printed = capfd.readouterr()
    (folder,) = (tmp_path / "out").iterdir()
    result = json.loads((folder / "result.json").read_text())
    assert exit_code == 0
    assert result["runId"] == folder.name
    assert result["verdict"] == "no_headroom"
    assert printed.out.startswith("verdict  no_headroom: ")
    assert f"report   {folder / 'report.html'}" in printed.out
    assert (folder / "report.html").stat().st_size > 1000
    assert "0:00:00  ConfigureRun" in printed.err
    assert "StartCustomizationJob" not in printed.err


def test_a_folder_is_uploaded_and_used(deployment: Deployment, tmp_path: Path) -> None:
    folder = tmp_path / "My questions"
    folder.mkdir()
    for file in ("training", "validation", "evaluation"):
        (folder / f"{file}.jsonl").write_bytes((DATASETS / "bedrock-faq" / f"{file}.jsonl").read_bytes())

    asked = request(tmp_path / "out", DatasetFolder(folder), minimumHeadroom=9)
    exit_code = experiment(asked, deployment, progress_console())

    (run,) = (tmp_path / "out").iterdir()
    dataset = json.loads((run / "result.json").read_text())["provenance"]["dataset"]
    assert exit_code == 0
    assert run.name.startswith("my-questions-")
    assert dataset["name"].startswith("my-questions-")


def test_a_refused_run_ends_with_1_and_says_why_and_what_to_do(
    deployment: Deployment, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    exit_code = experiment(request(tmp_path, epochs=2), deployment, progress_console())

    printed = capfd.readouterr()
    assert exit_code == 1
    assert printed.out.startswith("verdict  failed: ")
    assert "error: ConfigureRun failed: The execution input is wrong:\n- epochs: unknown field" in printed.err
    assert "Traceback" not in printed.err


def test_an_aborted_execution_has_the_guards_report(
    engine: LocalEngine, deployment: Deployment, tmp_path: Path
) -> None:
    def stop(arn: str, event: Mapping[str, Any]) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == "ConfigureRun":
            engine.stop_execution(arn)

    engine.listen(stop)

    assert experiment(request(tmp_path), deployment, progress_console()) == 1
    (found,) = tmp_path.rglob("result.json")
    assert json.loads(found.read_text())["status"] == "FAILED"


def test_what_is_not_deployed_is_named(engine: LocalEngine, capfd: pytest.CaptureFixture[str]) -> None:
    assert engine.outputs

    assert main(["run", "--base-model", "nova-lite"]) == 1
    assert "stack nova-lite-ft-workflow is not deployed in us-east-1" in capfd.readouterr().err


def command(tmp_path: Path, *arguments: str) -> "subprocess.Popen[str]":
    """`bedrock-ft run --local` as a process of its own, whose temporary files are in tmp_path/tmp."""
    (tmp_path / "tmp").mkdir()
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", "run", "--local", "--out", str(tmp_path / "out"), *arguments],
        cwd=DATASETS.parent,
        env={**os.environ, "TMPDIR": str(tmp_path / "tmp"), "AWS_PROFILE": "production"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(tmp_path: Path) -> Iterator[int]:
    """Every process that was started by that command."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"TMPDIR={tmp_path / 'tmp'}".encode() in environment.read_bytes():
                yield int(environment.parent.name)


def test_a_local_run_past_the_end_of_life_is_refused_before_anything_is_spent(tmp_path: Path) -> None:
    process = command(tmp_path, "--date", "2026-11-22")
    out, err = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "cost     $0.00" in out
    assert "The virtual calendar starts at 2026-11-22 09:00 UTC" in err
    assert "reached its end of life on 2026-09-10" in err
    assert "Traceback" not in err
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("interrupt", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_local_run_leaves_nothing_behind(tmp_path: Path, interrupt: signal.Signals) -> None:
    process = command(tmp_path)
    while len(list(processes_of(tmp_path))) < 3:
        # Until the app and its Node process are there.
        assert process.poll() is None
        time.sleep(0.05)

    process.send_signal(interrupt)
    process.communicate(timeout=60)

    assert process.returncode == (130 if interrupt == signal.SIGINT else 143)
    assert list(processes_of(tmp_path)) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not (tmp_path / "out").exists()
