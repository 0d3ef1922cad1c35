"""The rules of a host's life: made once, waited for, deleted for certain.

Get and delete take its name, so what a lost response has created is found and deleted too.
"""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from finetuning.hosting.host import Found, Host
from finetuning.json_names import camel_keys
from finetuning.names import client_request_token
from finetuning.polling import CREATION, DELETION, wait_seconds
from finetuning.run_config import RunConfig
from finetuning.tags import owner_tags

logger = logging.getLogger(__name__)

# Of its life until the deadline, so much is kept for answering, or it is given up before it comes into service, ...
ANSWERING_RESERVE = timedelta(minutes=15)
# ... and so much for deleting it: at its deadline the guard outside the execution would.
DELETION_RESERVE = timedelta(minutes=5)
# Deleting is asked for again and again; after this long a person must look.
MAX_DELETION_DURATION = timedelta(minutes=60)
# A host that was just created may not be found yet: AWS promises no consistency.
NOT_YET_VISIBLE = timedelta(minutes=5)


@dataclass(frozen=True)
class Created:
    """A host that is there from now on; times in ISO 8601. deadline: as its tag has it."""

    arn: str
    created_at: str
    deadline: str

    def to_json(self) -> dict[str, Any]:
        return camel_keys(asdict(self))


@dataclass(frozen=True)
class Service:
    """Whether it answers. status: Bedrock's; `in_service_at` (ISO 8601) as far as polling can tell."""

    status: str
    in_service: bool
    in_service_at: str | None
    wait_seconds: int

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
    host: Host, name: str, custom_model_arn: str, execution_arn: str, *, now: datetime, deadline: datetime
) -> Created:
    """Make the host, or find the one that an earlier attempt of this execution made.

    deadline: for its tag.
    Looked up by name first: what a second call with the same token answers is not documented.
    Raises the host's error where the account's quota does not allow it, or the custom model is not there.
    """
    if found := host.find(name):
        return Created(found.arn, found.created_at.isoformat(), deadline.isoformat())
    token, tags = client_request_token(name, execution_arn), owner_tags(execution_arn, deadline=deadline)
    try:
        arn = host.create(name, custom_model_arn, token, tags)
    except host.bedrock.exceptions.ResourceNotFoundException as error:
        raise host.error(
            f"The custom model {custom_model_arn} is not there (any more): {error}. Start a run that trains it anew, "
            "without customModelArn and resumeFrom."
        ) from error
    return Created(arn, now.isoformat(), deadline.isoformat())


def service(host: Host, created: Created, now: datetime) -> Service:
    """Its present status. Raises the host's error where it failed, is gone or does not come into service in time."""
    created_at, deadline = map(datetime.fromisoformat, (created.created_at, created.deadline))
    age, the_host = now - created_at, f"The {host.called} {created.arn}"
    found = host.find(created.arn)
    if found is None and age >= NOT_YET_VISIBLE:
        raise host.error(f"{the_host} is gone: it was deleted outside of this run. Find out by whom, then go on.")
    status = found.status if found else "not found"
    if found and status == host.failed:
        raise host.error(f"{the_host} failed: {found.failure or 'Bedrock gave no reason'}. Try again later.")
    limit = min(host.longest_creation, deadline - ANSWERING_RESERVE - created_at)
    in_service = status == host.in_service
    if not in_service and age > limit:
        raise host.error(f"{the_host} is still {status} after {limit}; it is being deleted. Try again later.")
    return Service(status, in_service, now.isoformat() if in_service else None, wait_seconds(age, CREATION))


def answering_ends(created: Mapping[str, str], in_service: Mapping[str, str], run: RunConfig) -> datetime:
    """When its time for answers is up; both as the state machine has them."""
    in_service_at = datetime.fromisoformat(in_service["inServiceAt"])
    deadline = datetime.fromisoformat(created["deadline"])
    return min(in_service_at + run.answers.time_limit, deadline - DELETION_RESERVE)


def delete(host: Host, found: Found, now: datetime, since: datetime) -> Deletion:
    """Ask for its deletion; called again until nothing is found any more. since: the first call.

    Whether one that is still Creating can be deleted is not documented: Conflict and Validation errors mean "not yet".
    Raises the host's error where it is not gone after MAX_DELETION_DURATION.
    """
    refusals = host.bedrock.exceptions
    try:
        host.delete(found.arn)
    except (refusals.ConflictException, refusals.ValidationException, refusals.ResourceNotFoundException):
        # Not yet, or gone in between: the next call will see.
        logger.info("deletion refused", exc_info=True, extra={"host": found.arn})
    if now - since > MAX_DELETION_DURATION:
        raise host.error(
            f"The {host.called} {found.arn} is still there after deleting it for {MAX_DELETION_DURATION}, and may cost "
            "money. Delete it in the Bedrock console now, and ask AWS Support if that fails."
        )
    return Deletion(
        gone=False,
        at=now.isoformat(),
        since=since.isoformat(),
        created_at=found.created_at.isoformat(),
        wait_seconds=wait_seconds(now - since, DELETION),
    )
