"""What unit tests share: no AWS account within reach, a clock moved by hand, S3 in memory, botocore's own errors."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, cast

import botocore.session
import pytest
from botocore.errorfactory import BaseClientExceptions, ClientExceptionsFactory
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from finetuning.run_store import RunStore
from finetuning.services import Clock, services
from hypothesis import settings

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

REGION = "us-west-2"
START = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)

# A busy machine is no bug, and a commit that passed once passes again.
settings.register_profile("unit", deadline=None, derandomize=True)
settings.load_profile("unit")


@pytest.fixture(autouse=True)
def no_aws_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that gets past a test's fakes fails at once, with credentials of nobody."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)


@cache
def exceptions_of(service: str) -> BaseClientExceptions:
    """The exception classes that a client of that service has as `exceptions`."""
    return ClientExceptionsFactory().create_client_exceptions(botocore.session.get_session().get_service_model(service))


def error_of(service: str, code: str, message: str = "", status: int = 400) -> ClientError:
    """What a client of that service raises for an error code."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    # A class, whatever the type stubs say.
    known: Any = exceptions_of(service).from_code(code)
    error: ClientError = known(response, "Operation")
    return error


@pytest.fixture(scope="session")
def aws_exceptions() -> Callable[[str], BaseClientExceptions]:
    return exceptions_of


@pytest.fixture(scope="session")
def aws_error() -> Callable[..., ClientError]:
    return error_of


@dataclass
class ManualClock:
    time: datetime = START

    def now(self) -> datetime:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return ManualClock()


@dataclass
class InMemoryS3:
    """The calls that handlers make, with boto3's names. `after_get`: what happens to an object once it was read."""

    exceptions: BaseClientExceptions = field(default_factory=lambda: exceptions_of("s3"))
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    after_get: Callable[[bytes], bytes] = lambda body: body

    def put_object(self, **request: Any) -> Mapping[str, str]:  # noqa: ANN401 - as boto3 has it
        place, body = (request["Bucket"], request["Key"]), request["Body"]
        is_there = place in self.objects
        changed = "IfMatch" in request and (not is_there or _etag(self.objects[place]) != request["IfMatch"])
        if changed or (is_there and request.get("IfNoneMatch") == "*"):
            raise error_of("s3", "PreconditionFailed", status=412)
        self.objects[place] = body
        return {"ETag": _etag(body)}

    def get_object(self, **request: str) -> Mapping[str, Any]:
        place = request["Bucket"], request["Key"]
        if place not in self.objects:
            raise error_of("s3", "NoSuchKey", status=404)
        body = self.objects[place]
        if request.get("IfMatch", _etag(body)) != _etag(body):
            raise error_of("s3", "PreconditionFailed", status=412)
        self.objects[place] = self.after_get(body)
        return {"Body": StreamingBody(BytesIO(body), len(body)), "ETag": _etag(body)}

    def upload_fileobj(self, source: Any, bucket: str, key: str, ExtraArgs: object) -> None:  # noqa: ANN401, N803, ARG002
        # In parts, as boto3's managed transfer reads a stream.
        self.objects[bucket, key] = b"".join(iter(lambda: source.read(1000), b""))

    def get_paginator(self, operation: Literal["list_objects_v2"]) -> "InMemoryS3":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **request: str) -> list[Mapping[str, Any]]:
        keys = [key for bucket, key in self.objects if bucket == request["Bucket"]]
        return [{"Contents": [{"Key": key}]} for key in sorted(keys) if key.startswith(request["Prefix"])]


def _etag(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def s3() -> "S3Client":
    return cast("S3Client", InMemoryS3())


@pytest.fixture
def store(s3: "S3Client") -> RunStore:
    return RunStore(s3, "results", "first-run")


Handler = Callable[[Mapping[str, Any], object], Mapping[str, Any]]
Invoke = Callable[..., Mapping[str, Any]]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch, clock: Clock, s3: "S3Client") -> Invoke:
    """Calls a handler as the state machine does; `clients` are the fakes that it finds in place of boto3's."""
    monkeypatch.setenv("BASE_MODEL", "claude-3-haiku")
    monkeypatch.setenv("RESULTS_BUCKET", "results")
    execution = {"id": f"arn:aws:states:{REGION}:123456789012:execution:experiment:first-run", "name": "first-run"}

    def call(
        handler: Handler, state: Mapping[str, Any], event: Mapping[str, Any] | None = None, **clients: object
    ) -> Mapping[str, Any]:
        for name, value in {"clock": clock, "environment": "local", "s3": s3, **clients}.items():
            monkeypatch.setitem(vars(services), name, value)
        entered_at = clock.now().isoformat()
        return handler({"execution": execution, "enteredAt": entered_at, "state": state, **(event or {})}, None)

    return call
