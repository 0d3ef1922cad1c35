"""The local engine on a small state machine of its own: what it promises to every workflow."""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from finetuning.services import services

from local.engine.deployment import DeploymentError
from local.engine.engine import Execution, LocalEngine

START = datetime(2026, 2, 2, 9, tzinfo=UTC)
ASSET_BUCKET = "cdk-hnb659fds-assets-${AWS::AccountId}-us-west-2"

# A handler that does what its event asks for; "calls" of one behaviour are counted over all invocations.
HANDLER = """
import logging
import os
import time

from finetuning.services import services


class OddError(Exception):
    pass


class TransientError(Exception):
    pass


calls = 0
at_once = 0


def handler(event, context):
    global calls, at_once
    calls += 1
    match event["do"]:
        case "fail":
            raise OddError("three is odd")
        case "succeed at call 4" if calls < 4:
            raise TransientError("not yet")
        case "sleep":
            services.clock.sleep(event["seconds"])
        case "swallow":
            try:
                services.clock.sleep(event["seconds"])
            except Exception:
                return "swallowed"
        case "exit":
            raise SystemExit(3)
        case "return a set":
            return {1, 2}
        case "work side by side":
            at_once += 1
            alone = at_once == 1
            time.sleep(0.001)
            at_once -= 1
            return {"item": event["item"], "alone": alone, "greeting": os.environ["GREETING"]}
    logging.getLogger().warning("done")
    return {
        "calls": calls,
        "greeting": os.environ["GREETING"],
        "environment": services.environment,
        "now": services.clock.now().isoformat(),
        "millisLeft": context.get_remaining_time_in_millis(),
        "event": event,
    }
"""


def task(do: str, parameters: Mapping[str, object] | None = None, **fields: object) -> dict[str, Any]:
    """A task state whose function does that; it ends the execution unless `fields` say otherwise."""
    end = {} if "Next" in fields else {"End": True}
    return {"Type": "Task", "Resource": "FUNCTION", "Parameters": {"do": do, **(parameters or {})}, **end, **fields}


def states(*named: tuple[str, dict[str, Any]], **fields: object) -> dict[str, Any]:
    return {"StartAt": named[0][0], "States": dict(named), **fields}


def write_assembly(folder: Path, definition: Mapping[str, Any], **properties: object) -> Path:
    """A cloud assembly of two stacks, as the CDK would write it: a role, and the state machine that imports it."""
    (folder / "asset.code").mkdir(parents=True)
    (folder / "asset.code" / "work.py").write_text(HANDLER)
    before, *after = json.dumps(definition).split("FUNCTION")
    arn = {"Fn::GetAtt": ["Function", "Arn"]}
    joined = [before, *(part for rest in after for part in (arn, rest))]
    trust = {
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "*.amazonaws.com"}}]
    }
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}}
    function = {
        "Code": {"S3Bucket": {"Fn::Sub": ASSET_BUCKET}, "S3Key": "code.zip"},
        "Handler": "work.handler",
        "Runtime": "python3.14",
        "Role": {"Fn::ImportValue": "role-arn"},
        "Timeout": 60,
        "Environment": {"Variables": {"GREETING": "hello"}},
        **properties,
    }
    machine = {"RoleArn": {"Fn::ImportValue": "role-arn"}, "DefinitionString": {"Fn::Join": ["", joined]}}
    version = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
    templates: dict[str, dict[str, Any]] = {
        # In this order the first depends on the second.
        "Workflow": {
            "Resources": {
                "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
                "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine},
                "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Threshold": 1}},
            },
            "Outputs": {"StateMachineArn": {"Value": {"Ref": "Machine"}}},
        },
        "Storage": {
            "Resources": {"Role": role},
            "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}, "Export": {"Name": "role-arn"}}},
        },
    }
    artifacts = {}
    for name, template in templates.items():
        (folder / f"{name}.template.json").write_text(json.dumps({"Parameters": {"Version": version}, **template}))
        code = {
            "source": {"path": "asset.code", "packaging": "zip"},
            "destinations": {"current": {"bucketName": ASSET_BUCKET, "objectKey": "code.zip"}},
        }
        (folder / f"{name}.assets.json").write_text(json.dumps({"files": {"code": code} if name == "Workflow" else {}}))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/us-west-2",
            "properties": {"templateFile": f"{name}.template.json", "stackName": f"demo-{name.lower()}"},
            "dependencies": ["Storage"] if name == "Workflow" else [],
        }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def execute(folder: Path, definition: Mapping[str, Any], execution_input: Mapping[str, Any] | None = None) -> Execution:
    with LocalEngine(write_assembly(folder, definition), START) as engine:
        engine.deploy()
        return engine.run("run-1", execution_input or {})


