"""Each function may do what it does, and nothing else: whole runs under the deployed policies, and none is too broad.

That every call is granted is no test of its own: the local engine refuses, as AWS does, what no policy allows.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from finetuning import tags
from finetuning.base_models import BASE_MODELS, JUDGE_MODELS
from finetuning.services import services
from injection import Injector
from scenarios import CREATING, REAPER, WHILE_ALIVE, WHILE_TRAINING, FaultAt, Kind, Moment, StopAt
from small_app import DATASET, INPUT, deployed, synthesized

from local.engine.engine import LocalEngine
from local.engine.state_machines import HistoryEvent
from local.policies import Effect, Request, Statement, decide, request

# The reaper then looks whether the job was stopped.
LOST_BY_REAPER = FaultAt(REAPER, Kind.AFTER, "StopModelCustomizationJob", always=True)

# What the roles allow beside the calls of handlers, and who makes these calls.
NOT_OF_HANDLERS: Mapping[str, str] = {
    "logs:CreateLogStream": "Lambda writes what a function logs",
    "logs:PutLogEvents": "Lambda writes what a function logs",
    "xray:PutTraceSegments": "Lambda sends a function's traces",
    "xray:PutTelemetryRecords": "Lambda sends a function's traces",
    "sqs:SendMessage": "Lambda hands over the events that a function failed on",
}


@dataclass(frozen=True)
class Grant:
    """One action on one pattern of resources: statements taken apart."""

    function: str
    statement: Statement

    def __str__(self) -> str:
        return f"{self.function}: {self.statement.actions[0]} on {self.statement.resources[0]}"


@dataclass(frozen=True)
class Observed:
    """By function, what its calls asked for and were granted, and what its role grants to handlers."""

    requests: Mapping[str, frozenset[Request]]
    grants: Mapping[str, list[Grant]]


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A whole run, failing and aborted ones, repeated creates, runs that go on from others, odd datasets and quotas."""
    with deployed(synthesized(tmp_path_factory.mktemp("privileges") / "cdk.out").folder) as engine:
        for hosting, create in CREATING.items():
            _go_wrong(engine, {**INPUT, "hosting": hosting}, create)
        Injector(engine)
        engine.run("run-2", INPUT)
        engine.run("model-deleted", {**INPUT, "keepCustomModel": False})
        _sweep(engine)
        engine.run("resumed", {"resumeFrom": "run-2"})
        model = engine.bedrock_client.list_custom_models()["modelSummaries"][0]["modelArn"]
        engine.run("given", {**INPUT, "customModelArn": model})
        for number, judge in enumerate(JUDGE_MODELS):
            engine.run(f"judge-{number}", {**INPUT, "judgeModel": judge})
        for shipped in sorted(folder.name for folder in DATASET.parent.iterdir()):
            engine.run(f"shipped-{shipped}", {"dataset": shipped})
        _lose_validation_metrics(engine, "no-metrics")
        engine.run("no-dataset", {"dataset": "missing"})
        _give_up_an_upload(engine)
        engine.bedrock.settings.lists_unchanged_quotas = False
        engine.run("unlisted-quota", {**INPUT, "hosting": "provisionedThroughput"})
        functions = [each["FunctionName"] for each in boto3.client("lambda").list_functions()["Functions"]]
        yield Observed(
            requests={function: frozenset(engine.permissions.granted[function]) for function in functions},
            grants={function: list(_grants(engine, function)) for function in functions},
        )


def _go_wrong(engine: LocalEngine, execution_input: Mapping[str, Any], create: str) -> None:
    """Runs that fail, whose creates have to be repeated, that are aborted."""
    faults = [
        None,
        WHILE_TRAINING,
        WHILE_ALIVE,
        FaultAt("StartCustomizationJob", Kind.AFTER),
        FaultAt(create, Kind.AFTER),
    ]
    for number, fault in enumerate(faults):
        Injector(engine, [fault] if fault else [])
        engine.run(f"{create}-{number}", execution_input)
    for state in (WHILE_TRAINING.state, WHILE_ALIVE.state):
        name = f"{create}-aborted-in-{state.split()[0]}"
        Injector(engine, [LOST_BY_REAPER], stop_at=StopAt(state, Moment.EXITED), stopped_run=name)
        engine.run(name, execution_input)
        engine.let_time_pass(timedelta(minutes=10))


def _sweep(engine: LocalEngine) -> None:
    """One in which a run leaves no result, and one that is stopped while its runs train."""
    given = {"datasets": ["small"], "hyperParameters": {"epochCount": [2, 5]}, "maxSpendUsd": 100}

    def lose(_arn: str, event: HistoryEvent) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == "ChooseBest":
            key = "runs/sweep-01/result.json"
            engine.s3.delete_object(Bucket=engine.outputs["ResultsBucketName"], Key=key)

    def stop(arn: str, event: HistoryEvent) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == "WaitForCustomizationJob" and "stopped-" in arn:
            engine.stop_execution(stopped)

    engine.listen(lose)
    list(engine.follow(_start_sweep(engine, "sweep", given)))
    engine.listen(stop)
    stopped = _start_sweep(engine, "stopped", given)
    list(engine.follow(stopped))
    engine.let_time_pass(timedelta(minutes=10))


