"""What a run has left where its failure path begins, or where it has ended: its world, at its branch.

The engine is deterministic. So two first faults that leave the same world have the same future, but for numbers and
words of the report, whatever second fault comes then, and each second fault need be played in one of them only.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from threading import Thread
from types import SimpleNamespace
from typing import Any

import moto.stepfunctions.parser.asl.component.program.program as moto_program
import moto.stepfunctions.parser.asl.component.state.exec.execute_state as moto_execute_state
import moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component as moto_map
import moto.stepfunctions.parser.backend.execution_worker as moto_execution_worker
from injection import Injector
from scenarios import REAPER_INTERVAL, FaultAt

from local.engine.engine import LocalEngine
from local.engine.replacement import replaced
from local.engine.state_machines import HistoryEvent

ENDS = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})

Ask = Callable[[str], FaultAt | None]
"""Asked before the first invocation of each state's function since the branch, what goes wrong from there on."""

Choose = Callable[[str, bool], Ask | None]
"""Told the world at the branch, and whether the failure path begins there."""


class Branch:
    """Listens for the run's branch, from which on a second fault may strike.

    state: the failure path's first task, which is handed all that is known of the failure; None = the branch is where
    the execution ends. failing: whether the branch was at that state; None as long as it was not reached.
    """

    def __init__(self, engine: LocalEngine, injector: Injector, run: str, state: str | None, choose: Choose) -> None:
        self._engine, self._injector, self._run, self._state, self._choose = engine, injector, run, state, choose
        self._entered: Mapping[str, Any] = {}
        self.failing: bool | None = None
        engine.listen(self._listen)

    def _listen(self, arn: str, event: HistoryEvent) -> None:
        if self.failing is not None or not arn.endswith(f":{self._run}"):
            return
        self._entered = event.get("stateEnteredEventDetails", self._entered)
        failing = event["type"] not in ENDS
        if failing and ("stateEnteredEventDetails" not in event or self._entered["name"] != self._state):
            return
        self.failing = failing
        world = _world(self._engine, self._injector, self._run, event["type"], self._entered)
        # Only what follows is of interest: a second fault at anything else cannot strike.
        self._injector.calls.clear()
        ask = self._choose(world, failing)
        if ask is not None:
            self._injector.ask(ask)


def _world(engine: LocalEngine, injector: Injector, run: str, event_type: str, entered: Mapping[str, Any]) -> str:
    """A digest of what the future depends on.

    Left out is what chooses words and numbers of the report and nothing else: every number in the state and in objects
    (dates, seconds, tokens, dollars, losses), and the error that is on its way. Each first fault reports them once
    without a second one; there they are held to what they promise (a cause, the throughput's life). What is dated by
    Bedrock has its age in steps of the reaper's interval: who comes when is the same, give or take one look. That
    decides no promise: what one look does not do the next does, and two may be late. After a success there is nobody
    who reads what the run has written.
    """
    now = engine.clock.now()

    def age(time: datetime) -> int:
        return (now - time) // REAPER_INTERVAL

    bucket = engine.outputs["ResultsBucketName"]
    listed = engine.s3.list_objects_v2(Bucket=bucket, Prefix=f"runs/{run}/").get("Contents", [])
    bodies = {each["Key"]: engine.s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed}
    jobs = engine.bedrock_client.list_model_customization_jobs(nameContains=run)["modelCustomizationJobSummaries"]
    throughputs = engine.bedrock_client.list_provisioned_model_throughputs()["provisionedModelSummaries"]
    succeeded = event_type == "ExecutionSucceeded"
    world = {
        "event": event_type,
        "state": entered["name"],
        "input": None if succeeded else _shape(_without_error(json.loads(entered["input"]))),
        "objects": {key: None if succeeded else _shape(_content(body)) for key, body in bodies.items()},
        "jobs": [(each["jobName"], each["status"], age(each["creationTime"])) for each in jobs],
        "throughputs": [
            (each["provisionedModelName"], each["status"], age(each["creationTime"])) for each in throughputs
        ],
        "service": str(engine.bedrock.settings),
        "purchases": len(engine.bedrock.ledger.purchases),
        "answered": sorted((*names, count) for names, count in injector.answered.items()),
    }
    return hashlib.sha256(json.dumps(world, sort_keys=True).encode()).hexdigest()


def _content(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Of an object: JSON where it is, else text."""
    text = body.decode(errors="backslashreplace")
    try:
        return json.loads(text)
    except ValueError:
        return text


_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def _shape(value: Any) -> Any:  # noqa: ANN401 - JSON
    """The same without its numbers."""
    match value:
        case dict():
            return {key: _shape(each) for key, each in value.items()}
        case list():
            return [_shape(each) for each in value]
        case str():
            return _NUMBER.sub("0", value)
        case bool() | None:
            return value
        case _:
            return 0


def _without_error(state: Any) -> Any:  # noqa: ANN401 - JSON
    return {**state, "failure": None} if isinstance(state, dict) and "failure" in state else state


class _Inline(Thread):
    """Runs where it is started, to its end."""

    def start(self) -> None:
        self.run()

    def join(self, timeout: float | None = None) -> None:
        """It has ended."""

    def is_alive(self) -> bool:
        return False


@contextmanager
def in_one_thread() -> Iterator[None]:
    """Let moto run executions in the thread that starts them, so that a fork in the midst of one goes on with it.

    The items of a Map then take turns.
    """
    with ExitStack() as stack:
        for module in (moto_program, moto_map):
            stack.enter_context(replaced(module, "threading", SimpleNamespace(Thread=_Inline)))
        for module in (moto_execute_state, moto_execution_worker):
            stack.enter_context(replaced(module, "Thread", _Inline))
        yield
