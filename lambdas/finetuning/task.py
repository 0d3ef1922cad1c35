"""The edge of every handler: event in, JSON out, one structured log line each way, transient errors told apart."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from typing import Any

from finetuning import names
from finetuning.base_models import BaseModel, base_model
from finetuning.errors import ExperimentError, TransientError
from finetuning.run_config import RunConfig
from finetuning.run_store import AnsweringModel, RunStore
from finetuning.services import Services, services

logger = logging.getLogger("bedrock-ft")
logger.setLevel(logging.INFO)

Event = Mapping[str, Any]

# The error codes after which the same call may succeed later, beyond HTTP 429 and every 5xx.
_TRANSIENT_CODES = {
    "KMSThrottling",
    "ModelErrorException",
    "ModelNotReadyException",
    "ModelTimeoutException",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}


@dataclass(frozen=True)
class Task:
    """One invocation: which execution, its state so far, and what reaches outside.

    entered_at: when the task's state was entered, the same for all attempts.
    """

    execution_arn: str
    execution_name: str
    entered_at: datetime
    state: Mapping[str, Any]
    event: Event
    services: Services

    @classmethod
    def from_event(cls, event: Event) -> "Task":
        return cls(
            execution_arn=event["execution"]["id"],
            execution_name=event["execution"]["name"],
            entered_at=datetime.fromisoformat(event["enteredAt"]),
            state=usable(event["state"]),
            event=event,
            services=services,
        )

    @property
    def run_id(self) -> str:
        return names.run_id(self.execution_name)

    @property
    def model(self) -> AnsweringModel:
        """Which model's answers this is about. Only where the state machine says so."""
        model: AnsweringModel = self.event["model"]
        return model

    @property
    def batch(self) -> Mapping[str, int]:
        """The Map state's item: {"index", "first", "count"}."""
        batch: Mapping[str, int] = self.event["batch"]
        return batch

    @cached_property
    def base_model(self) -> BaseModel:
        return base_model(os.environ["BASE_MODEL"])

    @cached_property
    def run(self) -> RunConfig:
        """What configure_run decided. Only for tasks that come after it."""
        return RunConfig.from_json(self.state["run"])

    @cached_property
    def store(self) -> RunStore:
        return self.store_of(self.run_id)

    def store_of(self, run: str) -> RunStore:
        """Also of an earlier run."""
        return RunStore(self.services.s3, os.environ["RESULTS_BUCKET"], run)


def usable(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the parts that a broken answer of a function left: who needs one misses it. The input may be anything.

    Where the failure path has deleted anew (`cleanup`), that is the later `deletion`.
    """
    parts = {name: part for name, part in state.items() if (part and isinstance(part, Mapping)) or name == "input"}
    if "cleanup" in parts:
        parts["deletion"] = parts.pop("cleanup")
    return parts


def task(function: Callable[[Task], Mapping[str, Any]]) -> Callable[[Event, object], Mapping[str, Any]]:
    """Make a Lambda handler of a function that takes a Task and returns its part of the state."""
    name = function.__module__

    @wraps(function)
    def handler(event: Event, _context: object) -> Mapping[str, Any]:
        current = Task.from_event(event)
        about = {"runId": current.run_id, "task": name}
        logger.info("started", extra=about)
        try:
            result = function(current)
        except Exception as error:
            transient = is_transient(error)
            # The message of an ExperimentError may quote a dataset; people find it in the report.
            told = not isinstance(error, ExperimentError)
            logger.error(
                "failed", exc_info=told, extra={**about, "error": type(error).__name__, "transient": transient}
            )
            if transient:
                raise TransientError(f"{type(error).__name__}: {error}") from error
            raise
        logger.info("finished", extra=about)
        return result

    return handler


def is_transient(error: Exception) -> bool:
    """Whether the same AWS call may succeed later: throttling, a lost connection, an answer with status 5xx."""
    if not type(error).__module__.startswith("botocore"):
        return False
    # Imported here since handlers that call nothing of AWS should not load it.
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status == 429 or status >= 500 or error.response.get("Error", {}).get("Code") in _TRANSIENT_CODES
    lost = (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError)
    return isinstance(error, lost)
