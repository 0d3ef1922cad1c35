"""Whether Bedrock may assume a role for a customization job, as the role's trust policy says."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local.bedrock.errors import validation_error

if TYPE_CHECKING:
    from types_boto3_iam.client import IAMClient

_SERVICE = "bedrock.amazonaws.com"
# In IAM both Arn operators take wildcards.
_WITH_WILDCARDS = {"StringLike", "ArnEquals", "ArnLike"}


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
    context = {"aws:sourceaccount": source_account, "aws:sourcearn": source_arn}
    effects = {each["Effect"] for each in _listed(policy.get("Statement")) if _applies(each, context)}
    if effects != {"Allow"}:
        raise _not_assumable(
            role_arn,
            f"its trust policy does not allow {_SERVICE} sts:AssumeRole with aws:SourceAccount {source_account} "
            f"and aws:SourceArn {source_arn}",
        )


def _not_assumable(role_arn: str, reason: str) -> Exception:
    return validation_error(f"Amazon Bedrock could not assume the role {role_arn}: {reason}.")


def _applies(statement: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    principal = statement.get("Principal", {})
    services = _listed(principal.get("Service")) if isinstance(principal, Mapping) else []
    return (
        _SERVICE in services
        and any(fnmatchcase("sts:AssumeRole", action) for action in _listed(statement.get("Action")))
        and all(
            _holds(operator, key, _listed(values), context)
            for operator, tests in statement.get("Condition", {}).items()
            for key, values in tests.items()
        )
    )


def _holds(operator: str, key: str, values: Sequence[str], context: Mapping[str, str]) -> bool:
    actual = context.get(key.lower())
    if actual is None:
        return False
    if operator in _WITH_WILDCARDS:
        return any(fnmatchcase(actual, value) for value in values)
    return operator == "StringEquals" and actual in values


def _listed(value: object) -> list[Any]:
    """In a policy, what may be a list may also stand alone."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
