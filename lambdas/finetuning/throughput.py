"""Provisioned Throughput: one model unit without commitment, bought once, deleted for certain.

It costs by the hour from creation until it is gone. There is no status "Deleting": gone is
ResourceNotFoundException. Get and Delete take its name, so what a lost response has created is found and deleted too.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from finetuning.errors import ProvisionedThroughputError
from finetuning.json_names import camel_keys
from finetuning.names import client_request_token
from finetuning.polling import CREATION, DELETION, wait_seconds
from finetuning.run_config import RunConfig
from finetuning.tags import owner_tags

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient

MODEL_UNITS = 1
# Reports of 2024-2026 say 10 to 45 minutes.
MAX_CREATION_DURATION = timedelta(minutes=75)
# Of its life until the deadline, so much is kept for answering, or it is given up before it comes into service, ...
ANSWERING_RESERVE = timedelta(minutes=15)
# ... and so much for deleting it: at its deadline the guard outside the execution would.
DELETION_RESERVE = timedelta(minutes=5)
# Deleting is asked for again and again; after this long a person must look.
MAX_DELETION_DURATION = timedelta(minutes=60)


class ThroughputStatus(StrEnum):
    CREATING = "Creating"
    IN_SERVICE = "InService"
    UPDATING = "Updating"
    FAILED = "Failed"


@dataclass(frozen=True)
class Throughput:
    """A throughput as the state machine sees it; times in ISO 8601, `in_service_at` as far as polling can tell.

    deadline: as its tag has it.
    """

    arn: str
    status: ThroughputStatus
    created_at: str
    deadline: str
    wait_seconds: int
    in_service_at: str | None = None

    def to_json(self) -> dict[str, Any]:
        return camel_keys(asdict(self))


@dataclass(frozen=True)
class Deletion:
    """One attempt, made `at`; the first was made at `since`. `created_at` is None where there never was one."""

    gone: bool
    at: str
    since: str
    created_at: str | None
    wait_seconds: int

    def to_json(self) -> dict[str, Any]:
        return camel_keys(asdict(self))


def create(
    bedrock: "BedrockClient", name: str, custom_model_arn: str, execution_arn: str, *, now: datetime, deadline: datetime
) -> Throughput:
    """Buy the throughput, or find the one that an earlier attempt of this execution bought.

    deadline: for its tag.
    Looked up by name first: what a second call with the same token answers is not documented.
    Raises ProvisionedThroughputError where the account's quota does not allow it.
    """
    try:
        found = bedrock.get_provisioned_model_throughput(provisionedModelId=name)
        arn, created_at = found["provisionedModelArn"], found["creationTime"]
        return _throughput(arn, ThroughputStatus.CREATING, created_at, deadline, now)
    except bedrock.exceptions.ResourceNotFoundException:
        # The usual case: nothing was bought yet.
        tags: Any = owner_tags(execution_arn, deadline=deadline)
    try:
        arn = bedrock.create_provisioned_model_throughput(
            provisionedModelName=name,
            modelId=custom_model_arn,
            modelUnits=MODEL_UNITS,
            clientRequestToken=client_request_token(name, execution_arn),
            tags=tags,
        )["provisionedModelArn"]
    except bedrock.exceptions.ServiceQuotaExceededException as error:
        raise ProvisionedThroughputError(
            f"Bedrock refused a Provisioned Throughput: {error}. Ask AWS Support to raise the quota 'Model units "
            "no-commitment Provisioned Throughputs across custom models' in this region; then evaluate the trained "
            f'model with the input {{"customModelArn": "{custom_model_arn}"}}.'
        ) from error
    return _throughput(arn, ThroughputStatus.CREATING, now, deadline, now)


def get(bedrock: "BedrockClient", arn: str, now: datetime, deadline: datetime) -> Throughput:
    """The present status. Raises ProvisionedThroughputError where it failed or does not come into service in time."""
    found = bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
    status = ThroughputStatus(found["status"])
    if status is ThroughputStatus.FAILED:
        reason = found.get("failureMessage") or "Bedrock gave no reason"
        raise ProvisionedThroughputError(f"The Provisioned Throughput {arn} failed: {reason}. Try again later.")
    limit = min(MAX_CREATION_DURATION, deadline - ANSWERING_RESERVE - found["creationTime"])
    if status is not ThroughputStatus.IN_SERVICE and now - found["creationTime"] > limit:
        raise ProvisionedThroughputError(
            f"The Provisioned Throughput {arn} is still {status} after {limit}; it is being deleted. Try again later."
        )
    return _throughput(arn, status, found["creationTime"], deadline, now)


def _throughput(
    arn: str, status: ThroughputStatus, created_at: datetime, deadline: datetime, now: datetime
) -> Throughput:
    in_service_at = now.isoformat() if status is ThroughputStatus.IN_SERVICE else None
    wait = wait_seconds(now - created_at, CREATION)
    return Throughput(arn, status, created_at.isoformat(), deadline.isoformat(), wait, in_service_at)


def answering_ends(throughput: Mapping[str, str], run: RunConfig) -> datetime:
    """When its time for answers is up; throughput: as the state machine has it, in service."""
    in_service_at, deadline = (datetime.fromisoformat(throughput[key]) for key in ("inServiceAt", "deadline"))
    return min(in_service_at + run.answers.time_limit, deadline - DELETION_RESERVE)


def delete(bedrock: "BedrockClient", throughput_id: str, now: datetime, since: datetime) -> Deletion:
    """Delete the throughput of that name or ARN, or see that it is gone. Called again until it is.

    since: the first call.

    Whether one that is still Creating can be deleted is not documented: Conflict and Validation errors mean "not yet".
    Raises ProvisionedThroughputError where it is not gone after MAX_DELETION_DURATION.
    """

    try:
        found = bedrock.get_provisioned_model_throughput(provisionedModelId=throughput_id)
    except bedrock.exceptions.ResourceNotFoundException:
        return Deletion(True, now.isoformat(), since.isoformat(), created_at=None, wait_seconds=0)
    wait = wait_seconds(now - since, DELETION)
    not_gone = Deletion(False, now.isoformat(), since.isoformat(), found["creationTime"].isoformat(), wait)
    arn = found["provisionedModelArn"]
    try:
        bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)
    except (
        bedrock.exceptions.ConflictException,
        bedrock.exceptions.ValidationException,
        bedrock.exceptions.ResourceNotFoundException,
    ):
        # Not yet, or gone in between: the next call will see.
        logger.info("deletion refused", exc_info=True, extra={"throughput": arn})
    if now - since > MAX_DELETION_DURATION:
        raise ProvisionedThroughputError(
            f"The Provisioned Throughput {arn} is still there after deleting it for {MAX_DELETION_DURATION}, and costs "
            "by the hour. Delete it in the Bedrock console now, and ask AWS Support if that fails."
        )
    return not_gone