def _start_sweep(engine: LocalEngine, name: str, given: Mapping[str, Any]) -> str:
    return engine.stepfunctions.start_execution(
        stateMachineArn=engine.outputs["SweepStateMachineArn"], name=name, input=json.dumps(given)
    )["executionArn"]


def _grants(engine: LocalEngine, function: str) -> Iterator[Grant]:
    for statement in engine.permissions.statements(function):
        for action in statement.actions:
            if action not in NOT_OF_HANDLERS:
                for resource in statement.resources:
                    yield Grant(function, replace(statement, actions=(action,), resources=(resource,)))


def _lose_validation_metrics(engine: LocalEngine, run: str) -> None:
    """Whether a file is missing or forbidden shows only where one is missing."""

    def lose(arn: str, event: HistoryEvent) -> None:
        entered = event.get("stateEnteredEventDetails", {}).get("name")
        if entered == "ReadTrainingMetrics" and arn.endswith(f":{run}"):
            bucket = engine.outputs["ResultsBucketName"]
            for each in engine.s3.list_objects_v2(Bucket=bucket, Prefix=f"runs/{run}/job/")["Contents"]:
                if "validation" in each["Key"]:
                    engine.s3.delete_object(Bucket=bucket, Key=each["Key"])

    engine.listen(lose)
    engine.run(run, INPUT)


def _give_up_an_upload(engine: LocalEngine) -> None:
    """boto3 aborts a managed upload of which a part fails; a dataset is uploaded in parts beyond 8 MiB."""
    turns = [{"role": "user", "content": "word " * 20_000}, {"role": "assistant", "content": "A long question."}]
    record = json.dumps({"messages": turns}) + "\n"
    bucket = engine.outputs["DataBucketName"]
    engine.s3.put_object(Bucket=bucket, Key="datasets/large/training.jsonl", Body=(record * 100).encode())
    for file in ("validation", "evaluation"):
        source = f"{bucket}/datasets/small/{file}.jsonl"
        engine.s3.copy_object(CopySource=source, Bucket=bucket, Key=f"datasets/large/{file}.jsonl")

    def fail(**_: object) -> tuple[AWSResponse, Mapping[str, object]]:
        answer = {"Error": {"Code": "InternalError", "Message": "injected"}, "ResponseMetadata": {}}
        return AWSResponse("", 500, HTTPHeaders(), None), answer

    # The type stubs know of no hooks that answer.
    events: Any = services.s3.meta.events
    events.register("before-call.s3.UploadPart", fail)
    engine.run("given-up", {"dataset": "large"})
    events.unregister("before-call.s3.UploadPart", fail)


def test_no_grant_could_be_missing(observed: Observed) -> None:
    """Without any one of them, a call of these runs would have been refused."""
    idle, needed = [], set()
    for function, grants in observed.grants.items():
        for grant in grants:
            others = [other.statement for other in grants if other is not grant]
            if all(decide(others, asked) is Effect.ALLOW for asked in observed.requests[function]):
                idle.append(grant)
            else:
                needed.add(_of_any_base_model(grant))
    assert [str(grant) for grant in idle if _of_any_base_model(grant) not in needed] == []


def _of_any_base_model(grant: Grant) -> str:
    """A sweep may do with the experiments on each base model what it does here with those on one."""
    text = str(grant)
    for key, model in BASE_MODELS.items():
        named = text.replace(f"{key}-ft-", "<base model>-ft-")
        text = named.replace(f":{model.region}:", ":<region>:") if named != text else text
    return text


@pytest.mark.parametrize(
    ("action", "key"),
    [
        ("bedrock:CreateModelCustomizationJob", "aws:RequestTag"),
        ("bedrock:CreateProvisionedModelThroughput", "aws:RequestTag"),
        ("bedrock:CreateCustomModelDeployment", "aws:RequestTag"),
        ("bedrock:TagResource", "aws:RequestTag"),
        ("bedrock:DeleteProvisionedModelThroughput", "aws:ResourceTag"),
        ("bedrock:DeleteCustomModelDeployment", "aws:ResourceTag"),
        ("bedrock:DeleteCustomModel", "aws:ResourceTag"),
        ("bedrock:StopModelCustomizationJob", "aws:ResourceTag"),
    ],
)
@pytest.mark.parametrize("value", [None, "another-app"])
def test_only_what_carries_our_tag(observed: Observed, action: str, key: str, value: str | None) -> None:
    tag = f"{key}/{tags.APP}".lower()
    refused = []
    for function, requests in observed.requests.items():
        for asked in (asked for asked in requests if asked.action == action):
            context = dict(asked.context)
            assert context.pop(tag) == tags.APP_NAME
            others = request(action, asked.resource, context if value is None else context | {tag: value})
            refused.append(decide([grant.statement for grant in observed.grants[function]], others) is None)
    assert refused
    assert all(refused)
