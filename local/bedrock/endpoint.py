"""One emulated service: takes requests, lets faults happen, performs operations, answers as the service model says."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from local.bedrock.account import Account
from local.bedrock.errors import AwsError, NotEmulatedError
from local.bedrock.faults import Fault, Faults
from local.bedrock.ledger import Call, Ledger
from local.bedrock.service_model import Document, Request, Response, ServiceModel

Operation = Callable[[Document], Document]
"""Takes checked parameters, returns the answer's members, raises AwsError."""


class Endpoint:
    def __init__(
        self,
        model: ServiceModel,
        operations: Mapping[str, Operation],
        *,
        account: Account,
        faults: Faults,
        ledger: Ledger,
        lock: AbstractContextManager[object],
        error_names: Mapping[str, str],
    ) -> None:
        """lock: held while an operation is performed.

        error_names: this service's names for errors that Bedrock has too. Raises ValueError if the service model lacks
        one of the operations.
        """
        unknown = set(operations) - model.operations
        if unknown:
            raise ValueError(f"{model.name} has no operation {', '.join(sorted(unknown))}")
        self.operations = operations
        self._model = model
        self._account = account
        self._faults = faults
        self._ledger = ledger
        self._lock = lock
        self._error_names = error_names

    def check_fault(self, operation: str, code: str | None) -> None:
        """Raises ValueError if the operation never answers with that error."""
        if code is not None and self._spelled(code) not in self._model.error_codes(operation):
            raise ValueError(f"{operation} has no error {code}")

    def handle(self, request: Request) -> Response:
        """Raises DriftError, and what an injected fault lets the client meet instead of an answer."""
        name: str | None = None
        try:
            name, parameters = self._model.parse(request)
            if request.region != self._account.region:
                raise NotEmulatedError(f"region {request.region} (only {self._account.region} is): {name}")
            return self._call(name, parameters)
        except AwsError as error:
            spelled = AwsError(self._spelled(error.code), str(error)) if error.code in self._error_names else error
            return self._model.error(name, spelled)

    def _call(self, name: str, parameters: dict[str, Any]) -> Response:
        if name not in self.operations:
            raise NotEmulatedError(f"{self._model.name} {name}")
        at = self._account.clock.now()
        fault = self._faults.take(name)
        failure: str | None = None
        try:
            return self._faulty(name, parameters, fault) if fault else self._perform(name, parameters)
        except BaseException as error:
            failure = self._spelled(error.code) if isinstance(error, AwsError) else type(error).__name__
            raise
        finally:
            self._ledger.calls.append(Call(at, name, parameters, failure, fault))

    def _faulty(self, name: str, parameters: dict[str, Any], fault: Fault) -> Response:
        if fault.seconds:
            self._account.clock.sleep(fault.seconds)
        error = fault.error()
        if error is not None and not fault.takes_effect:
            raise error
        try:
            response = self._perform(name, parameters, fault.changes)
        except AwsError:
            # A refusal is an answer too, which can be lost.
            if error is None:
                raise
        if error is not None:
            raise error
        if fault.garbled:
            return Response(200, response.headers, b"<html>no answer of Amazon Bedrock</html>")
        return response

    def _perform(self, name: str, parameters: dict[str, Any], changes: Mapping[str, Any] | None = None) -> Response:
        self._model.check(name, parameters)
        with self._lock:
            output = self.operations[name](parameters)
        return self._model.answer(name, {**output, **(changes or {})})

    def _spelled(self, code: str) -> str:
        return self._error_names.get(code, code)
