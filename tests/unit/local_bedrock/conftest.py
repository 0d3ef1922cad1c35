"""A local Bedrock under moto, with boto3's own clients, a clock moved by hand and models that learn by heart."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from finetuning.services import Clock
from moto import mock_aws

from local.bedrock import LocalBedrock
from local.stand_in import EpochMetric, HyperParameters, StepMetric, TrainingRecord

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
    from types_boto3_s3.client import S3Client
    from types_boto3_service_quotas.client import ServiceQuotasClient

ACCOUNT = "123456789012"
REGION = "us-west-2"
ROLE = "claude-3-haiku-ft-role"
BASE_MODEL = "anthropic.claude-3-haiku-20240307-v1:0:200k"
START = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)


class ManualClock:
    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True)
class ByHeart:
    """Knows the answers to the questions that it was trained with, and nothing else."""

    answers: Mapping[str, str]

    def answer(self, question: str, *, max_tokens: int, temperature: float, seed: int) -> str:
        assert max_tokens >= 1
        assert 0 <= temperature <= 1
        assert seed == 0
        return self.answers.get(question, "I do not know.")


@dataclass(frozen=True)
class Learnt:
    model: ByHeart
    steps: Sequence[StepMetric]
    epochs: Sequence[EpochMetric]


class FakeModels:
    def untrained(self) -> ByHeart:
        return ByHeart({})

    def train(
        self,
        training: Sequence[TrainingRecord],
        validation: Sequence[TrainingRecord],
        hyper_parameters: HyperParameters,
        seed: int,
    ) -> Learnt:
        assert seed == 0
        epochs = range(1, hyper_parameters.epochs + 1)
        return Learnt(
            ByHeart({record.prompt: record.answer for record in training}),
            [StepMetric(step=epoch, epoch=epoch, training_loss=2 / epoch) for epoch in epochs],
            [EpochMetric(step=epoch, epoch=epoch, validation_loss=3 / epoch) for epoch in epochs if validation],
        )

    def judge(self, question: str, reference: str, answer: str) -> tuple[int, int, str]:
        return (10, 0, f"{question}: right") if answer == reference else (2, 1, f"{question}: not {reference}")

    def supports(self, question: str, passage: str, answer: str) -> tuple[bool, str]:
        return answer in passage, question

    def write_pairs(self, text: str, language: str, number: int, asked: Collection[str]) -> list[tuple[str, str, str]]:
        pairs = [(f"{language} {line}?", line, line) for line in text.splitlines() if line]
        return [pair for pair in pairs if pair[0] not in asked][:number]

    def embed(self, text: str, dimensions: int) -> list[float]:
        return [1.0 if place == len(text) % dimensions else 0.0 for place in range(dimensions)]


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """Shared, since a session reads the descriptions of AWS's services anew."""
    return boto3.Session("testing", "testing", region_name=REGION)


@pytest.fixture
def clock() -> Clock:
    return ManualClock()


@dataclass(frozen=True)
class World:
    """What lasts as long as moto is on."""

    session: boto3.Session
    bedrock: LocalBedrock