def elapsed(execution: Execution) -> timedelta:
    span: timedelta = execution.events[-1]["timestamp"] - START
    return span


def test_a_handler_runs_with_its_functions_environment_and_the_virtual_clock(tmp_path: Path) -> None:
    definition = states(("Work", task("answer", parameters={"name.$": "$$.Execution.Name"})))

    execution = execute(tmp_path / "cdk.out", definition)

    assert execution.status == "SUCCEEDED"
    assert execution.output == {
        "calls": 1,
        "greeting": "hello",
        "environment": "local",
        "now": "2026-02-02T09:00:00+00:00",
        "millisLeft": 60_000,
        "event": {"do": "answer", "name": "run-1"},
    }
    assert "GREETING" not in os.environ


def test_retries_wait_in_virtual_time(tmp_path: Path) -> None:
    retry = {"ErrorEquals": ["TransientError"], "IntervalSeconds": 600, "BackoffRate": 3, "MaxDelaySeconds": 3600}

    execution = execute(tmp_path / "cdk.out", states(("Work", task("succeed at call 4", Retry=[retry]))))

    assert execution.status == "SUCCEEDED"
    assert elapsed(execution) == timedelta(seconds=600 + 1800 + 3600)


def test_jitter_is_the_same_in_every_run(tmp_path: Path) -> None:
    retry = {"ErrorEquals": ["TransientError"], "IntervalSeconds": 600, "JitterStrategy": "FULL"}
    definition = states(("Work", task("succeed at call 4", Retry=[retry])))

    first, second = (elapsed(execute(tmp_path / name, definition)) for name in ("first", "second"))

    assert timedelta(0) < first == second


def test_retries_are_counted_anew_when_a_state_is_entered_again(tmp_path: Path) -> None:
    retry = {"ErrorEquals": ["OddError"], "MaxAttempts": 2, "IntervalSeconds": 1, "BackoffRate": 1}
    catch = {"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Again?"}
    definition = states(
        ("First", {"Type": "Pass", "Result": 1, "ResultPath": "$.round", "Next": "Work"}),
        ("Work", task("fail", Retry=[retry], Catch=[catch])),
        (
            "Again?",
            {
                "Type": "Choice",
                "Choices": [{"Variable": "$.round", "NumericEquals": 1, "Next": "Second"}],
                "Default": "Done",
            },
        ),
        ("Second", {"Type": "Pass", "Result": 2, "ResultPath": "$.round", "Next": "Work"}),
        ("Done", {"Type": "Succeed"}),
    )

    execution = execute(tmp_path / "cdk.out", definition)

    assert elapsed(execution) == timedelta(seconds=4)


def test_a_caught_error_carries_the_class_name_and_what_lambda_says(tmp_path: Path) -> None:
    catch = {"ErrorEquals": ["OddError"], "ResultPath": "$.failure", "Next": "Failed (oddly)"}
    definition = states(
        ("Work", task("fail", Catch=[catch])),
        ("Failed (oddly)", {"Type": "Fail", "ErrorPath": "$.failure.Error", "CausePath": "$.failure.Cause"}),
    )

    execution = execute(tmp_path / "cdk.out", definition)

    assert (execution.status, execution.error) == ("FAILED", "OddError")
    assert execution.cause is not None
    cause = json.loads(execution.cause)
    assert cause["errorMessage"] == "three is odd"
    assert cause["errorType"] == "OddError"
    assert "work.py" in cause["stackTrace"][0]


