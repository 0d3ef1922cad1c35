"""Model customization jobs and the custom models they leave, through boto3's own client."""

import csv
import io
import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from finetuning.base_models import base_model
from finetuning.services import Clock

from local.bedrock import LocalBedrock
from local.bedrock.hyper_parameters import effective_hyper_parameters, learning_parameters
from local.stand_in import HyperParameters

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
    from types_boto3_s3.client import S3Client

CreateJob = Callable[..., str]

MINUTE, HOUR = 60, 3600


def text_of(s3: "S3Client", key: str) -> str:
    return s3.get_object(Bucket="results", Key=key)["Body"].read().decode()


def test_a_job_is_in_progress_then_completed(create_job: CreateJob, client: "BedrockClient", clock: Clock) -> None:
    created = clock.now()
    arn = create_job()

    clock.sleep(2 * HOUR - 1)
    running = client.get_model_customization_job(jobIdentifier=arn)
    clock.sleep(1)
    completed = client.get_model_customization_job(jobIdentifier="ft-job-1")

    assert (running["status"], running["creationTime"]) == ("InProgress", created)
    assert "outputModelArn" not in running
    assert "endTime" not in running
    assert (completed["status"], completed["jobArn"]) == ("Completed", arn)
    assert completed["endTime"] == completed["lastModifiedTime"] == created + timedelta(hours=2)
    assert completed["trainingMetrics"]["trainingLoss"] == pytest.approx(2 / 3)
    assert completed["validationMetrics"] == [{"validationLoss": pytest.approx(1)}]
    assert completed["hyperParameters"] == {
        "epochCount": "3",
        "batchSize": "32",
        "learningRateMultiplier": "1",
        "earlyStoppingThreshold": "0.001",
        "earlyStoppingPatience": "2",
    }


def test_a_completed_job_writes_its_metrics(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, s3: "S3Client"
) -> None:
    arn = create_job()
    clock.sleep(2 * HOUR)
    client.list_custom_models()

    folder = f"runs/1/job/model-customization-job-{arn[-12:]}"
    training = f"{folder}/training_artifacts/step_wise_training_metrics.csv"
    validation = f"{folder}/validation_artifacts/post_fine_tuning_validation/validation_metrics.csv"
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="results")["Contents"]]
    assert keys == ["runs/1/job/.write_access_check_file.tmp", training, validation]
    assert list(csv.reader(io.StringIO(text_of(s3, training)))) == [
        ["step_number", "epoch_number", "training_loss"],
        ["1", "1", "2.0"],
        ["2", "2", "1.0"],
        ["3", "3", "0.6666666666666666"],
    ]
    assert text_of(s3, validation) == "step_number,epoch_number,validation_loss\n1,1,3.0\n2,2,1.5\n3,3,1.0\n"


def test_without_validation_data_there_are_no_validation_metrics(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, s3: "S3Client"
) -> None:
    arn = create_job(validationDataConfig=None)
    clock.sleep(2 * HOUR)

    job = client.get_model_customization_job(jobIdentifier=arn)

    assert job["status"] == "Completed"
    assert job["validationDataConfig"] == {"validators": []}
    assert not [each for each in s3.list_objects_v2(Bucket="results")["Contents"] if "validation" in each["Key"]]


def test_the_custom_model_is_there_when_the_job_has_ended(
    custom_model: str, client: "BedrockClient", clock: Clock
) -> None:
    model = client.get_custom_model(modelIdentifier=custom_model)

    assert model["modelName"] == "ft-model-1"
    assert model["jobName"] == "ft-job-1"
    assert model["creationTime"] == clock.now()
    assert client.get_custom_model(modelIdentifier="ft-model-1")["modelArn"] == custom_model
    assert [each["modelArn"] for each in client.list_custom_models(nameContains="model")["modelSummaries"]] == [
        custom_model
    ]
    assert client.list_custom_models(nameContains="other")["modelSummaries"] == []


