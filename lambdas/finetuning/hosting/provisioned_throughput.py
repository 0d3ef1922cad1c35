"""Provisioned Throughput: one model unit without commitment. It costs by the hour from creation until it is gone.

There is no status "Deleting": gone is ResourceNotFoundException.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from finetuning import names
from finetuning.errors import ProvisionedThroughputError
from finetuning.hosting.host import Found, Host

if TYPE_CHECKING:
    from types_boto3_bedrock.type_defs import TagTypeDef

MODEL_UNITS = 1


class ProvisionedThroughput(Host):
    called = "Provisioned Throughput"
    in_service = "InService"
    failed = "Failed"
    # Reports of 2024-2026 say 10 to 45 minutes.
    longest_creation = timedelta(minutes=75)
    error = ProvisionedThroughputError

    @staticmethod
    def name(base_model_key: str, run: str) -> str:
        return names.throughput_name(base_model_key, run)

    def create(self, name: str, model_arn: str, token: str, tags: "Sequence[TagTypeDef]") -> str:
        try:
            return self.bedrock.create_provisioned_model_throughput(
                provisionedModelName=name,
                modelId=model_arn,
                modelUnits=MODEL_UNITS,
                clientRequestToken=token,
                tags=tags,
            )["provisionedModelArn"]
        except self.bedrock.exceptions.ServiceQuotaExceededException as error:
            raise ProvisionedThroughputError(
                f"Bedrock refused a Provisioned Throughput: {error}. Ask AWS Support to raise the quota 'Model units "
                "no-commitment Provisioned Throughputs across custom models' in this region; then evaluate the trained "
                f'model with the input {{"customModelArn": "{model_arn}"}}.'
            ) from error

    def find(self, identifier: str) -> Found | None:
        try:
            found = self.bedrock.get_provisioned_model_throughput(provisionedModelId=identifier)
        except self.bedrock.exceptions.ResourceNotFoundException:
            return None
        return Found(
            arn=found["provisionedModelArn"],
            name=found["provisionedModelName"],
            status=found["status"],
            created_at=found["creationTime"],
            failure=found.get("failureMessage"),
        )

    def delete(self, arn: str) -> None:
        self.bedrock.delete_provisioned_model_throughput(provisionedModelId=arn)

    def list(self) -> Iterator[Found]:
        for page in self.bedrock.get_paginator("list_provisioned_model_throughputs").paginate():
            for each in page.get("provisionedModelSummaries", []):
                yield Found(
                    each["provisionedModelArn"], each["provisionedModelName"], each["status"], each["creationTime"]
                )
