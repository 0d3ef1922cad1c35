"""Deployed policies apply: a handler can call of AWS what its function's role allows, and nothing else.

boto3 meets a refusal where the service's answer would be, in that service's words.
"""

import ast
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.model import OperationModel
from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends
from moto.sns.models import sns_backends

from local.bedrock import LocalBedrock
from local.engine.calls import Calls
from local.policies import Effect, Request, Statement, decide, request, statements

# Elsewhere AccessDeniedException; a HEAD's answer has no body to tell more than the status.
_CODES = {"s3": "AccessDenied", "iam": "AccessDenied", "sns": "AuthorizationError"}
_MISSING = {"NoSuchKey", "404"}
_CALL = "local engine's call"

Answer = tuple[AWSResponse, Mapping[str, Any]]


@dataclass(frozen=True)
class _Caller:
    """A function with the role that it has assumed."""

    function: str
    role: str

    @property
    def session(self) -> str:
        account_id, name = self.role.split(":")[4], self.role.rpartition("/")[2]
        return f"arn:aws:sts::{account_id}:assumed-role/{name}/{self.function}"


class Permissions:
    """granted: by function, what its calls asked for and its role allows."""

    def __init__(self, bedrock: LocalBedrock, region: str, account_id: str) -> None:
        self._region, self._account_id = region, account_id
        self._calls = Calls(region, account_id, _Deployed(bedrock, region, account_id))
        self.granted: defaultdict[str, set[Request]] = defaultdict(set)

    @contextmanager
    def enforced(self) -> Iterator[boto3.Session]:
        """The session for handlers. Whoever else calls AWS in this process, with another, acts for no function."""
        session = _session()
        # The type stubs know of no hooks that answer.
        events: Any = session.events
        hooks = {
            "provide-client-params.*.*": self._keep,
            "before-call.*.*": self._authorize,
            "after-call.s3.*": self._hide,
        }
        for event, hook in hooks.items():
            events.register(event, hook)
        try:
            yield session
        finally:
            for event, hook in hooks.items():
                events.unregister(event, hook)

    def statements(self, function: str) -> list[Statement]:
        """What the function's role says, as it is now."""
        role = lambda_backends[self._account_id][self._region].get_function(function).role
        policies = iam_backends[self._account_id]["aws"].get_role_by_arn(role).policies
        return [statement for document in policies.values() for statement in _parsed(str(document))]

    def _keep(self, params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        """What the caller asked for, before botocore changes it. The caller is whose variables the process has.

        Not whose thread this is: transfers to S3 have threads of their own.
        """
        if function := os.environ.get("AWS_LAMBDA_FUNCTION_NAME"):
            role = lambda_backends[self._account_id][self._region].get_function(function).role
            context[_CALL] = _Caller(function, role), dict(params)

    def _authorize(self, model: OperationModel, context: Mapping[str, Any], **_: object) -> Answer | None:
        if _CALL not in context:
            return None
        caller, parameters = context[_CALL]
        service = model.service_model.signing_name
        for needed in self._calls.needs(service, model.name, parameters):
            if refusal := self._refusal(caller, needed):
                code = "403" if model.name == "HeadObject" else _CODES.get(service, "AccessDeniedException")
                return AWSResponse(model.http["requestUri"], 403, HTTPHeaders(), None), _error(code, refusal)
        return None

    def _hide(self, parsed: dict[str, Any], context: Mapping[str, Any], **_: object) -> None:
        """S3 says that an object is missing to those who may list the bucket."""
        if _CALL in context and (code := parsed.get("Error", {}).get("Code")) in _MISSING:
            caller, parameters = context[_CALL]
            if refusal := self._refusal(caller, request("s3:ListBucket", f"arn:aws:s3:::{parameters['Bucket']}")):
                parsed.update(_error("403" if code == "404" else "AccessDenied", refusal))

    def _refusal(self, caller: _Caller, needed: Request) -> str | None:
        """None where the request is granted."""
        match decide(self.statements(caller.function), needed):
            case Effect.ALLOW:
                self.granted[caller.function].add(needed)
                return None
            case Effect.DENY:
                reason = "with an explicit deny in an identity-based policy"
            case None:
                reason = f"because no identity-based policy allows the {needed.action} action"
        asked = f"{needed.action} on resource: {needed.resource}"
        return f"User: {caller.session} is not authorized to perform: {asked} {reason}"


class _Deployed:
    """The resources that permissions depend on."""

    def __init__(self, bedrock: LocalBedrock, region: str, account_id: str) -> None:
        self.arn, self.tags = bedrock.arn, bedrock.tags
        self._topics = sns_backends[account_id][region].topics

    def key_of_topic(self, arn: str) -> str | None:
        topic = self._topics.get(arn)
        return topic.kms_master_key_id or None if topic else None


def _error(code: str, message: str) -> Mapping[str, Any]:
    return {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 403, "HTTPHeaders": {}}}


@cache
def _session() -> boto3.Session:
    """One for all engines: each reads the descriptions of AWS's services anew, as long as a whole execution takes."""
    return boto3.Session()


@lru_cache(maxsize=256)
def _parsed(document: str) -> Iterable[Statement]:
    """moto keeps the inline policies of a template as Python writes them, those of the API as they came."""
    return tuple(statements(ast.literal_eval(document)))
