"""`bedrock-ft reap`, on a deployment that it does not know to be local."""

import boto3
import pytest
from runs import QUICK

from cli.main import main
from local.bedrock.faults import Fault
from local.engine.engine import LocalEngine
from local.engine.state_machines import HistoryEvent


@pytest.fixture
def left_behind(engine: LocalEngine) -> LocalEngine:
    """An aborted execution whose throughput the guard could not delete: Bedrock denied it access, once."""

    def stop(arn: str, event: HistoryEvent) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == "WaitForProvisionedThroughput":
            engine.stop_execution(arn)

    engine.listen(stop)
    engine.bedrock.faults.inject("DeleteProvisionedModelThroughput", Fault.access_denied(times=1))
    engine.run("run-1", QUICK)
    assert engine.bedrock.ledger.alive(engine.clock.now())
    return engine


def test_what_was_left_behind_is_deleted_and_told(left_behind: LocalEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reap"]) == 0

    said = capsys.readouterr().out
    assert "1 throughputs, 0 deployments and 0 running jobs of this deployment; 1 to be removed." in said
    assert "The throughput claude-3-haiku-ft-pt-run-1" in said
    assert "is gone: its execution is no longer running" in said
    assert left_behind.bedrock.ledger.alive(left_behind.clock.now()) == []


def test_a_dry_run_changes_nothing(left_behind: LocalEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reap", "--dry-run"]) == 0

    assert "Would remove the throughput claude-3-haiku-ft-pt-run-1" in capsys.readouterr().out
    assert len(left_behind.bedrock.ledger.alive(left_behind.clock.now())) == 1


@pytest.mark.parametrize(
    ("code", "said"), [("ConflictException", "cannot be deleted yet"), ("AccessDeniedException", "remove arn:aws:bed")]
)
def test_what_stays_alive_is_said_and_ends_with_1(
    left_behind: LocalEngine, capsys: pytest.CaptureFixture[str], code: str, said: str
) -> None:
    left_behind.bedrock.faults.inject("DeleteProvisionedModelThroughput", Fault.before(code))

    assert main(["reap"]) == 1

    printed = capsys.readouterr()
    assert said in printed.out + printed.err


def test_nothing_to_do_is_a_success(engine: LocalEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert boto3.client("bedrock").list_provisioned_model_throughputs()["provisionedModelSummaries"] == []

    assert main(["reap"]) == 0
    assert "0 throughputs, 0 deployments and 0 running jobs" in capsys.readouterr().out
    assert engine.bedrock.ledger.purchases == []


def test_a_base_model_that_is_not_deployed_is_named(engine: LocalEngine, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reap", "--base-model", "nova-lite"]) == 1

    assert "nova-lite-ft-workflow is not deployed in us-east-1" in capsys.readouterr().err
    assert engine.outputs
