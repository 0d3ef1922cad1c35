"""EventBridge rules on the local engine: schedules in virtual time, executions that end, executions side by side."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.engine.engine import LocalEngine
from local.engine.rules import RuleError

START = datetime(2026, 2, 2, 9, tzinfo=UTC)
BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-us-west-2"
WATCHER = """
def handler(event, context):
    if event.get("do") == "fail":
        raise ValueError("no")
    return event
"""
ENDED: Mapping[str, Any] = {
    "EventPattern": {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [{"Ref": "Machine"}], "status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]},
    }
}
SCHEDULE: Mapping[str, Any] = {"ScheduleExpression": "rate(5 minutes)", "State": "ENABLED"}
DEFINITION: Mapping[str, Any] = {
    "StartAt": "Wait",
    "TimeoutSeconds": 3600,
    "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Work"},
        "Work": {"Type": "Task", "Resource": "FUNCTION", "End": True},
    },
}


def write_assembly(folder: Path, retries: int | None = None, **rules: Mapping[str, Any]) -> Path:
    """One stack: a function, a state machine that waits and then calls it, and rules that call it too."""
    (folder / "asset.code").mkdir(parents=True)
    (folder / "asset.code" / "watch.py").write_text(WATCHER)
    before, after = json.dumps(DEFINITION).split("FUNCTION")
    arn = {"Fn::GetAtt": ["Function", "Arn"]}
    resources: dict[str, Any] = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": []}}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Code": {"S3Bucket": {"Fn::Sub": BUCKET}, "S3Key": "code.zip"},
                "Handler": "watch.handler",
                "Runtime": "python3.14",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Timeout": 60,
            },
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "DefinitionString": {"Fn::Join": ["", [before, arn, after]]},
            },
        },
    }
    for name, properties in rules.items():
        target = {"Arn": arn, "Id": "Target0", "RetryPolicy": {"MaximumRetryAttempts": 2}}
        resources[name] = {"Type": "AWS::Events::Rule", "Properties": {**properties, "Targets": [target]}}
    if retries is not None:
        asynchronous = {"FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": retries}
        resources["Retries"] = {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": asynchronous}
    template = {"Resources": resources, "Outputs": {"StateMachineArn": {"Value": {"Ref": "Machine"}}}}
    (folder / "demo.template.json").write_text(json.dumps(template))
    code = {
        "source": {"path": "asset.code", "packaging": "zip"},
        "destinations": {"current": {"bucketName": BUCKET, "objectKey": "code.zip"}},
    }
    (folder / "demo.assets.json").write_text(json.dumps({"files": {"code": code}}))
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://unknown-account/us-west-2",
        "properties": {"templateFile": "demo.template.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"demo": artifact}}))
    return folder


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[LocalEngine]:
    with LocalEngine(write_assembly(tmp_path / "cdk.out", Ended=ENDED, Every=SCHEDULE), START) as engine:
        engine.deploy()
        yield engine


def delivered(engine: LocalEngine, rule: str) -> list[Mapping[str, Any]]:
    return [delivery.event for delivery in engine.deliveries if delivery.rule.name == rule]


def test_a_schedule_fires_at_its_rate_while_time_passes(engine: LocalEngine) -> None:
    engine.let_time_pass(timedelta(minutes=16))

    events = delivered(engine, "Every")
    assert [event["time"] for event in events] == [f"2026-02-02T09:{minute}:00Z" for minute in ("05", "10", "15")]
    assert {event["detail-type"] for event in events} == {"Scheduled Event"}
    assert engine.clock.now() == START + timedelta(minutes=16)


def test_a_schedule_fires_while_an_execution_waits(engine: LocalEngine) -> None:
    engine.run("run-1", {"seconds": 720})

    assert len(delivered(engine, "Every")) == 2
    assert engine.clock.now() == START + timedelta(minutes=12)


def stop_at(engine: LocalEngine, state: str) -> None:
    def stop(arn: str, event: Mapping[str, Any]) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == state:
            engine.stop_execution(arn)

    engine.listen(stop)


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"])
def test_the_end_of_an_execution_is_told_whatever_its_status(engine: LocalEngine, status: str) -> None:
    if status == "ABORTED":
        stop_at(engine, "Wait")
    execution_input = {"seconds": 7200 if status == "TIMED_OUT" else 60, "do": "fail" if status == "FAILED" else ""}
    arn = engine.run("run-1", execution_input).arn

    (event,) = delivered(engine, "Ended")
    detail = event["detail"]
    assert (detail["status"], detail["executionArn"], detail["name"]) == (status, arn, "run-1")
    assert json.loads(detail["input"]) == execution_input
    assert detail["startDate"] == START.timestamp() * 1000
    assert detail["stopDate"] == engine.clock.now().timestamp() * 1000


def test_an_execution_that_is_stopped_waits_no_longer(engine: LocalEngine) -> None:
    stop_at(engine, "Wait")
    engine.run("run-1", {"seconds": 720})
    assert engine.clock.now() == START


def test_an_execution_can_be_timed_out_earlier(engine: LocalEngine) -> None:
    engine.listen(lambda arn, _event: engine.time_out(arn, START + timedelta(seconds=30)))
    assert engine.run("run-1", {"seconds": 720}).status == "TIMED_OUT"
    assert engine.clock.now() == START + timedelta(seconds=30)


def test_executions_wait_side_by_side(engine: LocalEngine) -> None:
    started: list[str] = []

    def start_another(_arn: str, _event: Mapping[str, Any]) -> None:
        if not started:
            started.append("")
            started[0] = engine.start_execution("run-2", {"seconds": 720})

    engine.listen(start_another)
    engine.run("run-1", {"seconds": 700})
    list(engine.follow(started[0]))

    assert engine.clock.now() == START + timedelta(minutes=12)
    assert [event["detail"]["name"] for event in delivered(engine, "Ended")] == ["run-1", "run-2"]


@pytest.mark.parametrize(("retries", "minutes"), [(None, [5, 6, 8]), (1, [5, 6]), (0, [5])])
def test_a_function_that_fails_on_an_event_is_invoked_again_as_lambda_does(
    tmp_path: Path, retries: int | None, minutes: list[int]
) -> None:
    invoked: list[timedelta] = []

    def broken(_event: object, _context: object) -> object:
        invoked.append(local.clock.now() - START)
        raise ValueError("broken")

    with LocalEngine(write_assembly(tmp_path / "cdk.out", retries, Every=SCHEDULE), START) as local:
        local.deploy()
        local.intercept(lambda _handler: broken)
        local.let_time_pass(timedelta(minutes=9))
        errors = [delivery.error and delivery.error["errorMessage"] for delivery in local.deliveries]

    assert invoked == [timedelta(minutes=each) for each in minutes]
    assert errors == ["broken"] * len(minutes)


def test_a_function_that_succeeds_at_its_second_attempt_is_not_invoked_again(engine: LocalEngine) -> None:
    attempts: list[object] = []

    def broken_once(event: object, _context: object) -> object:
        attempts.append(event)
        if len(attempts) == 1:
            raise ValueError("broken")
        return None

    engine.intercept(lambda _handler: broken_once)
    engine.let_time_pass(timedelta(minutes=9))

    assert attempts == [attempts[0]] * 2
    assert [delivery.error is None for delivery in engine.deliveries] == [False, True]


@pytest.mark.parametrize(
    "rule",
    [
        {"ScheduleExpression": "cron(0 9 * * ? *)"},
        {"EventPattern": {"source": ["aws.states"], "detail": {"name": [{"prefix": "run"}]}}},
        {"EventPattern": {"account": [{"Ref": "AWS::AccountId"}]}},
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(tmp_path: Path, rule: Mapping[str, Any]) -> None:
    with LocalEngine(write_assembly(tmp_path / "cdk.out", Odd=rule), START) as engine, pytest.raises(RuleError):
        engine.deploy()
