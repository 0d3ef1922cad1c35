"""A model customization job and how the API shows it. Its status is a function of the virtual time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from finetuning.base_models import BaseModel

from local.bedrock.job_files import JobData
from local.bedrock.service_model import Document


class Status(Enum):
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


@dataclass
class Job:
    """request: the parameters it was created with. failure: why it fails when its time ends.

    stop_requested_at, stopped_at: when it was told to stop, and when it does.
    custom_model_arn, metrics: once it has learnt.
    """

    id: str
    arn: str
    request: Document
    base_model: BaseModel
    base_model_arn: str
    hyper_parameters: Mapping[str, str]
    data: JobData
    model_tags: Mapping[str, str]
    created_at: datetime
    ends_at: datetime
    failure: str | None
    stop_requested_at: datetime | None = None
    stopped_at: datetime | None = None
    custom_model_arn: str | None = None
    metrics: Document | None = None

    @property
    def name(self) -> str:
        return str(self.request["jobName"])

    @property
    def custom_model_name(self) -> str:
        return str(self.request["customModelName"])

    @property
    def output_uri(self) -> str:
        return str(self.request["outputDataConfig"]["s3Uri"])

    def status(self, now: datetime) -> Status:
        if self.stopped_at is not None:
            return Status.STOPPING if now < self.stopped_at else Status.STOPPED
        if now < self.ends_at:
            return Status.IN_PROGRESS
        return Status.FAILED if self.failure else Status.COMPLETED

    def model_description(self) -> Document:
        """What a job and its custom model both show."""
        return {
            "baseModelArn": self.base_model_arn,
            "customizationType": "FINE_TUNING",
            "hyperParameters": dict(self.hyper_parameters),
            "trainingDataConfig": self.request["trainingDataConfig"],
            "validationDataConfig": self.request.get("validationDataConfig", {"validators": []}),
            "outputDataConfig": self.request["outputDataConfig"],
            **(self.metrics or {}),
        }

    def details(self, now: datetime) -> Document:
        details = {
            **self._progress(now),
            **self.model_description(),
            "roleArn": self.request["roleArn"],
            "outputModelName": self.custom_model_name,
        }
        if "clientRequestToken" in self.request:
            details["clientRequestToken"] = self.request["clientRequestToken"]
        if self.status(now) is Status.FAILED:
            details["failureMessage"] = self.failure
        if self.custom_model_arn is not None:
            details["outputModelArn"] = self.custom_model_arn
        return details

    def summary(self, now: datetime) -> Document:
        summary = {
            **self._progress(now),
            "baseModelArn": self.base_model_arn,
            "customizationType": "FINE_TUNING",
            "customModelName": self.custom_model_name,
        }
        if self.custom_model_arn is not None:
            summary["customModelArn"] = self.custom_model_arn
        return summary

    def _progress(self, now: datetime) -> dict[str, Any]:
        ends_at = self.stopped_at or self.ends_at
        end = {"endTime": ends_at} if now >= ends_at else {}
        return {
            "jobArn": self.arn,
            "jobName": self.name,
            "status": self.status(now).value,
            "creationTime": self.created_at,
            "lastModifiedTime": end.get("endTime") or self.stop_requested_at or self.created_at,
            **end,
        }