def test_a_custom_model_can_be_deleted(custom_model: str, client: "BedrockClient") -> None:
    client.delete_custom_model(modelIdentifier=custom_model)

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_custom_model(modelIdentifier=custom_model)


def test_the_same_token_gives_the_same_job(create_job: CreateJob, client: "BedrockClient") -> None:
    assert create_job() == create_job()
    assert len(client.list_model_customization_jobs()["modelCustomizationJobSummaries"]) == 1


def test_the_same_token_with_another_request_conflicts(create_job: CreateJob, client: "BedrockClient") -> None:
    create_job()

    with pytest.raises(client.exceptions.ConflictException, match="token"):
        create_job(jobName="ft-job-2")


@pytest.mark.parametrize("changes", [{"customModelName": "ft-model-2"}, {"jobName": "ft-job-2"}])
def test_a_name_in_use_conflicts(create_job: CreateJob, client: "BedrockClient", changes: dict[str, str]) -> None:
    create_job()

    with pytest.raises(client.exceptions.ConflictException, match="is in use"):
        create_job(clientRequestToken="token-2", **changes)


def test_a_repeated_token_may_be_refused(create_job: CreateJob, bedrock: LocalBedrock) -> None:
    bedrock.settings.refuses_repeated_create = "ConflictException"
    create_job()

    with pytest.raises(ClientError, match="used before"):
        create_job()


def test_a_stopped_job_leaves_no_model(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, s3: "S3Client"
) -> None:
    arn = create_job()
    clock.sleep(HOUR)

    client.stop_model_customization_job(jobIdentifier=arn)

    assert client.get_model_customization_job(jobIdentifier=arn)["status"] == "Stopping"
    clock.sleep(2 * MINUTE)
    stopped = client.get_model_customization_job(jobIdentifier=arn)
    assert (stopped["status"], stopped["endTime"]) == ("Stopped", clock.now())
    clock.sleep(2 * HOUR)
    assert client.get_model_customization_job(jobIdentifier=arn)["status"] == "Stopped"
    assert client.list_custom_models()["modelSummaries"] == []
    assert len(s3.list_objects_v2(Bucket="results")["Contents"]) == 1


@pytest.mark.usefixtures("custom_model")
def test_only_a_running_job_can_be_stopped(client: "BedrockClient") -> None:
    with pytest.raises(client.exceptions.ConflictException, match="Completed"):
        client.stop_model_customization_job(jobIdentifier="ft-job-1")


def test_jobs_are_listed_by_status_name_and_page(create_job: CreateJob, client: "BedrockClient", clock: Clock) -> None:
    for number in (1, 2, 3):
        create_job(jobName=f"ft-job-{number}", customModelName=f"m{number}", clientRequestToken=f"t{number}")
        clock.sleep(MINUTE)
    client.stop_model_customization_job(jobIdentifier="ft-job-2")

    def names(**filters: Any) -> list[str]:  # noqa: ANN401 (each filter has its own type)
        pages = client.get_paginator("list_model_customization_jobs").paginate(**filters)
        return [job["jobName"] for page in pages for job in page["modelCustomizationJobSummaries"]]

    assert names() == ["ft-job-3", "ft-job-2", "ft-job-1"]
    assert names(sortBy="CreationTime", sortOrder="Ascending", maxResults=2) == ["ft-job-1", "ft-job-2", "ft-job-3"]
    assert names(statusEquals="InProgress") == ["ft-job-3", "ft-job-1"]
    assert names(nameContains="job-2") == ["ft-job-2"]
    assert names(creationTimeAfter=datetime(2026, 2, 1, 9, 1, 30, tzinfo=UTC)) == ["ft-job-3"]


GOOD_LINE = '{"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]}'


def with_line(line: object) -> bytes:
    """Forty good lines and this one."""
    text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
    return "\n".join([GOOD_LINE] * 40 + [text]).encode()


