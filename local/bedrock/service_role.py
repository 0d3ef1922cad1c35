"""Whether Bedrock may assume a role for a customization job, as the role's trust policy says."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.bedrock.errors import validation_error
from local.policies import Effect, Statement, decide, listed, request

if TYPE_CHECKING:
    from types_boto3_iam.client import IAMClient

_SERVICE = "bedrock.amazonaws.com"


def check_service_role(iam: "IAMClient", role_arn: str, *, source_account: str, source_arn: str) -> None:
    """Raises ValidationException if the role does not exist or does not trust Bedrock for this job."""
    name = role_arn.rpartition("/")[2]
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        raise _not_assumable(role_arn, f"GetRole answers {error.response['Error']['Code']}") from error
    if role["Arn"] != role_arn:
        raise _not_assumable(role_arn, f"the role of that name is {role['Arn']}")
    policy = role["AssumeRolePolicyDocument"]
    if not isinstance(policy, Mapping):
        raise _not_assumable(role_arn, "its trust policy is no JSON object")
    about_bedrock = [_statement(each) for each in listed(policy.get("Statement", [])) if _is_about_bedrock(each)]
    context = {"aws:SourceAccount": source_account, "aws:SourceArn": source_arn}
    if decide(about_bedrock, request("sts:AssumeRole", role_arn, context)) is not Effect.ALLOW:
        raise _not_assumable(
            role_arn,
            f"its trust policy does not allow {_SERVICE} sts:AssumeRole with aws:SourceAccount {source_account} "
            f"and aws:SourceArn {source_arn}",
        )


def _not_assumable(role_arn: str, reason: str) -> Exception:
    return validation_error(f"Amazon Bedrock could not assume the role {role_arn}: {reason}.")


def _is_about_bedrock(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    return isinstance(principal, Mapping) and _SERVICE in listed(principal.get("Service"))


def _statement(document: Mapping[str, Any]) -> Statement:
    return Statement.parse({element: value for element, value in document.items() if element != "Principal"})
