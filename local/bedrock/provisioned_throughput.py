"""Provisioned Throughput without commitment: what costs money by the hour. Its status is a function of virtual time."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from local.bedrock.account import Account, resource_id
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.errors import AwsError, NotEmulatedError, not_found, validation_error
from local.bedrock.foundation_models import FoundationModels
from local.bedrock.listing import page
from local.bedrock.request_tokens import RequestTokens
from local.bedrock.service_model import Document
from local.bedrock.settings import Settings
from local.bedrock.tags import Tags, checked_tags


class Status(Enum):
    CREATING = "Creating"
    IN_SERVICE = "InService"


@dataclass
class Throughput:
    """deleted_at: when it is gone, and billing ends; may lie in the future."""

    name: str
    arn: str
    model_units: int
    custom_model: CustomModel
    foundation_model_arn: str
    created_at: datetime
    in_service_at: datetime
    deleted_at: datetime | None = None

    def is_gone(self, now: datetime) -> bool:
        return self.deleted_at is not None and now >= self.deleted_at

    def status(self, now: datetime) -> Status:
        return Status.CREATING if now < self.in_service_at else Status.IN_SERVICE

    def description(self, now: datetime) -> Document:
        return {
            "provisionedModelName": self.name,
            "provisionedModelArn": self.arn,
            "modelArn": self.custom_model.arn,
            "desiredModelArn": self.custom_model.arn,
            "foundationModelArn": self.foundation_model_arn,
            "modelUnits": self.model_units,
            "desiredModelUnits": self.model_units,
            "status": self.status(now).value,
            "creationTime": self.created_at,
            "lastModifiedTime": self.created_at if now < self.in_service_at else self.in_service_at,
        }


class ProvisionedThroughputs:
    def __init__(
        self,
        account: Account,
        settings: Settings,
        *,
        throughputs: list[Throughput],
        foundation_models: FoundationModels,
        custom_models: CustomModels,
        tags: Tags,
    ) -> None:
        """throughputs: every one ever created; this adds to it."""
        self._account = account
        self._settings = settings
        self._throughputs = throughputs
        self._foundation_models = foundation_models
        self._custom_models = custom_models
        self._tags = tags
        self._tokens: RequestTokens[Throughput] = RequestTokens(settings, misuse="ValidationException")
        self.operations = {
            "CreateProvisionedModelThroughput": self._create,
            "GetProvisionedModelThroughput": self._get,
            "ListProvisionedModelThroughputs": self._list,
            "DeleteProvisionedModelThroughput": self._delete,
        }

    def find(self, identifier: str) -> Throughput | None:
        """By name or ARN; None when gone."""
        return next((each for each in self._present() if identifier in (each.name, each.arn)), None)

    def _present(self) -> list[Throughput]:
        now = self._account.clock.now()
        return [each for each in self._throughputs if not each.is_gone(now)]

    def _create(self, request: Document) -> Document:
        earlier = self._tokens.earlier(request)
        if earlier is not None:
            return {"provisionedModelArn": earlier.arn}
        if "commitmentDuration" in request:
            raise NotEmulatedError("Provisioned Throughput with a commitment")
        name = request["provisionedModelName"]
        model = self._servable(request["modelId"])
        tags = checked_tags(request.get("tags", []))
        if self.find(name) is not None:
            raise validation_error(f"The provisioned model name {name} is in use.")
        self._check_quota(request["modelUnits"], model)
        now = self._account.clock.now()
        throughput = Throughput(
            name=name,
            arn=self._account.arn(f"provisioned-model/{resource_id(name, str(len(self._throughputs)))}"),
            model_units=request["modelUnits"],
            custom_model=model,
            foundation_model_arn=self._account.foundation_model_arn(model.base_model.customization_id),
            created_at=now,
            in_service_at=now + self._settings.throughput_creation,
        )
        self._throughputs.append(throughput)
        self._tags.attach(throughput.arn, tags)
        self._tokens.remember(request, throughput)
        return {"provisionedModelArn": throughput.arn}

    def _servable(self, identifier: str) -> CustomModel:
        model = self._custom_models.find(identifier)
        if model is None:
            if self._foundation_models.find(identifier) is not None:
                raise NotEmulatedError("Provisioned Throughput of a base model")
            raise not_found(f"The custom model {identifier} does not exist.")
        if model.base_model.lifecycle.is_legacy(self._account.clock.now().date()):
            raise validation_error(f"{model.base_model.name} is Legacy and takes no new Provisioned Throughput.")
        if "provisionedThroughput" not in model.base_model.hosting:
            raise validation_error(f"{model.base_model.name} does not support Provisioned Throughput.")
        return model

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

    def _is_hidden(self, throughput: Throughput) -> bool:
        return self._account.clock.now() < throughput.created_at + self._settings.throughput_hidden

    def _existing(self, parameters: Document) -> Throughput:
        identifier = parameters["provisionedModelId"]
        throughput = self.find(identifier)
        if throughput is None or (identifier == throughput.name and self._is_hidden(throughput)):
            raise not_found(f"The provisioned model {identifier} does not exist.")
        return throughput

    def _get(self, parameters: Document) -> Document:
        return self._existing(parameters).description(self._account.clock.now())

    def _list(self, parameters: Document) -> Document:
        now = self._account.clock.now()
        chosen = [
            each
            for each in self._present()
            if not self._is_hidden(each)
            and parameters.get("statusEquals") in (None, each.status(now).value)
            and parameters.get("modelArnEquals") in (None, each.custom_model.arn)
        ]
        throughputs, more = page(chosen, parameters)
        return {"provisionedModelSummaries": [each.description(now) for each in throughputs], **more}

    def _delete(self, parameters: Document) -> Document:
        throughput = self._existing(parameters)
        now = self._account.clock.now()
        refusal = self._settings.refuses_deletion_while_creating
        if refusal is not None and throughput.status(now) is Status.CREATING:
            raise AwsError(refusal, f"The provisioned model {throughput.name} is Creating and cannot be deleted.")
        if throughput.deleted_at is not None:
            raise AwsError("ConflictException", f"The provisioned model {throughput.name} is being deleted.")
        throughput.deleted_at = now + self._settings.throughput_deletion
        return {}
