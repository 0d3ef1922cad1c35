"""Lambda functions without containers: the handler runs in this process, from the folder of its asset.

What differs from Lambda: packages such as `finetuning` are the process's own (the engine gives them the virtual clock),
layers are not mounted, and one handler runs at a time, since environment variables belong to the whole process.
A handler whose time is up is cut off by an exception that no `except Exception` catches, so its `finally` blocks and
context managers still run, where Lambda ends the process. Parked in a thread instead, it would keep the locks it holds.
"""

import importlib.util
import json
import logging
import os
import sys
import threading
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from moto.awslambda.models import LambdaFunction

from local.engine.clock import Limit, TimeIsUp, VirtualClock
from local.engine.replacement import replaced

Handler = Callable[[Any, "LambdaContext"], object]

Interceptor = Callable[[Handler], Handler]
"""Makes of a handler what runs in its place; called at every invocation."""


class LambdaContext:
    """The part of Lambda's context object that tells about the function and the invocation."""

    def __init__(self, function: LambdaFunction, limit: Limit) -> None:
        self.function_name: str = function.function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn: str = function.function_arn
        self.memory_limit_in_mb: int = function.memory_size
        self.log_group_name: str = function.logs_group_name
        self.aws_request_id = str(uuid.uuid4())
        self._limit = limit

    def get_remaining_time_in_millis(self) -> int:
        return int(self._limit.remaining * 1000)


class LambdaRuntimeError(Exception):
    """What goes wrong around a handler rather than in it; `error_type` is the name that Lambda gives it."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class LocalFunctions:
    """Invokes the deployed functions whose assets were added."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._folders: dict[tuple[str, str], Path] = {}
        self._modules: dict[Path, ModuleType] = {}
        # Re-entrant: a handler may invoke another function.
        self._one_at_a_time = threading.RLock()
        self.interceptor: Interceptor = lambda handler: handler

    def add_asset(self, bucket: str, key: str, folder: Path) -> None:
        """The code that a function with this S3 location runs."""
        self._folders[bucket, key] = folder

    def adapter(self) -> AbstractContextManager[None]:
        """Let moto's functions run their handlers here while it is active."""

        def invoke(function: LambdaFunction, event: object = None) -> tuple[str, bool, str]:
            return self.invoke(function, event)

        return replaced(LambdaFunction, "_invoke_lambda", invoke)

    def invoke(self, function: LambdaFunction, event: object) -> tuple[str, bool, str]:
        """Returns the answer as JSON (a result, or an error in Lambda's form), whether it is an error, and the log."""
        with (
            self._one_at_a_time,
            _environment(function),
            _log_lines() as log,
            self._clock.limit(function.timeout) as limit,
        ):
            context = LambdaContext(function, limit)
            try:
                answer, failed = _to_json(self.interceptor(self._handler(function))(event, context)), False
            except TimeIsUp as time_is_up:
                if time_is_up.limit is not limit:
                    raise
                message = (
                    f"RequestId: {context.aws_request_id} Error: Task timed out after {function.timeout:.2f} seconds"
                )
                answer, failed = _error_json("Sandbox.Timedout", message), True
            except SystemExit as exit_:
                message = f"Runtime exited with error: exit status {exit_.code}"
                answer, failed = _error_json("Runtime.ExitError", message), True
            except LambdaRuntimeError as error:
                answer, failed = _error_json(error.error_type, str(error)), True
            except Exception as error:
                # Without this frame, so that the trace begins in the handler's file.
                trace = error.__traceback__.tb_next if error.__traceback__ else None
                answer, failed = _error_json(type(error).__name__, str(error), traceback.format_tb(trace)), True
        return answer, failed, "\n".join(log)

    def _handler(self, function: LambdaFunction) -> Handler:
        module_name, _, name = str(function.handler).rpartition(".")
        location = function.code["S3Bucket"], function.code["S3Key"]
        if location not in self._folders:
            raise LambdaRuntimeError(
                "Runtime.ImportModuleError",
                f"the code of {function.function_name} (s3://{'/'.join(location)}) is no asset of the assembly",
            )
        path = self._folders[location] / f"{module_name}.py"
        if path not in self._modules:
            self._modules[path] = _load(module_name, path)
        try:
            handler: Handler = getattr(self._modules[path], name)
        except AttributeError:
            raise LambdaRuntimeError("Runtime.HandlerNotFound", f"Handler '{name}' missing on {path}") from None
        return handler


def _load(name: str, path: Path) -> ModuleType:
    """Import a handler's file under its own name, beside any module of that name that the process has."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise LambdaRuntimeError("Runtime.ImportModuleError", f"Unable to import module '{name}': no file {path}")
    module = importlib.util.module_from_spec(spec)
    namesake = sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LambdaRuntimeError("Runtime.ImportModuleError", f"Unable to import module '{name}': {error}") from error
    finally:
        if namesake is None:
            del sys.modules[name]
        else:
            sys.modules[name] = namesake
    return module


def _to_json(result: object) -> str:
    try:
        return json.dumps(result)
    except (TypeError, ValueError) as error:
        raise LambdaRuntimeError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _error_json(error_type: str, message: str, trace: list[str] | None = None) -> str:
    error: dict[str, object] = {"errorMessage": message, "errorType": error_type}
    return json.dumps(error if trace is None else error | {"stackTrace": trace})


@contextmanager
def _environment(function: LambdaFunction) -> Iterator[None]:
    """The function's variables, on top of the process's own."""
    variables: Mapping[str, str] = {
        **function.environment_vars,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_REGION": function.region,
    }
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _log_lines() -> Iterator[list[str]]:
    """What is logged in this thread meanwhile; Lambda would send it to CloudWatch, not to a terminal."""
    lines: list[str] = []
    thread = threading.get_ident()

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                lines.append(self.format(record))

    collector, root = Collector(), logging.getLogger()
    root.addHandler(collector)
    try:
        yield lines
    finally:
        root.removeHandler(collector)
