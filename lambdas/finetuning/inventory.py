"""What the guard sees: our throughputs and jobs with their tags, and the executions they belong to."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from finetuning import names
from finetuning.customization import JobStatus
from finetuning.guard import NOT_FOUND, Kind, Resource, own

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_stepfunctions.client import SFNClient

logger = logging.getLogger("bedrock-ft")

# The state machine's own limit is 48 hours; after that a day is left to write the report.
LOOK_BACK = timedelta(hours=72)
UNSUCCESSFUL = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})


@dataclass
class Problems:
    """What went wrong with one thing must not keep the guard from the next: it is kept here, and raised at the end.

    throughput_hidden: whether it kept the guard from seeing a throughput that may be ours.
    """

    found: list[str] = field(default_factory=list)
    throughput_hidden: bool = False

    @contextmanager
    def kept(self, doing: str, *, hides_throughput: bool = False) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            logger.exception("failed", extra={"doing": doing})
            self.found.append(f"{doing}: {type(error).__name__}: {error}")
            self.throughput_hidden |= hides_throughput


@dataclass(frozen=True)
class Inventory:
    """Reads; changes nothing. base_model: the catalogue's key; problems: where a failed call is noted."""

    bedrock: "BedrockClient"
    stepfunctions: "SFNClient"
    base_model: str
    state_machine_arn: str
    problems: Problems

    def resources(self) -> list[Resource]:
        """Every throughput and every running job that belongs to an execution of the state machine."""
        return [*self._throughputs(), *self._jobs()]

    def _throughputs(self) -> Iterator[Resource]:
        """All of the account's are looked at: a name may change, tags say whose it is."""
        with self.problems.kept("list throughputs", hides_throughput=True):
            for page in self.bedrock.get_paginator("list_provisioned_model_throughputs").paginate():
                for each in page.get("provisionedModelSummaries", []):
                    yield from self._own(
                        Kind.THROUGHPUT,
                        each["provisionedModelArn"],
                        each["provisionedModelName"],
                        each["status"],
                        each["creationTime"],
                    )

    def _jobs(self) -> Iterator[Resource]:
        """By name: an account can hold thousands of jobs, which nobody can delete."""
        pages = self.bedrock.get_paginator("list_model_customization_jobs").paginate(
            nameContains=names.job_name(self.base_model, ""), statusEquals=JobStatus.IN_PROGRESS.value
        )
        with self.problems.kept("list customization jobs"):
            for page in pages:
                for each in page.get("modelCustomizationJobSummaries", []):
                    yield from self._own(
                        Kind.JOB, each["jobArn"], each["jobName"], each["status"], each["creationTime"]
                    )

    def _own(self, kind: Kind, arn: str, name: str, status: str, created_at: datetime) -> Iterator[Resource]:
        hides_throughput = name.startswith(names.throughput_name(self.base_model, ""))
        with self.problems.kept(f"read the tags of {arn}", hides_throughput=hides_throughput):
            try:
                tags = self.bedrock.list_tags_for_resource(resourceARN=arn).get("tags", [])
            except self.bedrock.exceptions.ResourceNotFoundException:
                # Gone since it was listed.
                return
            resource = own(
                kind,
                arn=arn,
                name=name,
                status=status,
                created_at=created_at,
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

    def unsuccessful_executions(self, now: datetime) -> list[str]:
        """ARNs of the executions of the last days that did not succeed, the newest first."""
        found: list[str] = []
        pages = self.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=self.state_machine_arn)
        with self.problems.kept("list executions"):
            for page in pages:
                for execution in page["executions"]:
                    if execution["startDate"] < now - LOOK_BACK:
                        return found
                    if execution["status"] in UNSUCCESSFUL:
                        found.append(execution["executionArn"])
        return found
