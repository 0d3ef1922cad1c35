"""What a handler needs from outside: AWS clients, made once per container, and a clock."""

import time
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
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

    def use(self, clock: Clock, environment: Environment, session: "boto3.Session | None" = None) -> None:
        """Start afresh with another clock, and a session that makes the clients; the local engine calls this."""
        self.__dict__.clear()
        self.clock, self.environment = clock, environment
        if session is not None:
            self.session = session

    @cached_property
    def session(self) -> "boto3.Session":
        import boto3

        return boto3.Session()

    @cached_property
    def s3(self) -> "S3Client":
        return self.session.client("s3")

    @cached_property
    def s3_in_haste(self) -> "S3Client":
        """For small objects, where other work must not wait for them."""
        return self.session.client("s3", config=_short_calls())

    @cached_property
    def bedrock(self) -> "BedrockClient":
        return self.session.client("bedrock", config=_short_calls())

    @cached_property
    def bedrock_runtime(self) -> "BedrockRuntimeClient":
        from botocore.config import Config

        # A long answer takes more than boto3's default of 60 s; all its attempts fit into a function's 15 minutes.
        return self.session.client("bedrock-runtime", config=Config(read_timeout=120))

    @cached_property
    def iam(self) -> "IAMClient":
        return self.session.client("iam")

    @cached_property
    def service_quotas(self) -> "ServiceQuotasClient":
        return self.session.client("service-quotas")

    @cached_property
    def sns(self) -> "SNSClient":
        return self.session.client("sns", config=_short_calls())

    def in_region(self, service: str, region: str) -> Any:  # noqa: ANN401 - a client of any service
        """A client for another region than the function's own."""
        clients: dict[tuple[str, str], Any] = self.__dict__.setdefault("_regional", {})
        if (service, region) not in clients:
            # The type stubs know a client by a literal name.
            make: Any = self.session.client
            clients[service, region] = make(service, region_name=region, config=_short_calls())
        return clients[service, region]

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        return self.session.client("stepfunctions", config=_short_calls())


def _short_calls() -> "Config":
    """For calls that carry no work: with boto3's 60 s one that hangs would use up its function's time."""
    from botocore.config import Config

    return Config(connect_timeout=10, read_timeout=10)


services = Services()
"""The one set of services that the handlers of a container share."""
