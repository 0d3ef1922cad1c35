"""The state machine with what surrounds it: its log, its role."""

from datetime import timedelta

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.grants import WRITE_TRACES, Grant, acknowledge_wildcards, policy

DELIVER_LOGS = Grant(
    [
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
    ],
    ["*"],
    "Vended log delivery has no resource-level permissions",
)
SAMPLE_TRACES = Grant(
    ["xray:GetSamplingRules", "xray:GetSamplingTargets"],
    ["*"],
    "X-Ray has no resource-level permissions for sampling",
)


class ExperimentStateMachine(Construct):
    """The state machine with its log group, and a role that may invoke `functions` and nothing else of the app."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        definition: sfn.IChainable,
        functions: list[lambda_.Function],
        timeout: timedelta,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(
            self,
            "Log",
            # Step Functions adds to one resource policy of limited size for each log group without this prefix.
            log_group_name=f"/aws/vendedlogs/states/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        invoke = Grant(["lambda:InvokeFunction"], [function.function_arn for function in functions])
        grants = [invoke, DELIVER_LOGS, WRITE_TRACES, SAMPLE_TRACES]
        role = iam.Role(
            self,
            "Role",
            description=f"Execution role of the state machine {name}",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            inline_policies={"Experiment": policy(grants)},
        )
        acknowledge_wildcards(role, grants)
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(definition),
            timeout=cdk.Duration.seconds(timeout.total_seconds()),
            # The construct would also grant every version of each function (`<ARN>:*`), which nothing here invokes.
            role=role.without_policy_updates(),
            # Execution data holds dataset text and answers: they stay in the bucket and the execution's history.
            logs=sfn.LogOptions(destination=self.log_group, level=sfn.LogLevel.ALL, include_execution_data=False),
            tracing_enabled=True,
        )
