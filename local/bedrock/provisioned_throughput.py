"""Provisioned Throughput without commitment: what costs money by the hour. Its status is a function of virtual time."""

from dataclasses import dataclass
from datetime import datetime

from finetuning.base_models import Hosting

from local.bedrock.account import Account, resource_id
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.errors import AwsError, NotEmulatedError
from local.bedrock.foundation_models import FoundationModels
from local.bedrock.hosts import Host, Hosts
from local.bedrock.listing import page
from local.bedrock.service_model import Document
from local.bedrock.settings import Settings
from local.bedrock.tags import Tags


@dataclass
class Throughput(Host):
    model_units: int = 1

    def description(self, now: datetime, foundation_model_arn: str) -> Document:
        return {
            "provisionedModelName": self.name,
            "provisionedModelArn": self.arn,
            "modelArn": self.custom_model.arn,
            "desiredModelArn": self.custom_model.arn,
            "foundationModelArn": foundation_model_arn,
            "modelUnits": self.model_units,
            "desiredModelUnits": self.model_units,
            "status": self.status(now),
            "creationTime": self.created_at,
            "lastModifiedTime": self.created_at if self.is_creating(now) else self.in_service_at,
        }

    def status(self, now: datetime) -> str:
        return "Creating" if self.is_creating(now) else "InService"


class ProvisionedThroughputs(Hosts[Throughput]):
    called = "Provisioned Throughput"
    hosting: Hosting = "provisionedThroughput"

    def __init__(
        self,
        account: Account,
        settings: Settings,
        *,
        hosts: list[Throughput],
        foundation_models: FoundationModels,
        custom_models: CustomModels,
        tags: Tags,
    ) -> None:
        super().__init__(account, settings, hosts=hosts, custom_models=custom_models, tags=tags)
        self._foundation_models = foundation_models
        self.operations = {
            "CreateProvisionedModelThroughput": self._create,
            "GetProvisionedModelThroughput": self._get,
            "ListProvisionedModelThroughputs": self._list,
            "DeleteProvisionedModelThroughput": self._delete,
        }

    def _create(self, request: Document) -> Document:
        earlier = self._tokens.earlier(request)
        if earlier is not None:
            return {"provisionedModelArn": earlier.arn}
        if "commitmentDuration" in request:
            raise NotEmulatedError("Provisioned Throughput with a commitment")
        name, identifier = request["provisionedModelName"], request["modelId"]
        found = self._custom_models.find(identifier)
        if found is None and self._foundation_models.find(identifier) is not None:
            raise NotEmulatedError("Provisioned Throughput of a base model")
        model = self._servable(found, identifier)
        self._check_name(name)
        self._check_quota(request["modelUnits"], model)
        now = self._account.clock.now()
        throughput = Throughput(
            name=name,
            arn=self._account.arn(f"provisioned-model/{resource_id(name, str(len(self._hosts)))}"),
            custom_model=model,
            created_at=now,
            in_service_at=now + self._settings.throughput_creation,
            model_units=request["modelUnits"],
        )
        self._add(throughput, request)
        return {"provisionedModelArn": throughput.arn}

    def _check_quota(self, wanted: int, model: CustomModel) -> None:
        quota = self._settings.model_units
        used = sum(each.model_units for each in self._present())
        if used + wanted <= quota:
            return
        reason = (
            "Your account does not currently have any no commitment model units reserved for "
            f"{model.base_model.name}. Request a quota increase."
            if quota == 0
            else f"The quota of {quota} no commitment model units is exceeded: {used} used, {wanted} requested."
        )
        raise AwsError("ServiceQuotaExceededException", reason)

    def _description(self, throughput: Throughput) -> Document:
        base_model_arn = self._account.foundation_model_arn(throughput.custom_model.base_model.customization_id)
        return throughput.description(self._account.clock.now(), base_model_arn)

    def _get(self, parameters: Document) -> Document:
        return self._description(self._existing(parameters["provisionedModelId"], self._settings.throughput_hidden))

    def _list(self, parameters: Document) -> Document:
        now = self._account.clock.now()
        chosen = [
            each
            for each in self._listed(self._settings.throughput_hidden)
            if parameters.get("statusEquals") in (None, each.status(now))
            and parameters.get("modelArnEquals") in (None, each.custom_model.arn)
        ]
        throughputs, more = page(chosen, parameters)
        return {"provisionedModelSummaries": [self._description(each) for each in throughputs], **more}

    def _delete(self, parameters: Document) -> Document:
        throughput = self._existing(parameters["provisionedModelId"], self._settings.throughput_hidden)
        self._remove(throughput, self._settings.throughput_deletion)
        return {}
