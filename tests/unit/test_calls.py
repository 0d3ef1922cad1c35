"""What calls to AWS must be allowed, by table."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.engine.calls import Calls

BEDROCK = "arn:aws:bedrock:us-west-2:123456789012"
MODEL = "foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0"
THROUGHPUT = f"{BEDROCK}:provisioned-model/abc"
KEY = "arn:aws:kms:us-west-2:123456789012:key/1"
TOPIC = "arn:aws:sns:us-west-2:123456789012:runs"
JOB = {
    "jobName": "job-1",
    "customModelName": "model-1",
    "roleArn": "arn:aws:iam::123456789012:role/ft-role",
    "baseModelIdentifier": "base",
}
OURS = [{"key": "app", "value": "ours"}]


class Deployed:
    """A throughput named `pt-1` with a tag, and an encrypted topic."""

    def arn(self, identifier: str) -> str | None:
        return THROUGHPUT if identifier in ("pt-1", THROUGHPUT) else None

    def tags(self, arn: str) -> Mapping[str, str]:
        return {"app": "ours"} if arn == THROUGHPUT else {}

    def key_of_topic(self, arn: str) -> str | None:
        return KEY if arn == TOPIC else None


def needs(service: str, operation: str, parameters: dict[str, Any]) -> list[tuple[str, str, dict[str, str]]]:
    found = Calls("us-west-2", "123456789012", Deployed()).needs(service, operation, parameters)
    return [(each.action, each.resource, dict(each.context)) for each in found]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "expected"),
    [
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k/1"}, [("s3:GetObject", "arn:aws:s3:::b/k/1", {})]),
        ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "k"}, [("s3:ListBucket", "arn:aws:s3:::b", {})]),
        (
            "s3",
            "CopyObject",
            {"Bucket": "b", "Key": "new", "CopySource": {"Bucket": "a", "Key": "old"}},
            [("s3:GetObject", "arn:aws:s3:::a/old", {}), ("s3:PutObject", "arn:aws:s3:::b/new", {})],
        ),
        (
            "bedrock",
            "Converse",
            {"modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0"},
            [
                (
                    "bedrock:InvokeModel",
                    f"{BEDROCK}:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
                    {},
                ),
                ("bedrock:InvokeModel", f"arn:aws:bedrock:us-east-1::{MODEL}", {}),
                ("bedrock:InvokeModel", f"arn:aws:bedrock:us-east-2::{MODEL}", {}),
                ("bedrock:InvokeModel", f"arn:aws:bedrock:us-west-2::{MODEL}", {}),
            ],
        ),
        (
            "bedrock",
            "Converse",
            {"modelId": THROUGHPUT},
            [("bedrock:InvokeModel", THROUGHPUT, {"aws:resourcetag/app": "ours"})],
        ),
        (
            "bedrock",
            "DeleteProvisionedModelThroughput",
            {"provisionedModelId": "pt-1"},
            [("bedrock:DeleteProvisionedModelThroughput", THROUGHPUT, {"aws:resourcetag/app": "ours"})],
        ),
        (
            "bedrock",
            "GetProvisionedModelThroughput",
            {"provisionedModelId": "gone"},
            [("bedrock:GetProvisionedModelThroughput", f"{BEDROCK}:provisioned-model/gone", {})],
        ),
        (
            "bedrock",
            "CreateModelCustomizationJob",
            {**JOB, "jobTags": OURS},
            [
                (
                    "bedrock:CreateModelCustomizationJob",
                    "arn:aws:bedrock:us-west-2::foundation-model/base",
                    {"aws:requesttag/app": "ours"},
                ),
                (
                    "bedrock:CreateModelCustomizationJob",
                    f"{BEDROCK}:model-customization-job/job-1",
                    {"aws:requesttag/app": "ours"},
                ),
                (
                    "bedrock:CreateModelCustomizationJob",
                    f"{BEDROCK}:custom-model/model-1",
                    {"aws:requesttag/app": "ours"},
                ),
                ("bedrock:TagResource", f"{BEDROCK}:model-customization-job/job-1", {"aws:requesttag/app": "ours"}),
                ("iam:PassRole", JOB["roleArn"], {"iam:passedtoservice": "bedrock.amazonaws.com"}),
            ],
        ),
        (
            "sns",
            "Publish",
            {"TopicArn": TOPIC},
            [
                ("sns:Publish", TOPIC, {}),
                ("kms:Decrypt", KEY, {"kms:viaservice": "sns.us-west-2.amazonaws.com"}),
                ("kms:GenerateDataKey", KEY, {"kms:viaservice": "sns.us-west-2.amazonaws.com"}),
            ],
        ),
    ],
)
def test_what_a_call_needs(
    service: str, operation: str, parameters: dict[str, Any], expected: list[tuple[str, str, dict[str, str]]]
) -> None:
    assert needs(service, operation, parameters) == expected


def test_a_call_that_nobody_wrote_down_is_not_let_through() -> None:
    with pytest.raises(LookupError, match="s3's DeleteObject"):
        needs("s3", "DeleteObject", {"Bucket": "b", "Key": "k"})