def turns(*turns: tuple[str, str]) -> dict[str, object]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "line 1"),
        (b"\xff\xfe", "not UTF-8"),
        ("\n".join([GOOD_LINE] * 31).encode(), "31 records; allowed are 32 to 10000"),
        (with_line("\n"), "line 41"),
        (with_line('{"messages": NaN}'), "line 41: NaN is not JSON"),
        (with_line([]), "line 41: expected a JSON object"),
        (with_line({"messages": [], "extra": 1}), "line 41.*unknown keys"),
        (with_line({"messages": {}}), "line 41: expected a list"),
        (with_line({"system": 1, **turns(("user", "q"), ("assistant", "a"))}), "line 41: expected a string"),
        (with_line(turns(("user", "q"))), "line 41: messages must alternate"),
        (with_line(turns(("assistant", "a"), ("user", "q"))), "line 41: messages must alternate"),
        (with_line(turns(("user", "q"), ("assistant", " "))), "line 41: empty text"),
        (with_line(turns(("user", "q\nHuman: r"), ("assistant", "a"))), "line 41: reserved keyword"),
        (with_line(turns(("user", "日" * 32_001), ("assistant", "a"))), "line 41: more than 32000 tokens"),
    ],
)
def test_a_job_with_bad_data_fails_after_a_while(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, s3: "S3Client", data: bytes, complaint: str
) -> None:
    s3.put_object(Bucket="data", Key="training.jsonl", Body=data)
    arn = create_job()

    assert client.get_model_customization_job(jobIdentifier=arn)["status"] == "InProgress"
    clock.sleep(5 * MINUTE)
    job = client.get_model_customization_job(jobIdentifier=arn)

    assert job["status"] == "Failed"
    assert re.search(complaint, job["failureMessage"])
    assert client.list_custom_models()["modelSummaries"] == []


def test_too_few_validation_records_fail_the_job(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, s3: "S3Client"
) -> None:
    s3.put_object(Bucket="data", Key="validation.jsonl", Body=GOOD_LINE.encode())
    arn = create_job()
    clock.sleep(5 * MINUTE)

    message = client.get_model_customization_job(jobIdentifier=arn)["failureMessage"]

    assert message == "Claude 3 Haiku: validation data has 1 records; allowed are 32 to 1000."


def test_the_last_turns_of_a_conversation_are_learnt(
    create_job: CreateJob, clock: Clock, s3: "S3Client", client: "BedrockClient", runtime: "BedrockRuntimeClient"
) -> None:
    conversation = turns(("user", "q1"), ("assistant", "a1"), ("user", "q2"), ("assistant", "a2"))
    s3.put_object(Bucket="data", Key="training.jsonl", Body=with_line(conversation))
    create_job()
    clock.sleep(2 * HOUR)
    throughput = client.create_provisioned_model_throughput(
        provisionedModelName="ft-throughput-1", modelId="ft-model-1", modelUnits=1
    )["provisionedModelArn"]
    clock.sleep(15 * MINUTE)

    answer = runtime.converse(modelId=throughput, messages=[{"role": "user", "content": [{"text": "q2"}]}])

    assert answer["output"]["message"]["content"] == [{"text": "a2"}]


def test_every_bad_hyperparameter_is_named(create_job: CreateJob, client: "BedrockClient") -> None:
    bad = {"epochCount": "99", "batchSize": "4.5", "learningRateMultiplier": "much", "warmup": "1"}

    with pytest.raises(client.exceptions.ValidationException) as raised:
        create_job(hyperParameters=bad)

    for name in bad:
        assert name in str(raised.value)
    assert client.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []


def test_hyperparameters_of_claude_in_the_terms_of_the_stand_in() -> None:
    claude = base_model("claude-3-haiku")
    given = {"epochCount": "5", "learningRateMultiplier": "0.5", "earlyStoppingPatience": "4"}

    assert learning_parameters(claude, effective_hyper_parameters(claude, given)) == HyperParameters(
        epochs=5,
        batch_size=32,
        learning_rate_multiplier=0.5,
        early_stopping_threshold=0.001,
        early_stopping_patience=4,
    )


