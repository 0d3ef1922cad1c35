"""What must hold outside the run before anything is spent: every check is made, every problem listed at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from botocore.exceptions import ClientError

from finetuning.base_models import BaseModel, living
from finetuning.run_config import RunConfig
from finetuning.run_store import DATASET_FILES, split_s3_uri
from finetuning.services import Services

QUOTA_NAME = "Model units no-commitment Provisioned Throughputs across custom models"
# AWS user guide, "Deploy a custom model for on-demand inference", read 2026-11.
ON_DEMAND_SINCE = datetime(2025, 7, 16, tzinfo=UTC)
_BEDROCK = "bedrock.amazonaws.com"
_ACCESS_DENIED = ("AccessDenied", "AccessDeniedException", "403")
_NOT_FOUND = ("NoSuchKey", "NoSuchBucket", "NoSuchEntity", "ResourceNotFoundException", "404")


@dataclass(frozen=True)
class Surroundings:
    """What the checks look at."""

    services: Services
    run: RunConfig
    model: BaseModel
    service_role_arn: str


def problems(around: Surroundings) -> Iterator[str]:
    """Everything that would make the run fail after money is spent, one sentence each: what, where, what to do.

    Transient AWS errors escape, so that the state machine tries again.
    """
    lifecycle = list(_lifecycle(around))
    yield from lifecycle
    # A run that goes on from an earlier one has its dataset.
    if not around.run.earlier_runs:
        yield from _dataset(around)
    yield from _service_role(around)
    if around.run.hosting == "provisionedThroughput":
        yield from _quota(around)
    if not lifecycle:
        yield from _callable(around, around.model.inference_id, "base model")
    yield from _callable(around, around.run.judge_model, "judge model")
    yield from _custom_model(around)


def _lifecycle(around: Surroundings) -> Iterator[str]:
    model, today = around.model, around.services.clock.now().date()
    choose = f"Deploy with another base model: {_alternatives(model, today)}."
    if model.lifecycle.is_past_end_of_life(today):
        yield f"{model.name} reached its end of life on {model.lifecycle.end_of_life}. {choose}"
        return
    try:
        found: Any = around.services.bedrock.get_foundation_model(modelIdentifier=model.customization_id)
    except ClientError as error:
        yield _explain(error, f"The base model {model.customization_id}", choose)
        return
    details = found["modelDetails"]
    if details.get("modelLifecycle", {}).get("status") == "LEGACY" or model.lifecycle.is_legacy(today):
        yield (
            f"{model.name} is a Legacy model: Bedrock takes no new customization jobs and no new Provisioned "
            f"Throughput for it. {choose}"
        )
    customizations = details.get("customizationsSupported")
    if customizations is not None and "FINE_TUNING" not in customizations:
        yield f"Bedrock does not fine-tune {model.name} in {model.region}. {choose}"


def _alternatives(model: BaseModel, today: date) -> str:
    others = [other for other in living(today) if other.key != model.key]
    return (
        ", ".join(f"-c baseModel={other.key} ({other.region})" for other in others) or "none is left in the catalogue"
    )


def _dataset(around: Surroundings) -> Iterator[str]:
    for file in DATASET_FILES:
        uri = getattr(around.run.dataset, file)
        bucket, key = split_s3_uri(uri)
        try:
            around.services.s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            yield _explain(error, f"The {file} data {uri}", "Upload it there, or name another dataset in the input.")


def _service_role(around: Surroundings) -> Iterator[str]:
    """The role must trust Bedrock, for jobs of this account only."""
    arn = around.service_role_arn
    name = arn.rsplit("/", 1)[1]
    redeploy = "Deploy the storage stack again to restore it."
    try:
        document: Any = around.services.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    except ClientError as error:
        yield _explain(error, f"The service role {arn}", redeploy)
        return
    # IAM also takes one statement without a list around it.
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    if not statements or not all(map(_trusts_bedrock, statements)):
        yield (
            f"The service role {arn} must trust {_BEDROCK} alone, under conditions on aws:SourceAccount and "
            f"aws:SourceArn; its trust policy says otherwise. {redeploy}"
        )


def _trusts_bedrock(statement: Mapping[str, Any]) -> bool:
    conditions = {key.lower() for operator in statement.get("Condition", {}).values() for key in operator}
    return (
        statement.get("Effect") == "Allow"
        and statement.get("Principal") == {"Service": _BEDROCK}
        and statement.get("Action") == "sts:AssumeRole"
        and {"aws:sourceaccount", "aws:sourcearn"} <= conditions
    )


def no_commitment_quota(services: Services) -> float | None:
    """How many model units the account may have for custom models; None where Service Quotas does not know it.

    An account that never changed a quota may find it among the default values only.
    """
    for listing in ("list_service_quotas", "list_aws_default_service_quotas"):
        pages: Any = services.service_quotas.get_paginator(listing).paginate(ServiceCode="bedrock")
        for quota in (quota for page in pages for quota in page["Quotas"]):
            if quota["QuotaName"] == QUOTA_NAME:
                return float(quota["Value"])
    return None


def _quota(around: Surroundings) -> Iterator[str]:
    """New accounts have a quota of 0; whoever finds that out after training has paid for nothing."""
    try:
        value = no_commitment_quota(around.services)
    except ClientError as error:
        yield _explain(error, "The list of Bedrock's quotas", "Allow servicequotas:ListServiceQuotas.")
        return
    if value is not None and value < 1:
        yield (
            f"The quota '{QUOTA_NAME}' is {value:g} in this account and region, so the custom model could not be "
            "hosted. Ask AWS Support to raise it to 1."
        )


def _callable(around: Surroundings, model_id: str, role: str) -> Iterator[str]:
    try:
        around.services.bedrock_runtime.converse(
            modelId=model_id,
            messages=[{"role": "user", "content": [{"text": "Answer with one word: ready?"}]}],
            inferenceConfig={"maxTokens": 8},
        )
    except ClientError as error:
        yield _explain(error, f"The {role} {model_id}", "Get access to it in the Bedrock console, or choose another.")


def _custom_model(around: Surroundings) -> Iterator[str]:
    arn = around.run.custom_model_arn
    if arn is None:
        return
    try:
        found = around.services.bedrock.get_custom_model(modelIdentifier=arn)
    except ClientError as error:
        yield _explain(error, f"The custom model {arn}", "Check the ARN in the input's customModelArn.")
        return
    if (status := found.get("modelStatus", "Active")) != "Active":
        yield f"The custom model {arn} is {status}. Wait until it is Active, or name another in customModelArn."
    if around.run.hosting == "onDemand" and found["creationTime"] < ON_DEMAND_SINCE:
        yield (
            f"The custom model {arn} was made on {found['creationTime']:%Y-%m-%d}; Bedrock serves those on demand that "
            f"were made on or after {ON_DEMAND_SINCE:%Y-%m-%d}. Set hosting to provisionedThroughput in the input."
        )
    base_model_id = found.get("baseModelArn", "").rsplit("/", 1)[-1]
    if base_model_id and not base_model_id.startswith(around.model.foundation_model):
        yield (
            f"The custom model {arn} was made from {base_model_id}, and this deployment is for {around.model.name}, so "
            "the two could not be compared. Deploy with the base model that it was made from."
        )


def _explain(error: ClientError, what: str, advice: str) -> str:
    """A sentence for an error that a person must act on; any other error is raised again."""
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if code in _NOT_FOUND:
        return f"{what} cannot be found ({message or code}). {advice}"
    if code in (*_ACCESS_DENIED, "ValidationException"):
        return f"{what} cannot be used ({code}: {message}). {advice}"
    raise error
