"""What a handler needs from outside: AWS clients, made once per container, and a clock."""

import time
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
    from types_boto3_iam.client import IAMClient
    from types_boto3_s3.client import S3Client
    from types_boto3_service_quotas.client import ServiceQuotasClient
    from types_boto3_sns.client import SNSClient
    from types_boto3_stepfunctions.client import SFNClient

Environment = Literal["aws", "local"]


class Clock(Protocol):
    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Services:
    """Clients are made on first use, so a handler pays only for those it calls."""

    def __init__(self, clock: Clock | None = None, environment: Environment = "aws") -> None:
        self.clock: Clock = clock or SystemClock()
        self.environment: Environment = environment

    def use(self, clock: Clock, environment: Environment) -> None:
        """Start afresh with another clock; the local engine calls this."""
        self.__dict__.clear()
        self.clock, self.environment = clock, environment

    @cached_property
    def s3(self) -> "S3Client":
        import boto3

        return boto3.client("s3")

    @cached_property
    def bedrock(self) -> "BedrockClient":
        import boto3

        return boto3.client("bedrock")

    @cached_property
    def bedrock_runtime(self) -> "BedrockRuntimeClient":
        import boto3
        from botocore.config import Config

        # A long answer takes more than boto3's default of 60 s; all its attempts fit into a function's 15 minutes.
        return boto3.client("bedrock-runtime", config=Config(read_timeout=120))

    @cached_property
    def iam(self) -> "IAMClient":
        import boto3

        return boto3.client("iam")

    @cached_property
    def service_quotas(self) -> "ServiceQuotasClient":
        import boto3

        return boto3.client("service-quotas")

    @cached_property
    def sns(self) -> "SNSClient":
        import boto3

        return boto3.client("sns")

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        import boto3

        return boto3.client("stepfunctions")


services = Services()
"""The one set of services that the handlers of a container share."""