def test_hyperparameters_of_llama_in_the_terms_of_the_stand_in() -> None:
    """One record a step, so that each step is as much smaller."""
    llama = base_model("llama3-1-8b")

    assert learning_parameters(llama, effective_hyper_parameters(llama, {"learningRate": "0.0002"})) == HyperParameters(
        epochs=5,
        batch_size=1,
        learning_rate_multiplier=2 / 32,
        early_stopping_threshold=0,
        early_stopping_patience=5,
    )


def prompts(count: int) -> bytes:
    lines = ({"prompt": f"Answer briefly.\n\nquestion {n}?", "completion": f"answer {n}"} for n in range(count))
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


OF_LLAMA = {
    "baseModelIdentifier": "meta.llama3-1-8b-instruct-v1:0:128k",
    "hyperParameters": {"epochCount": "2", "batchSize": "1", "learningRate": "0.0001"},
}


def test_llama_learns_of_prompts_and_completions_and_writes_perplexities(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, s3: "S3Client"
) -> None:
    s3.put_object(Bucket="data", Key="training.jsonl", Body=prompts(100))
    s3.put_object(Bucket="data", Key="validation.jsonl", Body=prompts(1))
    arn = create_job(**OF_LLAMA)
    clock.sleep(2 * HOUR)

    assert client.get_model_customization_job(jobIdentifier=arn)["status"] == "Completed"
    validation = "validation_artifacts/post_fine_tuning_validation/validation_metrics.csv"
    rows = list(
        csv.DictReader(io.StringIO(text_of(s3, f"runs/1/job/model-customization-job-{arn[-12:]}/{validation}")))
    )
    assert [row["validation_loss"] for row in rows] == ["3.0", "1.5"]
    assert [float(row["perplexity"]) for row in rows] == [math.exp(3), math.exp(1.5)]


@pytest.mark.parametrize(
    ("training", "complaint"),
    [
        (prompts(99), "training data has 99 records; allowed are 100 to 10000"),
        ("\n".join([GOOD_LINE] * 100).encode(), r"malformed: line 1: missing keys \['completion', 'prompt'\]"),
        (prompts(100) + b'{"prompt": "x", "completion": " "}\n', "malformed: line 101: empty text"),
    ],
)
def test_llama_refuses_another_format_and_too_few_records(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, s3: "S3Client", training: bytes, complaint: str
) -> None:
    s3.put_object(Bucket="data", Key="training.jsonl", Body=training)
    s3.put_object(Bucket="data", Key="validation.jsonl", Body=prompts(1))
    create_job(**OF_LLAMA)
    clock.sleep(2 * HOUR)

    job = client.get_model_customization_job(jobIdentifier="ft-job-1")
    assert job["status"] == "Failed"
    assert re.search(complaint, job["failureMessage"])


