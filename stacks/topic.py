"""The topic that people subscribe to: it hears of each run's end, of what the guard removed, and of alarms."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.grants import Grant

CLOUDWATCH = "cloudwatch.amazonaws.com"


class RunTopic(Construct):
    """topic; publish: what a function needs that publishes to it.

    Encrypted with a key of its own: the policy of AWS's key for SNS does not let CloudWatch's alarms publish.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        stack = cdk.Stack.of(self)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Encrypts the topic of {stack.stack_name}",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            pending_window=cdk.Duration.days(7),
        )
        self.topic = sns.Topic(self, "Topic", display_name="bedrock-ft runs", enforce_ssl=True, master_key=self.key)
        self._let_alarms_publish(stack)
        self.publish = [
            Grant(["sns:Publish"], [self.topic.topic_arn]),
            Grant(
                ["kms:Decrypt", "kms:GenerateDataKey"],
                [self.key.key_arn],
                conditions={"StringEquals": {"kms:ViaService": f"sns.{stack.region}.amazonaws.com"}},
            ),
        ]

    def _let_alarms_publish(self, stack: cdk.Stack) -> None:
        """The alarms of this account; an explicit policy replaces the one that a topic has by itself."""
        alarms = f"arn:{stack.partition}:cloudwatch:{stack.region}:{stack.account}:alarm:*"
        conditions = {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": alarms}}
        principals = [iam.ServicePrincipal(CLOUDWATCH)]
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=principals, actions=["sns:Publish"], resources=[self.topic.topic_arn], conditions=conditions
            )
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=principals,
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions=conditions,
            )
        )
