"""One AWS service as botocore's service model publishes it: which operation a request means, its parameters, and
answers and errors as the service would send them. Protocols: rest-json and json.

Since routing, parsing and checks all come from the model, the local Bedrock cannot drift from the real API without
raising DriftError.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

import botocore.session
from botocore.model import OperationModel, Shape, StructureShape

from local.bedrock.errors import AwsError, DriftError, NotEmulatedError, UnknownOperationError, validation_error
from local.bedrock.shapes import from_text, from_wire, to_wire, violations, wire_name

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """An HTTP request; header names in lower case, percent-encoding in the URL as it came.

    region: the one whose endpoint the client talks to.
    """

    region: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class _Route:
    method: str
    path: re.Pattern[str]
    operation: OperationModel


class ServiceModel:
    """Get one with `service_model`: reading the model takes a moment, and it never changes."""

    def __init__(self, service_name: str) -> None:
        self.name = service_name
        self._model = botocore.session.get_session().get_service_model(service_name)
        self._routes = [self._route(self._model.operation_model(name)) for name in self._model.operation_names]
        # The more literal path wins: /custom-models/create-custom-model before /custom-models/{modelIdentifier}.
        self._routes.sort(key=lambda route: route.path.groups)
        self._statuses = {
            shape.name: int(shape.metadata.get("error", {}).get("httpStatusCode", 400))
            for shape in self._model.error_shapes
        }

    @property
    def operations(self) -> frozenset[str]:
        return frozenset(self._model.operation_names)

    def operation(self, name: str) -> OperationModel:
        return self._model.operation_model(name)

    def error_codes(self, operation: str) -> frozenset[str]:
        """The errors that the operation may answer with."""
        return frozenset(shape.name for shape in self.operation(operation).error_shapes)

    def knows_error(self, code: str) -> bool:
        return code in self._statuses

    def parse(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The operation's name and its parameters. Raises UnknownOperationError, AwsError (broken JSON)."""
        if self._model.metadata["protocol"] == "json":
            name = request.headers.get("x-amz-target", "").rpartition(".")[2]
            if name not in self.operations:
                raise UnknownOperationError(f"X-Amz-Target {name!r}")
            return name, self._parameters(self.operation(name), {}, request)
        # Matched while still encoded: an ARN holds slashes, which are %2F here.
        path = urlsplit(request.url).path
        for route in self._routes:
            if route.method == request.method and (match := route.path.fullmatch(path)):
                return route.operation.name, self._parameters(route.operation, match.groupdict(), request)
        raise UnknownOperationError(f"{request.method} {path}")

    def check(self, operation: str, parameters: Document) -> None:
        """Raises ValidationException with every broken constraint."""
        shape = self.operation(operation).input_shape
        found = list(violations(shape, dict(parameters))) if shape else []
        if found:
            noun = "validation error" if len(found) == 1 else "validation errors"
            raise validation_error(f"{len(found)} {noun} detected: {'; '.join(found)}")

    def answer(self, operation: str, output: Document) -> Response:
        """Raises DriftError if the output is not what the service model promises."""
        model = self.operation(operation)
        shape = model.output_shape
        found = [str(sorted(output))] if shape is None and output else []
        if shape is not None:
            found += violations(shape, dict(output))
        if found:
            raise DriftError(f"our answer to {operation} breaks the published API: {'; '.join(found)}")
        headers = {"x-amzn-RequestId": str(uuid4())}
        body = self._body(shape, output, headers) if shape is not None else b""
        return Response(int(model.http.get("responseCode", 200)), headers, body)

    def error(self, operation: str | None, error: AwsError) -> Response:
        """Raises DriftError for an error that the operation does not have."""
        if isinstance(error, NotEmulatedError):
            status = 501
        elif isinstance(error, UnknownOperationError):
            status = 404
        elif error.code in self._statuses:
            if operation is not None and error.code not in self.error_codes(operation):
                raise DriftError(f"{operation} has no error {error.code} (message: {error})") from error
            status = self._statuses[error.code]
        elif error.code == "SerializationException":
            status = 400
        else:
            raise DriftError(f"{self.name} has no error {error.code} (message: {error})") from error
        headers = {
            "x-amzn-RequestId": str(uuid4()),
            "x-amzn-ErrorType": error.code,
            "Content-Type": "application/json",
        }
        return Response(status, headers, json.dumps({"__type": error.code, "message": str(error)}).encode())

    @staticmethod
    def _route(operation: OperationModel) -> _Route:
        path = operation.http["requestUri"].partition("?")[0]
        literal_and_names = re.split(r"\{(\w+)(\+?)\}", path)
        expression = re.escape(literal_and_names[0])
        for name, greedy, literal in zip(*(literal_and_names[part::3] for part in (1, 2, 3)), strict=True):
            expression += f"(?P<{name}>{'.+' if greedy else '[^/]+'}){re.escape(literal)}"
        return _Route(operation.http["method"], re.compile(expression + "/?"), operation)

    @staticmethod
    def _parameters(operation: OperationModel, path: Mapping[str, str], request: Request) -> dict[str, Any]:
        shape = operation.input_shape
        if shape is None:
            return {}
        payload = shape.serialization.get("payload")
        query = dict(parse_qsl(urlsplit(request.url).query))
        document = {} if payload else _json_object(request.body)
        parameters: dict[str, Any] = {}
        for name, member in shape.members.items():
            wire = wire_name(name, member)
            if name == payload:
                value: object = request.body or None
            else:
                match member.serialization.get("location"):
                    case "uri":
                        text = unquote(path[wire]) if wire in path else None
                    case "querystring":
                        text = query.get(wire)
                    case "header":
                        text = request.headers.get(wire.lower())
                    case _:
                        if document.get(wire) is not None:
                            parameters[name] = from_wire(member, document[wire])
                        continue
                value = None if text is None else from_text(member, text)
            if value is not None:
                parameters[name] = value
        return parameters

    @staticmethod
    def _body(shape: StructureShape, output: Document, headers: dict[str, str]) -> bytes:
        payload = shape.serialization.get("payload")
        document: dict[str, object] = {}
        for name, value in output.items():
            member: Shape = shape.members[name]
            if member.serialization.get("location") == "header":
                headers[wire_name(name, member)] = str(value)
            elif name != payload:
                document[wire_name(name, member)] = to_wire(member, value)
        if payload is not None:
            body = output[payload]
            return body if isinstance(body, bytes) else json.dumps(to_wire(shape.members[payload], body)).encode()
        headers["Content-Type"] = "application/json"
        return json.dumps(document).encode()


def _json_object(body: bytes) -> dict[str, object]:
    try:
        document = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the body is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise AwsError("SerializationException", "the body is not a JSON object")
    return document


@cache
def service_model(service_name: str) -> ServiceModel:
    return ServiceModel(service_name)