def test_hyperparameters_of_nova_in_the_terms_of_the_stand_in() -> None:
    """No early stopping, and a learning rate that is absolute."""
    nova = base_model("nova-lite")
    given = {"epochCount": "4", "learningRate": "5e-6"}

    assert learning_parameters(nova, effective_hyper_parameters(nova, given)) == HyperParameters(
        epochs=4,
        batch_size=32,
        learning_rate_multiplier=0.5,
        early_stopping_threshold=0,
        early_stopping_patience=4,
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"trainingDataConfig": {"s3Uri": "s3://data/missing.jsonl"}}, "GetObject.*key missing.jsonl: NoSuchKey"),
        ({"trainingDataConfig": {"s3Uri": "s3://nowhere/training.jsonl"}}, "GetObject.*NoSuchBucket"),
        ({"outputDataConfig": {"s3Uri": "s3://nowhere/"}}, "PutObject.*NoSuchBucket"),
        ({"baseModelIdentifier": "anthropic.claude-3-haiku-20240307-v1:0"}, "cannot be customized"),
        ({"baseModelIdentifier": "amazon.nova-lite-v1:0:300k"}, "cannot be customized in us-west-2"),
        ({"roleArn": "arn:aws:iam::123456789012:role/nobody"}, "could not assume.*NoSuchEntity"),
        ({"jobName": "job name"}, "jobName.*regular expression"),
        ({"trainingDataConfig": {"s3Uri": "s3://data/a b.jsonl"}}, "trainingDataConfig.s3Uri.*regular expression"),
    ],
)
def test_what_is_refused_at_once(
    create_job: CreateJob, client: "BedrockClient", changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(client.exceptions.ValidationException, match=complaint):
        create_job(**changes)

    assert client.list_model_customization_jobs()["modelCustomizationJobSummaries"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"Effect": "Deny"},
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Principal": {"AWS": "*"}},
        {"Action": "sts:TagSession"},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "999999999999"}}},
        {"Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:bedrock:us-west-2:123456789012:evaluation-job/*"}}},
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
    ],
)
def test_a_role_must_trust_bedrock_for_this_job(
    create_job: CreateJob, client: "BedrockClient", role: str, changes: dict[str, Any]
) -> None:
    iam = boto3.client("iam")
    name = role.rpartition("/")[2]
    policy: Any = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    changed = {**policy, "Statement": [{**policy["Statement"], **changes}]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(changed))

    with pytest.raises(client.exceptions.ValidationException, match="its trust policy does not allow"):
        create_job()


@pytest.mark.parametrize(
    "changes",
    [
        {"customizationType": "DISTILLATION"},
        {"customModelKmsKeyId": "alias/key"},
        {"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}},
    ],
)
def test_what_is_not_emulated_says_so(create_job: CreateJob, changes: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="is not emulated"):
        create_job(**changes)


def test_a_legacy_model_takes_no_new_jobs(create_job: CreateJob, client: "BedrockClient", clock: Clock) -> None:
    clock.sleep((datetime(2026, 3, 10, tzinfo=UTC) - clock.now()).total_seconds())

    with pytest.raises(client.exceptions.ValidationException, match="Legacy"):
        create_job()


def test_a_job_whose_metrics_cannot_be_written_fails(
    create_job: CreateJob, client: "BedrockClient", clock: Clock, s3: "S3Client"
) -> None:
    arn = create_job()
    s3.delete_object(Bucket="results", Key="runs/1/job/.write_access_check_file.tmp")
    s3.delete_bucket(Bucket="results")
    clock.sleep(2 * HOUR)

    job = client.get_model_customization_job(jobIdentifier=arn)

    assert job["status"] == "Failed"
    assert "NoSuchBucket" in job["failureMessage"]


def test_tags_of_a_job_and_its_model(create_job: CreateJob, client: "BedrockClient", clock: Clock) -> None:
    arn = create_job(jobTags=[{"key": "app", "value": "a"}], customModelTags=[{"key": "app", "value": "b"}])
    clock.sleep(2 * HOUR)
    model = client.get_model_customization_job(jobIdentifier=arn)["outputModelArn"]

    client.tag_resource(resourceARN=arn, tags=[{"key": "run", "value": "1"}])
    client.untag_resource(resourceARN=model, tagKeys=["app", "missing"])

    assert client.list_tags_for_resource(resourceARN=arn)["tags"] == [
        {"key": "app", "value": "a"},
        {"key": "run", "value": "1"},
    ]
    assert client.list_tags_for_resource(resourceARN=model)["tags"] == []
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_tags_for_resource(resourceARN=arn[:-1] + "z")


def test_too_many_tags(create_job: CreateJob, client: "BedrockClient") -> None:
    with pytest.raises(client.exceptions.TooManyTagsException):
        create_job(jobTags=[{"key": f"k{n}", "value": ""} for n in range(51)])
