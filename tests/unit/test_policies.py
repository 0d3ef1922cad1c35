"""IAM's evaluation of policies, by table."""

from typing import Any

import pytest

from local.policies import Effect, PolicyError, decide, request, statements

ACCOUNT = "arn:aws:bedrock:us-west-2:123456789012"
THROUGHPUT = f"{ACCOUNT}:provisioned-model/abc123"
OUR_TAG = {"aws:ResourceTag/bedrock-ft:app": "bedrock-ft"}
DELETE = {
    "Effect": "Allow",
    "Action": "bedrock:DeleteProvisionedModelThroughput",
    "Resource": f"{ACCOUNT}:provisioned-model/*",
    "Condition": {"StringEquals": {"aws:ResourceTag/bedrock-ft:app": "bedrock-ft"}},
}
PASS_ROLE = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": "arn:aws:iam::123456789012:role/ft-role",
    "Condition": {"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
}
TO_BEDROCK = {"iam:PassedToService": "bedrock.amazonaws.com"}


def decision(statement: dict[str, Any], action: str, resource: str, context: dict[str, str]) -> Effect | None:
    return decide(statements({"Statement": statement}), request(action, resource, context))


@pytest.mark.parametrize(
    ("statement", "action", "resource", "context"),
    [
        (DELETE, "bedrock:DeleteProvisionedModelThroughput", THROUGHPUT, OUR_TAG),
        (DELETE, "bedrock:deleteprovisionedmodelthroughput", THROUGHPUT, OUR_TAG),
        (DELETE, "bedrock:DeleteProvisionedModelThroughput", THROUGHPUT, {**OUR_TAG, "aws:ResourceTag/of": "others"}),
        (PASS_ROLE, "iam:PassRole", "arn:aws:iam::123456789012:role/ft-role", TO_BEDROCK),
        ({**DELETE, "Action": ["s3:GetObject", "bedrock:Delete*"]}, "bedrock:DeleteX", THROUGHPUT, OUR_TAG),
        ({**DELETE, "Resource": "*", "Condition": {}}, "bedrock:DeleteProvisionedModelThroughput", "*", {}),
        (
            {**DELETE, "Condition": {"StringEquals": {"aws:RESOURCETAG/bedrock-ft:app": ["other", "bedrock-ft"]}}},
            "bedrock:DeleteProvisionedModelThroughput",
            THROUGHPUT,
            OUR_TAG,
        ),
        (
            {**DELETE, "Condition": {"StringLike": {"aws:ResourceTag/bedrock-ft:app": "bed?ock-*"}}},
            "bedrock:DeleteProvisionedModelThroughput",
            THROUGHPUT,
            OUR_TAG,
        ),
        (
            {**DELETE, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:states:*:123456789012:execution:*"}}},
            "bedrock:DeleteProvisionedModelThroughput",
            THROUGHPUT,
            {"aws:SourceArn": "arn:aws:states:us-west-2:123456789012:execution:experiment:run-1"},
        ),
    ],
)
def test_allowed(statement: dict[str, Any], action: str, resource: str, context: dict[str, str]) -> None:
    assert decision(statement, action, resource, context) is Effect.ALLOW


@pytest.mark.parametrize(
    ("statement", "action", "resource", "context"),
    [
        pytest.param(DELETE, "bedrock:DeleteProvisionedModelThroughput", THROUGHPUT, {}, id="no tag"),
        pytest.param(
            DELETE,
            "bedrock:DeleteProvisionedModelThroughput",
            THROUGHPUT,
            {"aws:ResourceTag/bedrock-ft:app": "Bedrock-FT"},
            id="another value of the tag",
        ),
        pytest.param(
            DELETE,
            "bedrock:DeleteProvisionedModelThroughput",
            THROUGHPUT,
            {"aws:RequestTag/bedrock-ft:app": "bedrock-ft"},
            id="the tag in the request instead of on the resource",
        ),
        pytest.param(
            DELETE,
            "bedrock:DeleteProvisionedModelThroughput",
            "arn:aws:bedrock:us-west-2:999999999999:provisioned-model/abc123",
            OUR_TAG,
            id="another account",
        ),
        pytest.param(
            DELETE,
            "bedrock:DeleteProvisionedModelThroughput",
            "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123",
            OUR_TAG,
            id="another region",
        ),
        pytest.param(
            DELETE,
            "bedrock:DeleteProvisionedModelThroughput",
            f"{ACCOUNT}:custom-model/abc123",
            OUR_TAG,
            id="another kind of resource",
        ),
        pytest.param(DELETE, "bedrock:DeleteCustomModel", THROUGHPUT, OUR_TAG, id="another action"),
        pytest.param(
            PASS_ROLE, "iam:PassRole", "arn:aws:iam::123456789012:role/ft-role-2", TO_BEDROCK, id="another role"
        ),
        pytest.param(
            PASS_ROLE,
            "iam:PassRole",
            "arn:aws:iam::123456789012:role/ft-role",
            {"iam:PassedToService": "ec2.amazonaws.com"},
            id="the role to another service",
        ),
        pytest.param(
            {**PASS_ROLE, "Condition": {"StringEquals": TO_BEDROCK, "ArnEquals": {"aws:SourceArn": "arn:aws:a:b:c:d"}}},
            "iam:PassRole",
            "arn:aws:iam::123456789012:role/ft-role",
            TO_BEDROCK,
            id="one of two conditions",
        ),
        pytest.param(
            {**DELETE, "Resource": "arn:aws:bedrock:*:provisioned-model/*", "Condition": {}},
            "bedrock:DeleteProvisionedModelThroughput",
            THROUGHPUT,
            {},
            id="a wildcard over a colon",
        ),
    ],
)
def test_not_allowed(statement: dict[str, Any], action: str, resource: str, context: dict[str, str]) -> None:
    assert decision(statement, action, resource, context) is None


def test_deny_wins() -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "bedrock:Delete*", "Resource": "*"}
    policy = statements({"Statement": [everything, deny]})

    assert decide(policy, request("bedrock:DeleteCustomModel", "*")) is Effect.DENY
    assert decide(policy, request("bedrock:GetCustomModel", "*")) is Effect.ALLOW


@pytest.mark.parametrize(
    "changes",
    [
        {"Condition": {"StringEqualsIfExists": OUR_TAG}},
        {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}},
        {"NotResource": "*"},
        {"Principal": "*"},
        {"Resource": "arn:aws:s3:::bucket/${aws:username}/*"},
    ],
)
def test_what_is_not_understood_is_no_policy(changes: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="not understood"):
        statements({"Statement": [{**DELETE, **changes}]})
