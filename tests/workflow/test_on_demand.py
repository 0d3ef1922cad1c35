"""Custom models that are served on demand: a deployment that lives only while it answers, whatever happens."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from runs import EVALUATION_RECORDS, START, called, result

from cli.synthesis import synthesize
from local.bedrock.faults import Fault
from local.engine.engine import LocalEngine
from local.engine.state_machines import HistoryEvent

QUICK: Mapping[str, Any] = {"hyperParameters": {"epochCount": 2}}
PREFIX = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/"


@pytest.fixture(scope="module")
def nova(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nova") / "cdk.out"
    synthesize("nova-lite", folder)
    return folder


@pytest.fixture
def engine(nova: Path) -> Iterator[LocalEngine]:
    """Of a base model whose custom models can be served either way."""
    with LocalEngine(nova, START) as engine:
        engine.deploy()
        yield engine


def test_a_model_that_has_deployments_is_served_by_one_that_goes_when_it_has_answered(engine: LocalEngine) -> None:
    execution = engine.run("run-1", QUICK)

    assert execution.status == "SUCCEEDED", execution.cause
    document = result(engine, "run-1")
    [deployment] = engine.bedrock.ledger.deployments
    assert engine.bedrock.ledger.purchases == []
    assert deployment.name == "nova-lite-ft-deployment-run-1"
    assert deployment.deleted_at is not None
    custom = [
        call for call in engine.bedrock.ledger.calls_of("Converse") if call.parameters["modelId"].startswith(PREFIX)
    ]
    assert len(custom) == EVALUATION_RECORDS
    assert all(deployment.created_at <= call.at <= deployment.deleted_at for call in custom)
    lived = (deployment.deleted_at - deployment.created_at).total_seconds()
    assert lived <= document["hosting"]["seconds"] <= lived + 30
    assert document["hosting"]["kind"] == "onDemand"
    assert [moment["event"] for moment in document["timeline"] if "deployment" in moment["event"]] == [
        *("deployment created", "deployment in service", "deployment deletion asked for", "deployment gone")
    ]


def test_what_is_paid_is_tokens_and_no_hour(engine: LocalEngine) -> None:
    prices = {"customInputPer1kTokens": 0.001, "customOutputPer1kTokens": 0.002}
    engine.run("run-1", {**QUICK, "prices": prices})

    cost = result(engine, "run-1")["cost"]
    items = {item["item"]: item for item in cost["items"]}
    assert "throughputPerHour" not in items
    assert (cost["throughputSeconds"], cost["throughputAlive"]) == (0, False)
    for name, usd in prices.items():
        assert items[name]["quantity"] > 0
        assert items[name]["usd"] == pytest.approx(items[name]["quantity"] * usd)


def test_the_input_can_ask_for_a_throughput_all_the_same(engine: LocalEngine) -> None:
    execution = engine.run("run-1", {**QUICK, "hosting": "provisionedThroughput"})

    assert execution.status == "SUCCEEDED", execution.cause
    assert len(engine.bedrock.ledger.purchases) == 1
    assert engine.bedrock.ledger.deployments == []
    assert result(engine, "run-1")["hosting"]["kind"] == "provisionedThroughput"


@pytest.mark.parametrize("operation", ["GetCustomModelDeployment", "Converse"])
def test_whatever_fails_deletes_the_deployment(engine: LocalEngine, operation: str) -> None:
    def deny(_arn: str, event: HistoryEvent) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == "WaitForCustomModelDeployment":
            engine.bedrock.faults.inject(operation, Fault.access_denied())
        if event.get("stateEnteredEventDetails", {}).get("name") == "CaptureFailedState":
            engine.bedrock.faults.clear()

    engine.listen(deny)
    execution = engine.run("run-1", QUICK)

    assert execution.status == "FAILED"
    assert "DeleteCustomModelDeployment (after failure)" in execution.entered
    [deployment] = engine.bedrock.ledger.deployments
    assert deployment.deleted_at is not None
    assert not result(engine, "run-1")["hosting"]["alive"]


@pytest.mark.parametrize("state", ["CreateCustomModelDeployment", "WaitForCustomModelDeployment", "AskCustomModel"])
def test_the_guard_removes_what_an_aborted_execution_left(engine: LocalEngine, state: str) -> None:
    def stop(arn: str, event: HistoryEvent) -> None:
        if event.get("stateExitedEventDetails", {}).get("name") == state:
            engine.stop_execution(arn)

    engine.listen(stop)
    assert engine.run("run-1", QUICK).status == "ABORTED"

    [deployment] = engine.bedrock.ledger.deployments
    assert deployment.deleted_at is not None
    document = result(engine, "run-1")
    assert (document["status"], document["hosting"]["alive"]) == ("FAILED", False)
    assert document["hosting"]["seconds"] == (deployment.deleted_at - deployment.created_at).total_seconds()


def test_a_quota_that_is_used_up_says_what_to_do_and_leaves_the_training_to_go_on_from(engine: LocalEngine) -> None:
    engine.bedrock.settings.deployments_in_progress = 0

    execution = engine.run("run-1", QUICK)

    assert (execution.status, execution.error) == ("FAILED", "CustomModelDeploymentError")
    assert "At most two of an account may be in progress" in (execution.cause or "")
    engine.bedrock.settings.deployments_in_progress = 2
    assert engine.run("run-2", {"resumeFrom": "run-1"}).status == "SUCCEEDED"
    assert called(engine).count("CreateModelCustomizationJob") == 1
