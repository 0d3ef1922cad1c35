"""Permissions as values: what a role may do to which resources, and why a wildcard stands where one does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam


@dataclass(frozen=True)
class Grant:
    """actions on resources (ARNs). Where a resource has a `*`, wildcard_reason says why no ARN can stand there."""

    actions: Sequence[str]
    resources: Sequence[str]
    wildcard_reason: str | None = None
    conditions: Mapping[str, Any] | None = None


WRITE_TRACES = Grant(
    ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    ["*"],
    "X-Ray has no resource-level permissions for writing traces",
)


def policy(grants: Iterable[Grant]) -> iam.PolicyDocument:
    return iam.PolicyDocument(
        minimize=True,
        statements=[
            iam.PolicyStatement(
                actions=list(grant.actions), resources=list(grant.resources), conditions=grant.conditions
            )
            for grant in grants
            # No shipped dataset has a card, for example: then there is none to read.
            if grant.resources
        ],
    )


def acknowledge_wildcards(role: iam.Role, grants: Iterable[Grant]) -> None:
    """Give cdk-nag the reason of each wildcard. One without a reason stays a finding, which stops the synthesis."""
    reasons: dict[str, list[str]] = {}
    for grant in grants:
        for resource in grant.resources:
            if "*" in resource and grant.wildcard_reason:
                reasons.setdefault(resource, []).append(grant.wildcard_reason)
    stack = cdk.Stack.of(role)
    for resource, why in reasons.items():
        finding = f"AwsSolutions-IAM5[Resource::{_as_in_finding(stack.resolve(resource))}]"
        reason = "; ".join(dict.fromkeys(why))
        cdk.Validations.of(role).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))


def _as_in_finding(value: object) -> str:
    """An ARN as cdk-nag writes it in a finding's id, with intrinsic functions in angle brackets."""
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_as_in_finding, parts))
        case {"Fn::ImportValue": name}:
            return str(name)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case _:
            raise ValueError(f"how cdk-nag writes this part of an ARN is not known here: {value}")
