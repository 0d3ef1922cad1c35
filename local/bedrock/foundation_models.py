"""Foundation models and their life cycle: the catalogue's dates, looked at by the virtual clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from finetuning.base_models import (
    BASE_MODELS,
    EMBEDDING_MODEL,
    INFERENCE_PROFILES,
    BaseModel,
    InferenceProfile,
    Lifecycle,
)

from local.bedrock.account import Account
from local.bedrock.errors import AwsError, not_found
from local.bedrock.service_model import Document


@dataclass(frozen=True)
class FoundationModel:
    """base_model: the catalogue's entry if this is the id that a customization job takes.

    on_demand: whether its own id answers; a model behind an inference profile does so by the profile's id alone.
    output: the modality that it answers in.
    """

    id: str
    name: str
    lifecycle: Lifecycle
    base_model: BaseModel | None = None
    on_demand: bool = True
    output: str = "TEXT"

    def details(self, account: Account) -> Document:
        today = account.clock.now().date()
        dates = {
            "legacyTime": self.lifecycle.legacy,
            "publicExtendedAccessTime": self.lifecycle.extended_access,
            "endOfLifeTime": self.lifecycle.end_of_life,
        }
        return {
            "modelArn": account.foundation_model_arn(self.id),
            "modelId": self.id,
            # Bedrock allows a model's name 20 characters.
            "modelName": self.name[:20],
            "providerName": self.id.partition(".")[0].title(),
            "inputModalities": ["TEXT"],
            "outputModalities": [self.output],
            "responseStreamingSupported": self.output == "TEXT",
            "customizationsSupported": ["FINE_TUNING"] if self.base_model else [],
            "inferenceTypesSupported": self._inference_types(),
            "modelLifecycle": {
                "status": "LEGACY" if self.lifecycle.is_legacy(today) else "ACTIVE",
                **{name: _midnight(day) for name, day in dates.items() if day is not None},
            },
        }

    def _inference_types(self) -> list[str]:
        if self.base_model is not None:
            return ["PROVISIONED"] if "provisionedThroughput" in self.base_model.hosting else []
        return ["ON_DEMAND"] if self.on_demand else []


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


class FoundationModels:
    """Those of the catalogue that the region has."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._models = {model.id: model for model in _catalogue(account.region)}
        self.operations = {"GetFoundationModel": self._get, "ListFoundationModels": self._list}

    def find(self, identifier: str) -> FoundationModel | None:
        """By id or ARN; None if the region has no such model.

        Raises ResourceNotFoundException for one past its end of life.
        """
        model = self._models.get(identifier.removeprefix(self._account.foundation_model_arn("")))
        if model is not None and self._is_past_end_of_life(model):
            raise end_of_life()
        return model

    def profile(self, identifier: str) -> InferenceProfile | None:
        """By id or ARN; None if the region has no such inference profile."""
        profile = INFERENCE_PROFILES.get(identifier.removeprefix(self._account.arn("inference-profile/")))
        return profile if profile is not None and self._account.region in profile.regions else None

    def _is_past_end_of_life(self, model: FoundationModel) -> bool:
        return model.lifecycle.is_past_end_of_life(self._account.clock.now().date())

    def _get(self, parameters: Document) -> Document:
        model = self.find(parameters["modelIdentifier"])
        if model is None:
            raise not_found("Could not resolve the foundation model from the provided model identifier.")
        return {"modelDetails": model.details(self._account)}

    def _list(self, parameters: Document) -> Document:
        filters = {
            "byCustomizationType": "customizationsSupported",
            "byInferenceType": "inferenceTypesSupported",
            "byOutputModality": "outputModalities",
        }
        living = (model for model in self._models.values() if not self._is_past_end_of_life(model))
        details = [model.details(self._account) for model in living]
        return {
            "modelSummaries": [
                each
                for each in details
                if parameters.get("byProvider", each["providerName"]).lower() == each["providerName"].lower()
                and all(parameters[by] in each[member] for by, member in filters.items() if by in parameters)
            ]
        }


def end_of_life() -> AwsError:
    return not_found("This model version has reached the end of its life.")


def _catalogue(region: str) -> list[FoundationModel]:
    """Where a model is there as the base of an inference profile and as a base model, the latter says more of it."""
    models = [
        FoundationModel(
            profile.foundation_model, profile.foundation_model.partition(".")[2], Lifecycle(), on_demand=False
        )
        for profile in INFERENCE_PROFILES.values()
        if region in profile.regions
    ]
    for base in BASE_MODELS.values():
        if base.region == region:
            on_demand = base.inference_id == base.foundation_model
            models.append(FoundationModel(base.customization_id, base.name, base.lifecycle, base_model=base))
            models.append(FoundationModel(base.foundation_model, base.name, base.lifecycle, on_demand=on_demand))
    if region in EMBEDDING_MODEL.regions:
        models.append(FoundationModel(EMBEDDING_MODEL.id, "Titan Embeddings V2", Lifecycle(), output="EMBEDDING"))
    return models
