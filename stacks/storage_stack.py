"""What outlives the workflow: the buckets, and the service role that Bedrock assumes for a customization job."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct
from finetuning import names
from finetuning.base_models import BaseModel

from stacks.grants import Grant, acknowledge_wildcards, policy

RUN_PREFIX = "Each run has its own prefix, named by its id, which is known only at run time"


class StorageStack(cdk.Stack):
    """data_bucket: people's own datasets; results_bucket: what runs read and write, under `runs/<run id>/`.

    The names and the ARN are for other stacks, which read them from this stack's exports.
    """

    def __init__(self, scope: Construct, construct_id: str, *, base_model: BaseModel, env: cdk.Environment) -> None:
        description = f"Buckets and service role of the fine-tuning experiment on {base_model.name}"
        super().__init__(scope, construct_id, description=description, env=env)
        self.access_log_bucket = _bucket(self, "AccessLogs", expire_after=cdk.Duration.days(365))
        self.data_bucket = _bucket(self, "Data", access_log_bucket=self.access_log_bucket)
        self.results_bucket = _bucket(self, "Results", access_log_bucket=self.access_log_bucket)
        self.service_role = self._service_role(base_model)
        self.data_bucket_name = self._export("DataBucketName", self.data_bucket.bucket_name)
        self.results_bucket_name = self._export("ResultsBucketName", self.results_bucket.bucket_name)
        self.service_role_arn = self._export("ServiceRoleArn", self.service_role.role_arn)

    def _export(self, name: str, value: str) -> str:
        return self.export_value(value, name=f"{self.stack_name}:{name}")

    def _service_role(self, base_model: BaseModel) -> iam.Role:
        """One trust statement with both conditions: no other account and nothing but a job can assume the role."""
        runs = self.results_bucket.arn_for_objects("runs")
        jobs = f"arn:{self.partition}:bedrock:{self.region}:{self.account}:model-customization-job/*"
        grants = [
            Grant(["s3:ListBucket"], [self.results_bucket.bucket_arn]),
            Grant(["s3:GetObject"], [f"{runs}/*/dataset/*"], RUN_PREFIX),
            Grant(["s3:GetObject", "s3:PutObject"], [f"{runs}/*/job/*"], RUN_PREFIX),
        ]
        role = iam.Role(
            self,
            "ServiceRole",
            role_name=names.service_role_name(base_model.key),
            description="Bedrock reads the training and validation data and writes the job's output with this role",
            assumed_by=iam.ServicePrincipal(
                "bedrock.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": self.account},
                    "ArnEquals": {"aws:SourceArn": jobs},
                },
            ),
            inline_policies={"Job": policy(grants)},
        )
        acknowledge_wildcards(role, grants)
        return role


def _bucket(
    scope: Construct,
    construct_id: str,
    *,
    access_log_bucket: s3.Bucket | None = None,
    expire_after: cdk.Duration | None = None,
) -> s3.Bucket:
    """Kept when the stack is deleted: a report and what it was trained on are not thrown away by a command."""
    return s3.Bucket(
        scope,
        construct_id,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        versioned=True,
        removal_policy=cdk.RemovalPolicy.RETAIN,
        server_access_logs_bucket=access_log_bucket,
        server_access_logs_prefix=f"{construct_id.lower()}/" if access_log_bucket else None,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="old-versions-and-aborted-uploads",
                abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                noncurrent_version_expiration=cdk.Duration.days(30),
                expiration=expire_after,
            )
        ],
    )
