"""The customization job, against a Bedrock that loses responses, refuses and takes its time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import get_customization_job
import pytest
import start_customization_job
import stop_customization_job
from botocore.exceptions import ClientError, ReadTimeoutError
from finetuning.base_models import base_model
from finetuning.customization import MAX_JOB_DURATION, JobRequest, JobStatus, find_completed, get, start, stop
from finetuning.errors import CustomizationJobError, TransientError
from finetuning.run_config import configure

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient

CREATED = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
ARN = "arn:aws:bedrock:us-west-2:123456789012:model-customization-job/anthropic.model/abc"
CUSTOM_MODEL = "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.model/abc"
REQUEST = JobRequest(
    name="claude-3-haiku-ft-job-first-run",
    custom_model_name="claude-3-haiku-ft-model-first-run",
    role_arn="arn:aws:iam::123456789012:role/claude-3-haiku-ft-role",
    base_model_id="anthropic.claude-3-haiku-20240307-v1:0:200k",
    training_uri="s3://results/runs/first-run/dataset/training.jsonl",
    validation_uri="s3://results/runs/first-run/dataset/validation.jsonl",
    output_uri="s3://results/runs/first-run/job/",
    hyper_parameters={"epochCount": "10"},
    execution_arn="arn:aws:states:us-west-2:123456789012:execution:experiment:first-run",
)

OUTPUT = {"outputModelArn": CUSTOM_MODEL, "outputDataConfig": {"s3Uri": REQUEST.output_uri}}

AwsError = Callable[..., ClientError]


@dataclass
class FakeBedrock:
    """Jobs by name. `token_is_enough`: whether a repeated create answers the first ARN, which is not documented."""

    error: AwsError
    exceptions: object
    token_is_enough: bool = True
    lost_responses: int = 0
    ended_before_stop: bool = False
    refusal: str | None = None
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def client(self) -> "BedrockClient":
        return cast("BedrockClient", self)

    def create_model_customization_job(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        if self.refusal:
            raise self.error("bedrock", self.refusal, "No.")
        job = self.jobs.get(request["jobName"])
        if job is not None and not (self.token_is_enough and job["token"] == request["clientRequestToken"]):
            raise self.error("bedrock", "ConflictException", "The job name is taken.")
        if job is None:
            job = {"jobArn": f"{ARN}{len(self.jobs)}", "status": "InProgress", "creationTime": CREATED}
            self.jobs[request["jobName"]] = job | {"token": request["clientRequestToken"], "request": request}
        if self.lost_responses:
            self.lost_responses -= 1
            raise ReadTimeoutError(endpoint_url="https://bedrock")
        return {"jobArn": job["jobArn"]}

    def get_model_customization_job(self, *, jobIdentifier: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's name
        for name, job in self.jobs.items():
            if jobIdentifier in (name, job["jobArn"]):
                return job
        raise self.error("bedrock", "ResourceNotFoundException")

    def stop_model_customization_job(self, *, jobIdentifier: str) -> None:  # noqa: N803 - boto3's name
        job = self.jobs[jobIdentifier]
        if self.ended_before_stop:
            job["status"] = "Completed"
            raise self.error("bedrock", "ConflictException", "The job has ended.")
        job["status"] = "Stopping"


@pytest.fixture
def bedrock(aws_error: AwsError, aws_exceptions: Callable[[str], object]) -> FakeBedrock:
    return FakeBedrock(aws_error, aws_exceptions("bedrock"))


def running(bedrock: FakeBedrock, **job: object) -> str:
    """Its name."""
    bedrock.jobs["a-job"] = {"jobArn": ARN, "status": "InProgress", "creationTime": CREATED, **job}
    return "a-job"


def test_a_job_is_asked_for_with_everything_that_makes_it_this_runs(bedrock: FakeBedrock) -> None:
    job = start(bedrock.client, REQUEST)

    asked = bedrock.jobs[REQUEST.name]["request"]
    assert job.status is JobStatus.IN_PROGRESS
    assert asked["customizationType"] == "FINE_TUNING"
    assert asked["hyperParameters"] == {"epochCount": "10"}
    assert asked["validationDataConfig"] == {"validators": [{"s3Uri": REQUEST.validation_uri}]}
    assert {"key": "bedrock-ft:execution-arn", "value": REQUEST.execution_arn} in asked["jobTags"]
    assert asked["jobTags"] == asked["customModelTags"]


@pytest.mark.parametrize("token_is_enough", [True, False])
def test_a_job_whose_response_was_lost_is_found_and_no_second_one_made(
    bedrock: FakeBedrock, token_is_enough: bool
) -> None:
    # given
    bedrock.token_is_enough, bedrock.lost_responses = token_is_enough, 1
    with pytest.raises(ReadTimeoutError):
        start(bedrock.client, REQUEST)

    # when the task is tried again
    job = start(bedrock.client, REQUEST)

    assert [made["jobArn"] for made in bedrock.jobs.values()] == [job.arn]


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ServiceQuotaExceededException"])
def test_a_refused_job_says_what_bedrock_said(bedrock: FakeBedrock, code: str) -> None:
    bedrock.refusal = code

    with pytest.raises(ClientError, match=code):
        start(bedrock.client, REQUEST)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("InProgress", JobStatus.IN_PROGRESS),
        ("Completed", JobStatus.COMPLETED),
        ("Failed", "is Failed: The training data is malformed. Mend the cause"),
        ("Stopping", "is Stopping: The training data is malformed."),
        ("Stopped", "is Stopped: The training data is malformed."),
    ],
)
def test_every_status_has_its_outcome(bedrock: FakeBedrock, status: str, outcome: str) -> None:
    running(bedrock, status=status, **OUTPUT, failureMessage="The training data is malformed")

    if isinstance(outcome, JobStatus):
        assert get(bedrock.client, ARN, CREATED).status is outcome
    else:
        with pytest.raises(CustomizationJobError, match=outcome):
            get(bedrock.client, ARN, CREATED)


def test_every_status_that_bedrock_documents_is_known() -> None:
    shape = botocore.session.get_session().get_service_model("bedrock").shape_for("ModelCustomizationJobStatus")
    assert set(shape.metadata["enum"]) == {status.value for status in JobStatus}


def test_a_failure_without_a_message_says_so(bedrock: FakeBedrock) -> None:
    running(bedrock, status="Failed")

    with pytest.raises(CustomizationJobError, match="Bedrock gave no reason"):
        get(bedrock.client, ARN, CREATED)


def test_a_completed_job_gives_its_custom_model_and_times(bedrock: FakeBedrock) -> None:
    ended = CREATED + timedelta(hours=2)
    running(bedrock, status="Completed", **OUTPUT, endTime=ended)

    job = get(bedrock.client, ARN, ended + timedelta(seconds=90)).to_json()

    assert job["customModelArn"] == CUSTOM_MODEL
    assert job["createdAt"] == "2026-02-01T09:00:00+00:00"
    assert job["endedAt"] == "2026-02-01T11:00:00+00:00"


@pytest.mark.parametrize("status", ["Failed", "Stopping", "Stopped"])
def test_an_earlier_runs_job_that_trained_nothing_is_not_gone_on_from(bedrock: FakeBedrock, status: str) -> None:
    assert find_completed(bedrock.client, running(bedrock, status=status)) is None
    assert find_completed(bedrock.client, "never-started") is None


def test_an_earlier_runs_completed_job_gives_its_model_and_where_its_output_is(bedrock: FakeBedrock) -> None:
    job = find_completed(bedrock.client, running(bedrock, status="Completed", **OUTPUT, endTime=CREATED))

    assert job is not None
    assert (job.custom_model_arn, job.output_uri, job.wait_seconds) == (CUSTOM_MODEL, REQUEST.output_uri, 0)


def test_an_earlier_runs_job_that_still_runs_is_not_trained_a_second_time(bedrock: FakeBedrock) -> None:
    with pytest.raises(CustomizationJobError, match="of the earlier run is still in progress"):
        find_completed(bedrock.client, running(bedrock))


def test_a_job_has_so_long_and_no_longer(bedrock: FakeBedrock) -> None:
    running(bedrock)
    limit = CREATED + MAX_JOB_DURATION

    assert get(bedrock.client, ARN, limit).status is JobStatus.IN_PROGRESS
    with pytest.raises(CustomizationJobError, match="is still in progress after 1 day, 12:00:00; it is being stopped"):
        get(bedrock.client, ARN, limit + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("status", "after"),
    [
        ("InProgress", JobStatus.STOPPING),
        ("Stopping", JobStatus.STOPPING),
        ("Stopped", JobStatus.STOPPED),
        ("Completed", JobStatus.COMPLETED),
        ("Failed", JobStatus.FAILED),
    ],
)
def test_stopping_a_job_stops_what_runs_and_leaves_what_has_ended(
    bedrock: FakeBedrock, status: str, after: JobStatus
) -> None:
    name = running(bedrock, status=status)

    assert stop(bedrock.client, name) is after
    assert bedrock.jobs[name]["status"] == after.value


def test_stopping_where_there_is_no_job_is_done_already(bedrock: FakeBedrock) -> None:
    assert stop(bedrock.client, "never-started") is None


def test_a_job_that_ends_just_before_it_is_stopped_is_no_failure(bedrock: FakeBedrock) -> None:
    bedrock.ended_before_stop = True

    assert stop(bedrock.client, running(bedrock)) is JobStatus.COMPLETED


Invoke = Callable[..., Mapping[str, Any]]


def test_the_handlers_start_follow_and_stop_one_and_the_same_job(
    bedrock: FakeBedrock, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run whose first create gets no answer
    monkeypatch.setenv("SERVICE_ROLE_ARN", REQUEST.role_arn)
    shipped = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
    run = configure({}, base_model("claude-3-haiku"), shipped, "data", "2026-02-01T09:00:00+00:00")
    bedrock.lost_responses = 1
    with pytest.raises(TransientError, match="ReadTimeoutError"):
        invoke(start_customization_job.handler, {"run": run.to_json()}, bedrock=bedrock)

    # when it is tried again, looked at, and stopped by a failure
    job = invoke(start_customization_job.handler, {"run": run.to_json()}, bedrock=bedrock)
    looked_at = invoke(get_customization_job.handler, {"job": job}, bedrock=bedrock)
    stopped = invoke(stop_customization_job.handler, {}, bedrock=bedrock)

    (made,) = bedrock.jobs.values()
    assert made["request"]["trainingDataConfig"] == {"s3Uri": "s3://results/runs/first-run/dataset/training.jsonl"}
    assert made["request"]["outputDataConfig"] == {"s3Uri": "s3://results/runs/first-run/job/"}
    assert job["arn"] == looked_at["arn"] == made["jobArn"]
    assert looked_at["status"] == "InProgress"
    assert looked_at["waitSeconds"] > 0
    assert stopped == {"status": "Stopping"}
