"""Custom models: what completed customization jobs leave."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from finetuning.base_models import BaseModel

from local.bedrock.account import Account
from local.bedrock.errors import AwsError, not_found
from local.bedrock.listing import page
from local.bedrock.models import LanguageModel
from local.bedrock.service_model import Document
from local.bedrock.tags import Tags


@dataclass(frozen=True)
class CustomModel:
    """description: the members that GetCustomModel shares with the job."""

    name: str
    arn: str
    base_model: BaseModel
    model: LanguageModel
    created_at: datetime
    description: Document


class CustomModels:
    def __init__(self, account: Account, tags: Tags, *, is_served: Callable[[CustomModel], bool]) -> None:
        """is_served: whether a Provisioned Throughput or a deployment needs the model."""
        self._account = account
        self._tags = tags
        self._is_served = is_served
        self._models: dict[str, CustomModel] = {}
        self.operations = {
            "GetCustomModel": self._get,
            "ListCustomModels": self._list,
            "DeleteCustomModel": self._delete,
        }

    def add(self, model: CustomModel, tags: Mapping[str, str]) -> None:
        self._models[model.arn] = model
        self._tags.attach(model.arn, tags)

    def find(self, identifier: str) -> CustomModel | None:
        """By name or ARN."""
        return next((each for each in self._models.values() if identifier in (each.name, each.arn)), None)

    def _existing(self, identifier: str) -> CustomModel:
        model = self.find(identifier)
        if model is None:
            raise not_found(f"The custom model {identifier} does not exist.")
        return model

    def _get(self, parameters: Document) -> Document:
        model = self._existing(parameters["modelIdentifier"])
        return {
            "modelArn": model.arn,
            "modelName": model.name,
            "creationTime": model.created_at,
            "modelStatus": "Active",
            **model.description,
        }

    def _list(self, parameters: Document) -> Document:
        chosen = [
            model
            for model in self._models.values()
            if parameters.get("modelStatus", "Active") == "Active"
            and all(
                parameters.get(by, model.description["baseModelArn"]) == model.description["baseModelArn"]
                for by in ("baseModelArnEquals", "foundationModelArnEquals")
            )
        ]
        models, more = page(chosen, parameters)
        return {"modelSummaries": [self._summary(model) for model in models], **more}

    def _summary(self, model: CustomModel) -> Document:
        return {
            "modelArn": model.arn,
            "modelName": model.name,
            "creationTime": model.created_at,
            "baseModelArn": model.description["baseModelArn"],
            # The published API has no colon here.
            "baseModelName": model.base_model.customization_id.partition(":")[0],
            "customizationType": model.description["customizationType"],
            "ownerAccountId": self._account.id,
            "modelStatus": "Active",
        }

    def _delete(self, parameters: Document) -> Document:
        model = self._existing(parameters["modelIdentifier"])
        if self._is_served(model):
            raise AwsError("ConflictException", f"The custom model {model.name} is in use: something serves it.")
        del self._models[model.arn]
        self._tags.forget(model.arn)
        return {}
