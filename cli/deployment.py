"""The deployed stacks, as a run needs them: on AWS, or on the local engine while it runs. Both are the same code."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from finetuning.base_models import BaseModel
from finetuning.run_store import RESULT

from cli.errors import CommandError
from cli.results import download_run

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_stepfunctions.client import SFNClient
    from types_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef, HistoryEventTypeDef


@dataclass(frozen=True)
class Deployment:
    """poll_seconds: real time between two looks at an execution."""

    region: str
    state_machine_arn: str
    console_url: str
    data_bucket: str
    results_bucket: str
    topic_arn: str
    poll_seconds: float

    @classmethod
    def find(cls, model: BaseModel, poll_seconds: float) -> "Deployment":
        """The deployment for that base model, by its stack's outputs. Raises CommandError if there is none."""
        stack = f"{model.key}-ft-workflow"
        try:
            stacks = boto3.client("cloudformation", region_name=model.region).describe_stacks(StackName=stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise CommandError(
                f"stack {stack} is not deployed in {model.region}: "
                f'deploy it with `make deploy CDK_FLAGS="-c baseModel={model.key}"`, or run locally with --local'
            ) from error
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}
        return cls(
            region=model.region,
            state_machine_arn=outputs["StateMachineArn"],
            console_url=outputs["StateMachineConsoleUrl"],
            data_bucket=outputs["DataBucketName"],
            results_bucket=outputs["ResultsBucketName"],
            topic_arn=outputs["TopicArn"],
            poll_seconds=poll_seconds,
        )

    @classmethod
    def find_sweep(cls, model: BaseModel, poll_seconds: float) -> "Deployment":
        """The same with the state machine of sweeps in the place of the runs' own."""
        deployment = cls.find(model, poll_seconds)
        sweeps = boto3.client("cloudformation", region_name=model.region).describe_stacks(
            StackName=f"{model.key}-ft-sweep"
        )["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in sweeps.get("Outputs", [])}
        return replace(deployment, state_machine_arn=outputs["SweepStateMachineArn"])

    @cached_property
    def s3(self) -> "S3Client":
        return boto3.client("s3", region_name=self.region)

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        return boto3.client("stepfunctions", region_name=self.region)

    def start(self, run_id: str, execution_input: Mapping[str, Any]) -> str:
        """Returns the execution's ARN."""
        return self.stepfunctions.start_execution(
            stateMachineArn=self.state_machine_arn, name=run_id, input=json.dumps(execution_input)
        )["executionArn"]

    def follow(self, execution_arn: str) -> Iterator["HistoryEventTypeDef"]:
        """Every event of the execution's history soon after it happens, until the execution has ended."""
        seen = 0
        while True:
            # Asked before the history is read, so that its last events are not missed.
            is_running = self.describe(execution_arn)["status"] == "RUNNING"
            pages = self.stepfunctions.get_paginator("get_execution_history").paginate(
                executionArn=execution_arn, includeExecutionData=False
            )
            for event in (event for page in pages for event in page["events"]):
                if event["id"] > seen:
                    seen = event["id"]
                    yield event
            if not is_running:
                return
            time.sleep(self.poll_seconds)

    def describe(self, execution_arn: str) -> "DescribeExecutionOutputTypeDef":
        return self.stepfunctions.describe_execution(executionArn=execution_arn)

    def download(self, run_id: str, folder: Path) -> dict[str, Any] | None:
        """Save report.html and result.json there, and return the result; None if the run left none."""
        if not download_run(self.s3, self.results_bucket, run_id, folder):
            return None
        result: dict[str, Any] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return result
