"""What a run has left where its failure path begins, or where it has ended: its world, at its branch.

The engine is deterministic. So two first faults that leave the same world have the same future, but for numbers and
words of the report, whatever second fault comes then, and each second fault need be played in one of them only.
"""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import lru_cache
from threading import Thread
from types import SimpleNamespace
from typing import Any

import moto.stepfunctions.parser.asl.component.program.program as moto_program
import moto.stepfunctions.parser.asl.component.state.exec.execute_state as moto_execute_state
import moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.inline_iteration_component as moto_map
import moto.stepfunctions.parser.backend.execution_worker as moto_execution_worker
from finetuning import names
from finetuning.customization import JobStatus
from finetuning.interrupted import FIRST_STATE
from finetuning.run_store import HOST, REAPED, REPORT, RESULT
from finetuning.task import usable
from injection import Injector
from objects import Objects
from scenarios import REAPER_INTERVAL, FaultAt
from small_app import BASE_MODEL

from local.bedrock.ledger import Purchase
from local.engine.engine import LocalEngine
from local.engine.replacement import replaced
from local.engine.state_machines import HistoryEvent

ENDS = frozenset({"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})


class Chooser:
    """Says what goes wrong, and hears where the run is. This one: nothing but a second fault, from the branch on."""

    def __init__(self, second: FaultAt | None = None) -> None:
        self._second = second

    def first(self, _state: str) -> FaultAt | None:
        """Asked before the first invocation of each state's function: the fault that comes from there on."""
        return None

    def at_branch(self, world: str, failing: bool) -> None:
        """Told the world at the branch, and whether the failure path begins there."""

    def second(self, state: str) -> FaultAt | None:
        """As `first`, from the branch on."""
        return self._second if self._second is not None and self._second.state == state else None

    def at_task(self, state: str, struck: bool, world: Callable[[], str]) -> None:
        """Told that a task is entered, and whether anything has gone wrong until then."""

    def at_end(self, world: str) -> None:
        """Told the world where the execution ends, unless that was the branch."""


class Branch:
    """Listens for the run's branch, from which on a second fault may strike.

    states: the failure path's first tasks, which are handed all that is known of the failure; none = the branch is
    where the execution ends. failing: whether the branch was at one of those; None as long as it was not reached.
    """

    def __init__(
        self, engine: LocalEngine, injector: Injector, run: str, states: Collection[str], chooser: Chooser
    ) -> None:
        self._engine, self._injector, self._run, self._states, self._chooser = engine, injector, run, states, chooser
        self._entered: Mapping[str, Any] = {}
        self._failed_at: datetime | None = None
        self.failing: bool | None = None
        engine.listen(self._listen)
        injector.ask(chooser.first)

    def _listen(self, arn: str, event: HistoryEvent) -> None:
        if not arn.endswith(f":{self._run}"):
            return
        if event["type"] in ENDS:
            # A look that comes sooner removes sooner: so the next one is as far away as it can be.
            self._engine.restart_schedules()
        self._entered = event.get("stateEnteredEventDetails", self._entered)
        if self.failing is None:
            self._look_for_branch(event)
        elif event["type"] in ENDS:
            self._chooser.at_end(self._world(event))
        if event["type"] == "TaskStateEntered":
            self._chooser.at_task(self._entered["name"], bool(self._injector.struck), lambda: self._world(event))

    def _look_for_branch(self, event: HistoryEvent) -> None:
        failing = event["type"] not in ENDS
        if failing and ("stateEnteredEventDetails" not in event or self._entered["name"] not in self._states):
            return
        self.failing = failing
        self._failed_at = self._engine.clock.now() if failing else None
        # Only what follows is of interest: a second fault at anything else cannot strike.
        self._injector.calls.clear()
        self._chooser.at_branch(self._world(event), failing)
        self._injector.ask(self._chooser.second)

    def _world(self, event: HistoryEvent) -> str:
        world = _world(self._engine, self._injector, self._run, event["type"], self._entered, self._failed_at)
        return hashlib.sha256(json.dumps(world, sort_keys=True).encode()).hexdigest()


def _world(
    engine: LocalEngine,
    injector: Injector,
    run: str,
    event_type: str,
    entered: Mapping[str, Any],
    failed_at: datetime | None,
) -> Mapping[str, Any]:
    """What the future depends on, and what was decided of the promises. failed_at: when the failure path began.

    Left out is what chooses words and numbers of the report and nothing else: every number in the state and in objects
    (dates, seconds, tokens, dollars, losses), the error that is on its way with the state that it comes from, and, of
    an execution that has ended badly, in which way and where. Left out too is what no handler takes from the state: the
    answers that `usable` drops. Each first fault, but for one that is healed where there is no host, reports the words
    and numbers once without a second one; there they are held to what they promise (a cause, the host's life).

    What decides how long a host lives after the failure, and what is told of that, is exact: how long it has lived on
    since then, when it will be in service, when it went, since when its deletion is asked for, and when it was seen to
    be gone. What matters for deadlines only has its age in steps of the reaper's interval. A scheduled look comes
    equally late in all worlds, since `Branch` lets the schedule begin anew where the execution ends.

    Where the execution has ended, nobody but the reaper goes on. It does the same whatever the run has found out and
    written of anything but its host, and however long that has been in service, so that is left out. It has nothing to
    do for a run that succeeded or told all, with no host and no job at work: one such is like another.
    """
    now, bedrock = engine.clock.now(), engine.bedrock

    def age(time: datetime) -> int:
        return (now - time) // REAPER_INTERVAL

    def ago(time: datetime | None) -> float | None:
        return None if time is None else (now - time).total_seconds()

    def outlived(host: Purchase) -> float:
        until = now if host.deleted_at is None else min(now, host.deleted_at)
        return max(0.0, (until - (failed_at or now)).total_seconds())

    def to_service(host: Purchase) -> float:
        return max(0.0, (host.in_service_at - now).total_seconds())

    succeeded, ended = event_type == "ExecutionSucceeded", event_type in ENDS
    prefix = f"runs/{run}/"
    objects = {key.removeprefix(prefix): body for key, body in Objects(engine).under(prefix).items()}
    job = bedrock.jobs.find(names.job_name(BASE_MODEL, run))
    at_work = job is not None and job.status(now).value == JobStatus.IN_PROGRESS
    purchases = (*bedrock.ledger.purchases, *bedrock.ledger.deployments)
    ours = [each for each in purchases if each.name.endswith(f"-{run}")]
    alive = [each for each in ours if each.deleted_at is None or each.deleted_at > now]
    world: dict[str, Any] = {"service": str(bedrock.settings), "purchases": len(purchases)}
    state = json.loads(entered["input"])
    deletion = usable(state.get("state", state)).get("deletion", {})
    seen_gone = [ago(_time(at)) for at in (deletion.get("gone") and deletion["at"], _recorded_gone(objects)) if at]
    if not ended:
        world |= {
            "state": (entered["name"], _shape(_known(state))),
            "objects": {key: _shape_of(body) for key, body in objects.items()},
            "job": job and (job.status(now).value, age(job.created_at)),
            "hosts": [
                (each.name, to_service(each), age(each.created_at), ago(each.deleted_at), outlived(each))
                for each in ours
            ],
            "deletion": (ago(_time(deletion.get("since"))), seen_gone),
            "answered": sorted((*names_of, count) for names_of, count in injector.answered.items()),
        }
    elif alive or at_work or not (succeeded or _is_told(objects)):
        world |= {
            "ended": (succeeded, entered["name"] == FIRST_STATE),
            "state": _of_use_to_reaper(state),
            "objects": {key: _shape_of(body) for key, body in objects.items() if key.startswith((HOST, REAPED))},
            "told": (REPORT in objects, RESULT in objects and _shape(json.loads(objects[RESULT])["hosting"])),
            "job": at_work,
            "hosts": [
                (each.name, to_service(each), ago(each.deleted_at), outlived(each))
                for each in (alive if seen_gone else ours)
            ],
        }
    return world


def _recorded_gone(objects: Mapping[str, bytes]) -> str | None:
    """When the run saw its host to be gone, as far as it wrote that down."""
    gone_at: str | None = json.loads(objects.get(HOST, b"{}")).get("goneAt")
    return gone_at


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _of_use_to_reaper(given: Mapping[str, Any]) -> Sequence[object]:
    """Of the state: what decides whether it writes a report, and whether that says that the host is gone."""
    state = usable(given.get("state", given))
    told = [_shape(state.get(key)) for key in ("host", "deletion")]
    return [*told, *(key in state for key in ("run", "baseScores", "failure"))]


def _is_told(objects: Mapping[str, bytes]) -> bool:
    """The run has its report, which left nothing open, and the reaper has removed nothing that it might lack."""
    if RESULT not in objects or REPORT not in objects or any(key.startswith(REAPED) for key in objects):
        return False
    return not json.loads(objects[RESULT])["hosting"]["alive"]


def _known(state: Any) -> Any:  # noqa: ANN401 - JSON
    """What handlers take from the state, but for the words of what went wrong. An item of a Map carries it within."""
    if not isinstance(state, dict):
        return state
    if "batch" in state:
        return {**state, "state": _known(state["state"])}
    return {key: part for key, part in usable(state).items() if key not in _WORDS}


_WORDS = ("failure", "failedAt", "cleanupFailure")


@lru_cache(maxsize=10_000)
def _shape_of(body: bytes) -> str:
    """Of an object: JSON where it is, else text."""
    text = body.decode(errors="backslashreplace")
    try:
        content = json.loads(text)
    except ValueError:
        content = text
    return hashlib.sha256(json.dumps(_shape(content), sort_keys=True).encode()).hexdigest()


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
