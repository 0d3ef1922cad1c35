"""Model customization jobs: checked as Bedrock checks them, and learning when their time has come."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from finetuning.base_models import BaseModel

from local.bedrock.account import Account, resource_id
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.errors import AwsError, NotEmulatedError, not_found, validation_error
from local.bedrock.foundation_models import FoundationModels
from local.bedrock.hyper_parameters import effective_hyper_parameters, learning_parameters
from local.bedrock.job import Job, Status
from local.bedrock.job_files import check_output, read_job_data, write_metrics
from local.bedrock.listing import page
from local.bedrock.models import Models
from local.bedrock.request_tokens import RequestTokens
from local.bedrock.service_model import Document
from local.bedrock.service_role import check_service_role
from local.bedrock.settings import Settings
from local.bedrock.tags import Tags, checked_tags

if TYPE_CHECKING:
    from types_boto3_iam.client import IAMClient
    from types_boto3_s3.client import S3Client

_NOT_EMULATED = ("customModelKmsKeyId", "vpcConfig", "customizationConfig")


class CustomizationJobs:
    def __init__(
        self,
        account: Account,
        settings: Settings,
        *,
        foundation_models: FoundationModels,
        custom_models: CustomModels,
        tags: Tags,
        models: Models,
        s3: "S3Client",
        iam: "IAMClient",
    ) -> None:
        self._account = account
        self._settings = settings
        self._foundation_models = foundation_models
        self._custom_models = custom_models
        self._tags = tags
        self._models = models
        self._s3 = s3
        self._iam = iam
        self._tokens: RequestTokens[Job] = RequestTokens(settings, misuse="ConflictException")
        self._jobs: list[Job] = []
        self.operations = {
            "CreateModelCustomizationJob": self._create,
            "GetModelCustomizationJob": self._get,
            "ListModelCustomizationJobs": self._list,
            "StopModelCustomizationJob": self._stop,
        }

    def settle(self) -> None:
        """Let every job learn whose time has come. Late, so that a stopped job never does."""
        for job in self._jobs:
            if job.custom_model_arn is None and job.status(self._now()) is Status.COMPLETED:
                self._complete(job)

    def _complete(self, job: Job) -> None:
        learning = learning_parameters(job.base_model, job.hyper_parameters)
        learnt = self._models.train(job.data.training, job.data.validation, learning, self._settings.seed)
        try:
            write_metrics(self._s3, job.output_uri, job.id, job.base_model, learnt)
        except ClientError as error:
            job.failure = f"The metrics could not be written to {job.output_uri}: {error}"
            return
        job.metrics = {
            "trainingMetrics": {"trainingLoss": learnt.steps[-1].training_loss},
            "validationMetrics": [{"validationLoss": each.validation_loss} for each in learnt.epochs[-1:]],
        }
        model_path = f"custom-model/{job.base_model.customization_id}/{resource_id('custom-model', job.arn)}"
        job.custom_model_arn = self._account.arn(model_path)
        custom_model = CustomModel(
            name=job.custom_model_name,
            arn=job.custom_model_arn,
            base_model=job.base_model,
            model=learnt.model,
            created_at=job.ends_at,
            description={"jobName": job.name, "jobArn": job.arn, **job.model_description()},
        )
        self._custom_models.add(custom_model, job.model_tags)

    def _create(self, request: Document) -> Document:
        earlier = self._tokens.earlier(request)
        if earlier is not None:
            return {"jobArn": earlier.arn}
        _refuse_what_is_not_emulated(request)
        self._check_names(request)
        base_model = self._customizable(request["baseModelIdentifier"])
        hyper_parameters = effective_hyper_parameters(base_model, request.get("hyperParameters", {}))
        job_tags = checked_tags(request.get("jobTags", []))
        job = self._job(request, base_model, hyper_parameters)
        check_output(self._s3, job.output_uri)
        self._jobs.append(job)
        self._tags.attach(job.arn, job_tags)
        self._tokens.remember(request, job)
        return {"jobArn": job.arn}

    def _job(self, request: Document, base_model: BaseModel, hyper_parameters: Mapping[str, str]) -> Job:
        """Raises ValidationException if Bedrock cannot assume the role or read the data."""
        job_id = resource_id("model-customization-job", request["jobName"])
        arn = self._account.arn(f"model-customization-job/{base_model.customization_id}/{job_id}")
        check_service_role(self._iam, request["roleArn"], source_account=self._account.id, source_arn=arn)
        validators = request.get("validationDataConfig", {}).get("validators", [])
        data = read_job_data(
            self._s3,
            training_uri=request["trainingDataConfig"]["s3Uri"],
            validation_uris=[each["s3Uri"] for each in validators],
            base_model=base_model,
        )
        duration = self._settings.data_check_duration if data.problem else self._settings.job_duration
        return Job(
            id=job_id,
            arn=arn,
            request=request,
            base_model=base_model,
            base_model_arn=self._account.foundation_model_arn(base_model.customization_id),
            hyper_parameters=hyper_parameters,
            data=data,
            model_tags=checked_tags(request.get("customModelTags", [])),
            created_at=self._now(),
            ends_at=self._now() + duration,
            failure=data.problem,
        )

    def _check_names(self, request: Document) -> None:
        if any(job.name == request["jobName"] for job in self._jobs):
            raise AwsError("ConflictException", f"The job name {request['jobName']} is in use.")
        name = request["customModelName"]
        promised = any(
            job.custom_model_name == name and job.status(self._now()) is Status.IN_PROGRESS for job in self._jobs
        )
        if promised or self._custom_models.find(name) is not None:
            raise AwsError("ConflictException", f"The custom model name {name} is in use.")

    def _customizable(self, identifier: str) -> BaseModel:
        model = self._foundation_models.find(identifier)
        if model is None or model.base_model is None:
            raise validation_error(f"The model {identifier} cannot be customized in {self._account.region}.")
        if model.lifecycle.is_legacy(self._now().date()):
            raise validation_error(f"The model {identifier} is Legacy and takes no new customization jobs.")
        return model.base_model

    def find(self, identifier: str) -> Job | None:
        """By name or ARN."""
        return next((job for job in self._jobs if identifier in (job.name, job.arn)), None)

    def _existing(self, parameters: Document) -> Job:
        identifier = parameters["jobIdentifier"]
        job = self.find(identifier)
        if job is None:
            raise not_found(f"The model customization job {identifier} does not exist.")
        return job

    def _get(self, parameters: Document) -> Document:
        return self._existing(parameters).details(self._now())

    def _list(self, parameters: Document) -> Document:
        now = self._now()
        wanted = parameters.get("statusEquals")
        jobs, more = page([job for job in self._jobs if wanted in (None, job.status(now).value)], parameters)
        return {"modelCustomizationJobSummaries": [job.summary(now) for job in jobs], **more}

    def _stop(self, parameters: Document) -> Document:
        job = self._existing(parameters)
        status = job.status(self._now())
        if status is not Status.IN_PROGRESS:
            raise AwsError("ConflictException", f"The job {job.name} is {status.value} and cannot be stopped.")
        job.stop_requested_at = self._now()
        job.stopped_at = self._now() + self._settings.stopping_duration
        return {}

    def _now(self) -> datetime:
        return self._account.clock.now()


def _refuse_what_is_not_emulated(request: Document) -> None:
    for member in _NOT_EMULATED:
        if member in request:
            raise NotEmulatedError(f"CreateModelCustomizationJob with {member}")
    if request.get("customizationType", "FINE_TUNING") != "FINE_TUNING":
        raise NotEmulatedError(f"customization type {request['customizationType']}")
    if "s3Uri" not in request["trainingDataConfig"]:
        raise NotEmulatedError("training data other than trainingDataConfig.s3Uri")
