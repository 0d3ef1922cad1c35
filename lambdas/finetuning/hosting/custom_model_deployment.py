"""On-demand custom model deployment: billed by token, and nothing while it is idle."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from finetuning import names
from finetuning.errors import CustomModelDeploymentError
from finetuning.hosting.host import Found, Host

if TYPE_CHECKING:
    from types_boto3_bedrock.type_defs import TagTypeDef


class CustomModelDeployment(Host):
    called = "custom model deployment"
    in_service = "Active"
    failed = "Failed"
    # AWS documents no duration.
    longest_creation = timedelta(minutes=75)
    error = CustomModelDeploymentError

    @staticmethod
    def name(base_model_key: str, run: str) -> str:
        return names.deployment_name(base_model_key, run)

    def create(self, name: str, model_arn: str, token: str, tags: "Sequence[TagTypeDef]") -> str:
        try:
            return self.bedrock.create_custom_model_deployment(
                modelDeploymentName=name, modelArn=model_arn, clientRequestToken=token, tags=tags
            )["customModelDeploymentArn"]
        except self.bedrock.exceptions.ServiceQuotaExceededException as error:
            raise CustomModelDeploymentError(
                f"Bedrock refused a custom model deployment: {error}. At most two of an account may be in progress at "
                "a time, and it has quotas for their number in a region and for each base model: wait until others "
                "are Active, delete those that nobody needs, or ask AWS Support to raise the quota; then evaluate the "
                f'trained model with the input {{"customModelArn": "{model_arn}"}}.'
            ) from error

    def find(self, identifier: str) -> Found | None:
        try:
            found = self.bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=identifier)
        except self.bedrock.exceptions.ResourceNotFoundException:
            return None
        return Found(
            arn=found["customModelDeploymentArn"],
            name=found["modelDeploymentName"],
            status=found["status"],
            created_at=found["createdAt"],
            failure=found.get("failureMessage"),
        )

    def delete(self, arn: str) -> None:
        self.bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)

    def list(self) -> Iterator[Found]:
        for page in self.bedrock.get_paginator("list_custom_model_deployments").paginate():
            for each in page.get("modelDeploymentSummaries", []):
                yield Found(
                    each["customModelDeploymentArn"],
                    each["customModelDeploymentName"],
                    each["status"],
                    each["createdAt"],
                )
