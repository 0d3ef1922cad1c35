"""Whole executions: the synthesized app on the local engine."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from finetuning.base_models import DEFAULT_BASE_MODEL

from cli.synthesis import synthesize
from local.engine.engine import Execution, LocalEngine

# Claude 3 Haiku was active then.
START = datetime(2026, 2, 2, 9, tzinfo=UTC)

RunExperiment = Callable[[LocalEngine, Mapping[str, Any]], tuple[Execution, dict[str, Any]]]


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app for the default base model, synthesized once."""
    folder = tmp_path_factory.mktemp("assembly") / "cdk.out"
    synthesize(DEFAULT_BASE_MODEL, folder)
    return folder


@pytest.fixture
def engine(assembly: Path) -> Iterator[LocalEngine]:
    """A local engine with the app deployed, empty otherwise."""
    with LocalEngine(assembly, START) as engine:
        engine.deploy()
        yield engine


@pytest.fixture
def run() -> RunExperiment:
    """Run one execution, named run-1 (the run id), to its end: how it ended, and its result.json."""

    def run_experiment(engine: LocalEngine, execution_input: Mapping[str, Any]) -> tuple[Execution, dict[str, Any]]:
        execution = engine.run("run-1", execution_input)
        found = engine.s3.get_object(Bucket=engine.outputs["ResultsBucketName"], Key="runs/run-1/result.json")
        result: dict[str, Any] = json.load(found["Body"])
        return execution, result

    return run_experiment
