"""The Lambda function of one task."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.grants import WRITE_TRACES, Grant, acknowledge_wildcards, policy

HANDLERS = Path(__file__).parent.parent / "lambdas"


class TaskFunction(Construct):
    """Function, log group and execution role of the handler file `lambdas/<task>.py`, named <prefix>-<task>.

    The role may write its own log and traces and do what `grants` say, nothing else. environment: beyond the base
    model and the results bucket.
    """

    def __init__(
        self,
        scope: Construct,
        task: str,
        *grants: Grant,
        prefix: str,
        base_model: str,
        results_bucket: str,
        environment: Mapping[str, str] | None = None,
        timeout: cdk.Duration | None = None,
        memory_mb: int = 256,
        layers: Sequence[lambda_.ILayerVersion] = (),
    ) -> None:
        super().__init__(scope, "".join(word.capitalize() for word in task.split("_")))
        name = f"{prefix}-{task.replace('_', '-')}"
        self.log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        write_log = Grant(["logs:CreateLogStream", "logs:PutLogEvents"], [self.log_group.log_group_arn])
        all_grants = [write_log, WRITE_TRACES, *grants]
        self.role = iam.Role(
            self,
            "Role",
            description=f"Execution role of {name}",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={"Task": policy(all_grants)},
        )
        acknowledge_wildcards(self.role, all_grants)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            code=lambda_.Code.from_asset(str(HANDLERS), exclude=["**/__pycache__", "*.txt"]),
            handler=f"{task}.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            environment={"BASE_MODEL": base_model, "RESULTS_BUCKET": results_bucket, **(environment or {})},
            timeout=timeout or cdk.Duration.minutes(1),
            memory_size=memory_mb,
            layers=list(layers),
            # The grants are complete: no construct may add to them unseen.
            role=self.role.without_policy_updates(),
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
        )
