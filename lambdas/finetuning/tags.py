"""Ownership is in tags: whose a resource is, and until when it may live."""

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_bedrock.type_defs import TagTypeDef

APP = "bedrock-ft:app"
APP_NAME = "bedrock-ft"
OWNER = "bedrock-ft:execution-arn"
DEADLINE = "bedrock-ft:deadline"


def owner_tags(execution_arn: str, deadline: datetime | None = None) -> "list[TagTypeDef]":
    """Bedrock's list of {"key", "value"}; the deadline in ISO 8601, UTC."""
    tags = {APP: APP_NAME, OWNER: execution_arn}
    if deadline is not None:
        tags[DEADLINE] = deadline.isoformat(timespec="seconds")
    return [{"key": key, "value": value} for key, value in tags.items()]