@pytest.mark.parametrize(
    ("rule", "status"),
    [
        ({"Variable": "$.answer.good", "BooleanEquals": True}, "FAILED"),
        ({"Not": {"Variable": "$.answer.good", "BooleanEquals": True}}, "FAILED"),
        ({"Variable": "$.answer.good", "IsPresent": True}, "SUCCEEDED"),
        (
            {
                "And": [
                    {"Variable": "$.answer.good", "IsPresent": True},
                    {"Variable": "$.answer.good", "BooleanEquals": True},
                ]
            },
            "SUCCEEDED",
        ),
    ],
)
def test_a_choice_that_compares_what_is_missing_ends_the_execution(
    tmp_path: Path, rule: dict[str, Any], status: str
) -> None:
    definition = states(
        ("Answer", {"Type": "Pass", "Result": "<html>", "ResultPath": "$.answer", "Next": "Good?"}),
        ("Good?", {"Type": "Choice", "Choices": [{**rule, "Next": "Good"}], "Default": "Done"}),
        ("Good", {"Type": "Fail"}),
        ("Done", {"Type": "Succeed"}),
    )

    execution = execute(tmp_path / "cdk.out", definition)

    assert execution.status == status
    if status == "FAILED":
        assert execution.error == "States.Runtime"
        assert "'Good?'. Invalid path '$.answer.good'" in (execution.cause or "")


def test_an_execution_that_breaks_off_is_not_waited_for(tmp_path: Path) -> None:
    def fail(_arn: str, event: Mapping[str, Any]) -> None:
        if event["type"] == "ExecutionStarted":
            raise ValueError("a mistake of the listener")

    with LocalEngine(write_assembly(tmp_path / "cdk.out", states(("Work", task("succeed")))), START) as engine:
        engine.deploy()
        engine.listen(fail)
        with pytest.raises(RuntimeError, match="could not go on with") as broken:
            engine.run("run-1", {})
        assert str(broken.value.__cause__) == "a mistake of the listener"
        # Time still passes for all others.
        engine.let_time_pass(timedelta(hours=1))


def test_a_variable_holds_what_was_assigned_last_also_by_a_catch(tmp_path: Path) -> None:
    catch = {"ErrorEquals": ["States.ALL"], "Assign": {"last": "Work, badly"}, "Next": "Tell"}
    definition = states(
        ("First", {"Type": "Pass", "Assign": {"last": "First"}, "Next": "Work"}),
        ("Work", task("fail", Assign={"last": "Work, well"}, Catch=[catch])),
        ("Tell", {"Type": "Pass", "Parameters": {"last.$": "$last"}, "End": True}),
    )

    assert execute(tmp_path / "cdk.out", definition).output == {"last": "Work, badly"}


def test_nothing_catches_what_ends_an_execution(tmp_path: Path) -> None:
    everything = {"ErrorEquals": ["States.ALL"]}
    limited_by_what_is_missing = {
        "Type": "Map",
        "ItemsPath": "$",
        "MaxConcurrencyPath": "$[0].missing",
        "ItemProcessor": states(("Item", {"Type": "Pass", "End": True})),
        "Catch": [{**everything, "Next": "Caught"}],
        "End": True,
    }
    definition = states(
        ("List", {"Type": "Pass", "Result": [{}], "Next": "Work"}),
        ("Work", limited_by_what_is_missing),
        ("Caught", {"Type": "Succeed"}),
    )

    execution = execute(tmp_path / "cdk.out", definition)

    assert (execution.status, execution.error) == ("FAILED", "States.Runtime")
    assert "Caught" not in execution.entered


@pytest.mark.parametrize(
    ("do", "error"),
    [("exit", "Runtime.ExitError"), ("return a set", "Runtime.MarshalError")],
)
def test_what_breaks_the_runtime_has_lambdas_name(tmp_path: Path, do: str, error: str) -> None:
    assert execute(tmp_path / "cdk.out", states(("Work", task(do)))).error == error


@pytest.mark.parametrize("handler", ["missing.handler", "work.missing"])
def test_a_missing_handler_fails_as_in_lambda(tmp_path: Path, handler: str) -> None:
    assembly = write_assembly(tmp_path / "cdk.out", states(("Work", task("answer"))), Handler=handler)
    with LocalEngine(assembly, START) as engine:
        engine.deploy()
        error = engine.run("run-1", {}).error
    assert error in {"Runtime.ImportModuleError", "Runtime.HandlerNotFound"}


@pytest.mark.parametrize("do", ["sleep", "swallow"])
def test_a_function_is_cut_off_at_its_timeout_in_virtual_time(tmp_path: Path, do: str) -> None:
    execution = execute(tmp_path / "cdk.out", states(("Work", task(do, parameters={"seconds": 1000}))))

    assert execution.error == "Sandbox.Timedout"
    assert elapsed(execution) == timedelta(seconds=60)


