"""The model customization job: started once, found again by its name, followed to its end."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from finetuning.errors import CustomizationJobError
from finetuning.json_names import camel_keys
from finetuning.names import client_request_token
from finetuning.polling import JOB, wait_seconds
from finetuning.tags import owner_tags

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_bedrock.type_defs import GetModelCustomizationJobResponseTypeDef

# A job of 85 records took two hours; one of 10,000 may take far longer. While a job waits nothing else is paid.
MAX_JOB_DURATION = timedelta(hours=36)


class JobStatus(StrEnum):
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class JobRequest:
    """What CreateModelCustomizationJob needs to know; URIs are S3's."""

    name: str
    custom_model_name: str
    role_arn: str
    base_model_id: str
    training_uri: str
    validation_uri: str
    output_uri: str
    hyper_parameters: Mapping[str, str]
    execution_arn: str


@dataclass(frozen=True)
class Job:
    """A job as the state machine sees it: times in ISO 8601, what is not known yet None."""

    arn: str
    status: JobStatus
    custom_model_arn: str | None = None
    created_at: str | None = None
    ended_at: str | None = None
    output_uri: str | None = None
    wait_seconds: int = wait_seconds(timedelta(0), JOB)

    def to_json(self) -> dict[str, Any]:
        return camel_keys(asdict(self))


def start(bedrock: "BedrockClient", request: JobRequest) -> Job:
    """Create the job, or find the one that an earlier attempt of this execution created.

    A repeated call with the same token is ignored by Bedrock; a name that is taken answers ConflictException.
    """
    tags = owner_tags(request.execution_arn)
    try:
        arn = bedrock.create_model_customization_job(
            jobName=request.name,
            customModelName=request.custom_model_name,
            roleArn=request.role_arn,
            clientRequestToken=client_request_token(request.name, request.execution_arn),
            baseModelIdentifier=request.base_model_id,
            customizationType="FINE_TUNING",
            jobTags=tags,
            customModelTags=tags,
            trainingDataConfig={"s3Uri": request.training_uri},
            validationDataConfig={"validators": [{"s3Uri": request.validation_uri}]},
            outputDataConfig={"s3Uri": request.output_uri},
            hyperParameters=dict(request.hyper_parameters),
        )["jobArn"]
    except bedrock.exceptions.ConflictException:
        arn = bedrock.get_model_customization_job(jobIdentifier=request.name)["jobArn"]
    return Job(arn, JobStatus.IN_PROGRESS)


def find_completed(bedrock: "BedrockClient", name: str) -> Job | None:
    """The job of that name, of an earlier run, where it completed: what it trained is used instead of training again.

    Raises CustomizationJobError where it may still complete: a second job would train the same, at the same price.
    """
    try:
        found = bedrock.get_model_customization_job(jobIdentifier=name)
    except bedrock.exceptions.ResourceNotFoundException:
        return None
    status = JobStatus(found["status"])
    if status is JobStatus.IN_PROGRESS:
        raise CustomizationJobError(
            f"The customization job {found['jobArn']} of the earlier run is still in progress. Start this execution "
            "again when it has ended, or stop the job."
        )
    return _completed(found) if status is JobStatus.COMPLETED else None


def get(bedrock: "BedrockClient", arn: str, now: datetime) -> Job:
    """The job's present status. Raises CustomizationJobError where it cannot complete any more, or takes too long."""
    found = bedrock.get_model_customization_job(jobIdentifier=arn)
    status = JobStatus(found["status"])
    if status is JobStatus.COMPLETED:
        return _completed(found)
    if status is not JobStatus.IN_PROGRESS:
        reason = found.get("failureMessage") or "Bedrock gave no reason"
        raise CustomizationJobError(
            f"The customization job {arn} is {status}: {reason}. Mend the cause and start a new execution."
        )
    if now - found["creationTime"] > MAX_JOB_DURATION:
        raise CustomizationJobError(
            f"The customization job {arn} is still in progress after {MAX_JOB_DURATION}; it is being stopped. "
            "Use less training data or fewer epochs."
        )
    age = now - found["creationTime"]
    return Job(arn, status, created_at=found["creationTime"].isoformat(), wait_seconds=wait_seconds(age, JOB))


def _completed(found: "GetModelCustomizationJobResponseTypeDef") -> Job:
    return Job(
        arn=found["jobArn"],
        status=JobStatus.COMPLETED,
        custom_model_arn=found["outputModelArn"],
        created_at=found["creationTime"].isoformat(),
        ended_at=found["endTime"].isoformat() if "endTime" in found else None,
        output_uri=found["outputDataConfig"]["s3Uri"],
        wait_seconds=0,
    )


def stop(bedrock: "BedrockClient", name: str) -> JobStatus | None:
    """Stop the job of that name if it runs, since it bills by tokens; None where there is no such job."""
    try:
        status = JobStatus(bedrock.get_model_customization_job(jobIdentifier=name)["status"])
    except bedrock.exceptions.ResourceNotFoundException:
        return None
    if status is not JobStatus.IN_PROGRESS:
        return status
    try:
        bedrock.stop_model_customization_job(jobIdentifier=name)
    except bedrock.exceptions.ConflictException:
        # It has ended since.
        return JobStatus(bedrock.get_model_customization_job(jobIdentifier=name)["status"])
    return JobStatus.STOPPING
