"""Custom models: what keeping one costs, which are this app's, and how one is deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from finetuning import names
from finetuning.base_models import BaseModel
from finetuning.errors import CustomModelInUseError
from finetuning.tags import APP, APP_NAME, OWNER

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient


@dataclass(frozen=True)
class OwnedModel:
    """A custom model that a run of this app made. usd_per_month: None where the price is not known."""

    name: str
    arn: str
    base_model: str
    run: str
    execution_arn: str
    created_at: datetime
    usd_per_month: float | None


def owned(bedrock: "BedrockClient", model: BaseModel) -> Iterator[OwnedModel]:
    """Those made from the base model in the client's region, the newest first: named and tagged as runs do."""
    prefix = names.custom_model_name(model.key, "")
    pages = bedrock.get_paginator("list_custom_models").paginate(nameContains=prefix.rstrip("-"))
    for found in (summary for page in pages for summary in page.get("modelSummaries", [])):
        arn, name = found["modelArn"], found["modelName"]
        tags = tags_of(bedrock, arn) if name.startswith(prefix) else {}
        if tags.get(APP) == APP_NAME:
            yield OwnedModel(
                name=name,
                arn=arn,
                base_model=model.key,
                run=name.removeprefix(prefix),
                execution_arn=tags.get(OWNER, ""),
                created_at=found["creationTime"],
                usd_per_month=model.custom_model_per_month.usd,
            )


def tags_of(bedrock: "BedrockClient", arn: str) -> dict[str, str]:
    """None where the model is gone."""
    try:
        tags = bedrock.list_tags_for_resource(resourceARN=arn).get("tags", [])
    except bedrock.exceptions.ResourceNotFoundException:
        return {}
    return {tag["key"]: tag["value"] for tag in tags}


def delete(bedrock: "BedrockClient", arn: str) -> None:
    """Not found is done. Raises CustomModelInUseError while something serves the model."""
    try:
        bedrock.delete_custom_model(modelIdentifier=arn)
    except bedrock.exceptions.ResourceNotFoundException:
        return
    except bedrock.exceptions.ConflictException as error:
        raise CustomModelInUseError(
            f"Bedrock does not delete the custom model {arn} yet: {error}. A Provisioned Throughput, a custom model "
            "deployment or a job uses it: delete that first, or wait for its end."
        ) from error