def test_a_task_times_out_in_virtual_time(tmp_path: Path) -> None:
    catch = {"ErrorEquals": ["States.Timeout"], "Next": "Late"}
    definition = states(
        ("Work", task("sleep", parameters={"seconds": 50}, TimeoutSeconds=30, Catch=[catch])),
        ("Late", {"Type": "Succeed"}),
    )

    execution = execute(tmp_path / "cdk.out", definition)

    assert execution.entered == ["Work", "Late"]
    assert elapsed(execution) == timedelta(seconds=30)


@pytest.mark.parametrize(
    "slow",
    [
        {"Type": "Wait", "Seconds": 7200, "Next": "Done"},
        task("sleep", parameters={"seconds": 50}, Next="Work"),
        task("fail", Retry=[{"ErrorEquals": ["OddError"], "MaxAttempts": 99, "IntervalSeconds": 600}]),
    ],
)
def test_an_execution_times_out_in_virtual_time(tmp_path: Path, slow: dict[str, Any]) -> None:
    definition = states(("Work", slow), ("Done", {"Type": "Succeed"}), TimeoutSeconds=3600)

    execution = execute(tmp_path / "cdk.out", definition)

    assert execution.status == "TIMED_OUT"
    assert execution.events[-1]["type"] == "ExecutionTimedOut"
    assert "Done" not in execution.entered


def test_a_wait_takes_the_seconds_of_its_path(tmp_path: Path) -> None:
    definition = states(
        ("Wait", {"Type": "Wait", "SecondsPath": "$.job.waitSeconds", "Next": "Done"}), ("Done", {"Type": "Succeed"})
    )

    execution = execute(tmp_path / "cdk.out", definition, {"job": {"waitSeconds": 86_400}})

    assert elapsed(execution) == timedelta(days=1)


def test_a_map_hands_out_its_items_and_keeps_environments_apart(tmp_path: Path) -> None:
    item = task("work side by side", parameters={"item.$": "$.batch"})
    definition = states(
        (
            "Ask (base)",
            {
                "Type": "Map",
                "ItemsPath": "$.batches",
                "MaxConcurrencyPath": "$.concurrency",
                "ItemSelector": {"batch.$": "$$.Map.Item.Value"},
                "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **states(("Answer (base)", item))},
                "End": True,
            },
        )
    )

    execution = execute(tmp_path / "cdk.out", definition, {"batches": list(range(20)), "concurrency": 5})

    assert execution.output == [{"item": item, "alone": True, "greeting": "hello"} for item in range(20)]


def test_a_discarded_result_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    definition = states(("Work", task("answer", ResultPath=None)))

    assert execute(tmp_path / "cdk.out", definition, {"kept": True}).output == {"kept": True}


@pytest.fixture
def stoppable(tmp_path: Path) -> Iterator[LocalEngine]:
    """An engine with: a task, a map of tasks, a wait, another task; every failure is caught."""
    retry = {"ErrorEquals": ["States.ALL"]}
    catch = {"ErrorEquals": ["States.ALL"], "Next": "Caught"}
    each = states(("Each", task("answer", Retry=[retry])))
    definition = states(
        ("Work", task("answer", ResultPath=None, Retry=[retry], Catch=[catch], Next="All")),
        (
            "All",
            {
                "Type": "Map",
                "ItemsPath": "$.items",
                "MaxConcurrency": 2,
                "ItemProcessor": {"ProcessorConfig": {"Mode": "INLINE"}, **each},
                "ResultPath": None,
                "Catch": [catch],
                "Next": "Wait",
            },
        ),
        ("Wait", {"Type": "Wait", "Seconds": 60, "Next": "Last"}),
        ("Last", task("answer", Catch=[catch], Next="Done")),
        ("Caught", {"Type": "Succeed"}),
        ("Done", {"Type": "Succeed"}),
    )
    with LocalEngine(write_assembly(tmp_path / "cdk.out", definition), START) as engine:
        engine.deploy()
        yield engine


