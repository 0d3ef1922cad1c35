"""What the guard sees: our hosts and jobs with their tags, and the executions they belong to."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from finetuning import names
from finetuning.customization import JobStatus
from finetuning.guard import NOT_FOUND, Kind, Resource, own
from finetuning.hosting import Found, Host
from finetuning.polling import MAX_RUN_DURATION

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_stepfunctions.client import SFNClient

logger = logging.getLogger("bedrock-ft")

# After an execution's own limit a day is left to write the report.
LOOK_BACK = MAX_RUN_DURATION + timedelta(days=1)
UNSUCCESSFUL = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})


@dataclass
class Problems:
    """What went wrong with one thing must not keep the guard from the next: it is kept here, and raised at the end.

    host_hidden: whether it kept the guard from seeing a host that may be ours.
    """

    found: list[str] = field(default_factory=list)
    host_hidden: bool = False

    @contextmanager
    def kept(self, doing: str, *, hides_host: bool = False) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            logger.exception("failed", extra={"doing": doing})
            self.found.append(f"{doing}: {type(error).__name__}: {error}")
            self.host_hidden |= hides_host


@dataclass(frozen=True)
class Inventory:
    """Reads; changes nothing. base_model: the catalogue's key; problems: where a failed call is noted."""

    bedrock: "BedrockClient"
    stepfunctions: "SFNClient"
    hosts: Mapping[Kind, Host]
    base_model: str
    state_machine_arn: str
    problems: Problems

    def resources(self) -> list[Resource]:
        """Every host and every running job that belongs to an execution of the state machine."""
        return [*(host for kind in self.hosts for host in self._hosts(kind)), *self._jobs()]

    def _hosts(self, kind: Kind) -> Iterator[Resource]:
        """All of the account's are looked at: a name may change, tags say whose it is."""
        with self.problems.kept(f"list {kind}s", hides_host=True):
            for found in self.hosts[kind].list():
                hides_host = found.name.startswith(self.hosts[kind].name(self.base_model, ""))
                yield from self._own(kind, found, hides_host=hides_host)

    def _jobs(self) -> Iterator[Resource]:
        """By name: an account can hold thousands of jobs, which nobody can delete."""
        pages = self.bedrock.get_paginator("list_model_customization_jobs").paginate(
            nameContains=names.job_name(self.base_model, ""), statusEquals=JobStatus.IN_PROGRESS.value
        )
        with self.problems.kept("list customization jobs"):
            for page in pages:
                for each in page.get("modelCustomizationJobSummaries", []):
                    job = Found(each["jobArn"], each["jobName"], each["status"], each["creationTime"])
                    yield from self._own(Kind.JOB, job, hides_host=False)

    def _own(self, kind: Kind, found: Found, *, hides_host: bool) -> Iterator[Resource]:
        with self.problems.kept(f"read the tags of {found.arn}", hides_host=hides_host):
            try:
                tags = self.bedrock.list_tags_for_resource(resourceARN=found.arn).get("tags", [])
            except self.bedrock.exceptions.ResourceNotFoundException:
                # Gone since it was listed.
                return
            resource = own(
                kind,
                arn=found.arn,
                name=found.name,
                status=found.status,
                created_at=found.created_at,
                tags={tag["key"]: tag["value"] for tag in tags},
                executions_of=self._executions_of,
            )
            if resource:
                yield resource

    @property
    def _executions_of(self) -> str:
        return self.state_machine_arn.replace(":stateMachine:", ":execution:") + ":"

    def executions(self, resources: Iterable[Resource]) -> Mapping[str, str]:
        """The status of each owner, by ARN; one that could not be looked up is missing."""
        statuses = {}
        for arn in {resource.owner for resource in resources}:
            with self.problems.kept(f"look up {arn}"):
                try:
                    statuses[arn] = str(self.stepfunctions.describe_execution(executionArn=arn)["status"])
                except self.stepfunctions.exceptions.ExecutionDoesNotExist:
                    statuses[arn] = NOT_FOUND
        return statuses

    def recent_executions(self, now: datetime) -> Mapping[str, str]:
        """The status of each execution of the last days, by ARN, the newest first."""
        found: dict[str, str] = {}
        pages = self.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=self.state_machine_arn)
        with self.problems.kept("list executions"):
            for page in pages:
                for execution in page["executions"]:
                    if execution["startDate"] < now - LOOK_BACK:
                        return found
                    found[execution["executionArn"]] = str(execution["status"])
        return found
