"""The parts of the service `bedrock`, put together."""

from collections.abc import Mapping
from functools import cache

import boto3

from local.bedrock.account import Account
from local.bedrock.custom_model_deployments import CustomModelDeployments, Deployment
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.customization_jobs import CustomizationJobs
from local.bedrock.endpoint import Operation
from local.bedrock.foundation_models import FoundationModels
from local.bedrock.models import Models
from local.bedrock.provisioned_throughput import ProvisionedThroughputs, Throughput
from local.bedrock.service_model import Document
from local.bedrock.settings import Settings
from local.bedrock.tags import Tags


@cache
def _session() -> boto3.Session:
    """One for all: each reads the descriptions of AWS's services anew, which takes as long as a whole execution."""
    return boto3.Session()


class ControlPlane:
    def __init__(self, account: Account, settings: Settings, models: Models) -> None:
        self.throughputs_ever_created: list[Throughput] = []
        self.deployments_ever_created: list[Deployment] = []
        self.tags = tags = Tags()
        self.foundation_models = FoundationModels(account)
        self._custom_models = custom_models = CustomModels(account, tags, is_served=self._is_served)
        self.throughputs = ProvisionedThroughputs(
            account,
            settings,
            hosts=self.throughputs_ever_created,
            foundation_models=self.foundation_models,
            custom_models=custom_models,
            tags=tags,
        )
        self.deployments = CustomModelDeployments(
            account, settings, hosts=self.deployments_ever_created, custom_models=custom_models, tags=tags
        )
        self._account = account
        self.jobs = CustomizationJobs(
            account,
            settings,
            foundation_models=self.foundation_models,
            custom_models=custom_models,
            tags=tags,
            models=models,
            s3=_session().client("s3", region_name=account.region),
            iam=_session().client("iam", region_name=account.region),
        )
        parts = (self.foundation_models, self.jobs, custom_models, self.throughputs, self.deployments, tags)
        self.operations: Mapping[str, Operation] = {
            name: self._settled(operation) for part in parts for name, operation in part.operations.items()
        }

    def arn(self, identifier: str) -> str | None:
        """Of a job, custom model, throughput or deployment that there is, by name or ARN."""
        parts = (self.jobs, self._custom_models, self.throughputs, self.deployments)
        found = (part.find(identifier) for part in parts)
        return next((each.arn for each in found if each is not None), None)

    def _settled(self, operation: Operation) -> Operation:
        """Nobody sees a job that should have ended and has not."""

        def perform(parameters: Document) -> Document:
            self.jobs.settle()
            return operation(parameters)

        return perform

    def _is_served(self, model: CustomModel) -> bool:
        now = self._account.clock.now()
        hosts = (*self.throughputs_ever_created, *self.deployments_ever_created)
        return any(each.custom_model is model and not each.is_gone(now) for each in hosts)