def test_an_execution_can_be_stopped_at_every_one_of_its_events(stoppable: LocalEngine) -> None:
    execution_input = {"items": [1, 2, 3]}
    whole = stoppable.run("whole", execution_input)
    assert whole.status == "SUCCEEDED"
    # moto cannot stop an execution before its first state (event 2), nor after its last one.
    for number in range(2, len(whole.events) - 1):

        def stop(arn: str, event: Mapping[str, Any], name: str = f"stopped-at-{number}", at: int = number) -> None:
            if arn.endswith(f":{name}") and event["id"] == at:
                stoppable.stop_execution(arn)

        stoppable.listen(stop)
        execution = stoppable.run(f"stopped-at-{number}", execution_input)

        assert execution.status == "ABORTED", whole.events[number - 1]["type"]
        assert execution.events[-1]["type"] == "ExecutionAborted"
        assert "Caught" not in execution.entered


def test_events_carry_virtual_time_as_they_happen(tmp_path: Path) -> None:
    definition = states(("Wait", {"Type": "Wait", "Seconds": 60, "Next": "Work"}), ("Work", task("fail")))
    with LocalEngine(write_assembly(tmp_path / "cdk.out", definition), START) as engine:
        engine.deploy()
        arn = engine.start_execution("run-1", {})
        happened = {event["type"]: event["timestamp"] for event in engine.follow(arn)}
        description = engine.describe(arn)

    assert happened["WaitStateEntered"] == START
    assert happened["WaitStateExited"] == happened["LambdaFunctionFailed"] == START + timedelta(seconds=60)
    assert (description["startDate"], description["stopDate"]) == (START, START + timedelta(seconds=60))


def test_the_history_comes_in_pages_from_either_end(tmp_path: Path) -> None:
    def ids(page: Mapping[str, Any]) -> list[int]:
        return [event["id"] for event in page["events"]]

    with LocalEngine(write_assembly(tmp_path / "cdk.out", states(("Work", task("answer")))), START) as engine:
        engine.deploy()
        arn = engine.run("run-1", {}).arn

        paginator = services.stepfunctions.get_paginator("get_execution_history")
        [whole] = [ids(page) for page in paginator.paginate(executionArn=arn)]
        pages = paginator.paginate(executionArn=arn, reverseOrder=True, PaginationConfig={"PageSize": 2})
        backwards = [ids(page) for page in pages]

    assert whole == sorted(whole)
    assert [len(page) for page in backwards[:-1]] == [2] * (len(backwards) - 1)
    assert [number for page in backwards for number in page] == whole[::-1]


def test_stopping_the_engine_aborts_what_runs_and_leaves_no_thread(tmp_path: Path) -> None:
    threads = set(threading.enumerate())
    forever = task("answer", Next="Work")
    engine = LocalEngine(write_assembly(tmp_path / "cdk.out", states(("Work", forever))), START)
    with engine:
        engine.deploy()
        arn = engine.start_execution("run-1", {})

    assert set(threading.enumerate()) <= threads
    assert list(engine.follow(arn))[-1]["type"] == "ExecutionAborted"


def test_the_engine_hides_real_credentials_and_puts_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = {
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_ENDPOINT_URL": "https://example.com",
        "AWS_ENDPOINT_URL_S3": "https://example.com",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
    }
    for name, value in users.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    clock = services.clock

    with LocalEngine(write_assembly(tmp_path / "cdk.out", states(("Work", task("answer")))), START) as engine:
        engine.deploy()
        credentials = boto3.Session().get_credentials()
        assert credentials is not None
        assert credentials.token is None
        assert "real" not in {credentials.access_key, credentials.secret_key}
        assert boto3.client("s3").meta.endpoint_url.endswith(".amazonaws.com")
        assert not os.environ.keys() & {"AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}
        assert services.clock is engine.clock

    assert dict(os.environ) == before
    assert (services.environment, type(services.clock)) == ("aws", type(clock))


def test_engines_in_turn_start_empty_and_one_at_a_time(tmp_path: Path) -> None:
    assembly = write_assembly(tmp_path / "cdk.out", states(("Work", task("answer"))))
    for _ in range(2):
        with LocalEngine(assembly, START) as engine:
            engine.deploy()
            engine.s3.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
            assert engine.run("run-1", {}).output["calls"] == 1
            with pytest.raises(RuntimeError, match="running already"):
                LocalEngine(assembly, START).start()


def test_a_stack_that_cannot_come_up_is_named(tmp_path: Path) -> None:
    assembly = write_assembly(tmp_path / "cdk.out", states(("Work", {"Type": "Nonsense"})))
    with LocalEngine(assembly, START) as engine, pytest.raises(DeploymentError, match="demo-workflow"):
        engine.deploy()