@pytest.fixture
def world(clock: Clock, session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    # boto3 would really sleep between attempts.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(config={"iam": {"load_aws_managed_policies": False}}):
        bedrock = LocalBedrock(clock, REGION, ACCOUNT, FakeModels())
        with bedrock.registered():
            yield World(session, bedrock)


@pytest.fixture
def bedrock(world: World) -> LocalBedrock:
    return world.bedrock


@pytest.fixture
def client(world: World) -> "BedrockClient":
    return world.session.client("bedrock")


@pytest.fixture
def runtime(world: World) -> "BedrockRuntimeClient":
    return world.session.client("bedrock-runtime")


@pytest.fixture
def quotas(world: World) -> "ServiceQuotasClient":
    return world.session.client("service-quotas")


@pytest.fixture
def s3(world: World) -> "S3Client":
    return world.session.client("s3")


@pytest.fixture
def data_folder(s3: "S3Client") -> str:
    """The URI of training and validation data of 40 and 32 records; there is also a bucket for results."""
    for bucket in ("data", "results"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket="data", Key="training.jsonl", Body=records(40))
    s3.put_object(Bucket="data", Key="validation.jsonl", Body=records(32))
    return "s3://data"


def records(count: int) -> bytes:
    lines = (
        {
            "system": "Answer briefly.",
            "messages": [
                {"role": "user", "content": f"question {n}?"},
                {"role": "assistant", "content": f"answer {n}"},
            ],
        }
        for n in range(count)
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.fixture
def role(world: World) -> str:
    """The ARN of a service role with the trust policy that Bedrock's user guide asks for."""
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "bedrock.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnEquals": {"aws:SourceArn": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:model-customization-job/*"},
            },
        },
    }
    iam = world.session.client("iam")
    return iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]


CreateJob = Callable[..., str]


@pytest.fixture
def create_job(client: "BedrockClient", data_folder: str, role: str) -> CreateJob:
    """Creates a job, with members of the request changed or, when None, left out; gives its ARN."""

    def create(**changes: object) -> str:
        request: dict[str, Any] = {
            "jobName": "ft-job-1",
            "customModelName": "ft-model-1",
            "roleArn": role,
            "clientRequestToken": "token-1",
            "baseModelIdentifier": BASE_MODEL,
            "customizationType": "FINE_TUNING",
            "trainingDataConfig": {"s3Uri": f"{data_folder}/training.jsonl"},
            "validationDataConfig": {"validators": [{"s3Uri": f"{data_folder}/validation.jsonl"}]},
            "outputDataConfig": {"s3Uri": "s3://results/runs/1/job"},
            "hyperParameters": {"epochCount": "3"},
            **changes,
        }
        return client.create_model_customization_job(
            **{name: value for name, value in request.items() if value is not None}
        )["jobArn"]

    return create


@pytest.fixture
def custom_model(create_job: CreateJob, client: "BedrockClient", clock: Clock) -> str:
    """The ARN of a custom model, two virtual hours after its job was created."""
    job = create_job()
    clock.sleep(2 * 3600)
    return client.get_model_customization_job(jobIdentifier=job)["outputModelArn"]


LLAMA_ON_DEMAND = "meta.llama3-3-70b-instruct-v1:0:128k"


def conversations(count: int) -> bytes:
    """Records in Converse's format."""
    lines = (
        {
            "schemaVersion": "bedrock-conversation-2024",
            "messages": [
                {"role": "user", "content": [{"text": f"question {n}?"}]},
                {"role": "assistant", "content": [{"text": f"answer {n}"}]},
            ],
        }
        for n in range(count)
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.fixture
def on_demand_model(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, data_folder: str, s3: "S3Client"
) -> str:
    """The ARN of a custom model that on-demand deployments can serve."""
    s3.put_object(Bucket="data", Key="conversations.jsonl", Body=conversations(100))
    job = create_job(
        jobName="ft-job-on-demand",
        customModelName="ft-model-on-demand",
        clientRequestToken="token-on-demand",
        baseModelIdentifier=LLAMA_ON_DEMAND,
        trainingDataConfig={"s3Uri": f"{data_folder}/conversations.jsonl"},
        validationDataConfig=None,
    )
    clock.sleep(2 * 3600)
    return client.get_model_customization_job(jobIdentifier=job)["outputModelArn"]


@pytest.fixture
def create_deployment(client: "BedrockClient", on_demand_model: str) -> Callable[..., str]:
    """Like create_job, for a deployment of that model."""

    def create(**changes: object) -> str:
        request: dict[str, Any] = {
            "modelDeploymentName": "ft-deployment-1",
            "modelArn": on_demand_model,
            "clientRequestToken": "token-1",
            "tags": [{"key": "app", "value": "bedrock-ft"}],
            **changes,
        }
        return client.create_custom_model_deployment(
            **{name: value for name, value in request.items() if value is not None}
        )["customModelDeploymentArn"]

    return create


CreateThroughput = Callable[..., str]


@pytest.fixture
def create_throughput(client: "BedrockClient", custom_model: str) -> CreateThroughput:
    """Like create_job, for a Provisioned Throughput of the custom model."""

    def create(**changes: object) -> str:
        request: dict[str, Any] = {
            "provisionedModelName": "ft-throughput-1",
            "modelId": custom_model,
            "modelUnits": 1,
            "clientRequestToken": "token-1",
            "tags": [{"key": "app", "value": "bedrock-ft"}],
            **changes,
        }
        return client.create_provisioned_model_throughput(
            **{name: value for name, value in request.items() if value is not None}
        )["provisionedModelArn"]

    return create
