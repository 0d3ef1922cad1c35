"""Which AWS calls each function makes, and what its role grants: to compare the two."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import boto3
from botocore.model import OperationModel

from local.engine.functions import Handler, Interceptor, LambdaContext

Parameters = Mapping[str, Any]
# Where IAM's action is not named like the API's operation.
_ACTIONS = {
    "Converse": "InvokeModel",
    "HeadObject": "GetObject",
    "ListObjectsV2": "ListBucket",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
}
# Beside the calls that handlers make: the function's log and traces, and what S3 does when an upload is given up.
# Nor is what AWS does on a handler's behalf: keys of an encrypted topic, tags and a role that are passed on.
NOT_OF_HANDLERS = ("logs:", "xray:", "sqs:", "kms:", "s3:AbortMultipartUpload", "bedrock:TagResource", "iam:PassRole")


@dataclass(frozen=True)
class Call:
    """An action on a resource: its ARN, or None where the call alone does not tell."""

    function: str
    action: str
    resource: str | None


class Recorder:
    """Notes the calls of every handler. Made before the engine deploys: clients keep the hooks of their session."""

    def __init__(self) -> None:
        self.calls: set[Call] = set()
        self._function = ""
        boto3.setup_default_session()
        session = boto3._get_default_session()
        session.events.register("provide-client-params.*.*", self._note)

    def around(self, inner: Interceptor = lambda handler: handler) -> Interceptor:
        def intercept(handler: Handler) -> Handler:
            wrapped = inner(handler)

            def run(event: object, context: LambdaContext) -> object:
                self._function = context.function_name
                try:
                    return wrapped(event, context)
                finally:
                    self._function = ""

            return run

        return intercept

    def _note(self, params: Parameters, model: OperationModel, **_: object) -> None:
        # The engine itself invokes functions while a handler is at work.
        if self._function and model.service_model.service_name != "lambda":
            service = model.service_model.signing_name
            for action, resource in _needed(service, model.name, params):
                self.calls.add(Call(self._function, action, resource))


def _needed(service: str, operation: str, params: Parameters) -> Iterator[tuple[str, str | None]]:
    if operation == "CopyObject":
        source = params["CopySource"]
        yield "s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}"
        operation = "PutObject"
    action = f"{service}:{_ACTIONS.get(operation, operation)}"
    if service == "s3":
        key = f"/{params['Key']}" if "Key" in params else ""
        yield action, f"arn:aws:s3:::{params['Bucket']}{key}"
        if action == "s3:GetObject":
            # Without it, an object that is missing would be one that is forbidden.
            yield "s3:ListBucket", None
        return
    arns = [value for value in params.values() if isinstance(value, str) and value.startswith("arn:")]
    yield action, arns[0] if len(arns) == 1 and service != "bedrock" else None


def granted() -> dict[str, list[Mapping[str, Any]]]:
    """The statements of each function's role, as deployed."""
    iam = boto3.client("iam")
    functions = boto3.client("lambda").list_functions()["Functions"]
    found: dict[str, list[Mapping[str, Any]]] = {}
    for function in functions:
        role = function["Role"].rpartition("/")[2]
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [_document(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]) for name in names]
        found[function["FunctionName"]] = [each for document in documents for each in document["Statement"]]
    return found


def _document(policy: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON, parsed or not
    """moto gives inline policies of a template back as Python writes them."""
    parsed: Mapping[str, Any] = ast.literal_eval(policy) if isinstance(policy, str) else policy
    return parsed


def actions(statement: Mapping[str, Any]) -> list[str]:
    return _list(statement["Action"])


def allows(statement: Mapping[str, Any], call: Call) -> bool:
    """Without conditions; a resource that the call does not name by ARN is not compared."""
    on_resource = call.resource is None or any(
        fnmatchcase(call.resource, each) for each in _list(statement["Resource"])
    )
    return statement["Effect"] == "Allow" and call.action in actions(statement) and on_resource


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
