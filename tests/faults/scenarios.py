"""What can go wrong, and where: every scenario, enumerated from the state machine's own definition."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import product
from typing import Any

from stacks.assembly import Definition, State, all_states

REAPER = "the reaper"
"""Stands for the reaper's function where a fault names a state."""
REAPER_INTERVAL = timedelta(minutes=5)


class Kind(StrEnum):
    BEFORE = "error before the effect"
    AFTER = "error after the effect, response lost"
    THROTTLED_A_WHILE = "throttling that ends"
    THROTTLED = "throttling that does not end"
    DENIED = "access denied"
    TIMEOUT = "handler timeout"
    CRASH = "handler crash"
    MALFORMED = "malformed response"
    STATUS = "unusual status"


@dataclass(frozen=True)
class FaultAt:
    """A fault at a task state, or at the reaper.

    operation: of Bedrock; None = the function itself. always: at every invocation, not only the first.
    skip: so many invocations go well before. status: what the operation answers (Kind.STATUS). run: only in that run.
    """

    state: str
    kind: Kind
    operation: str | None = None
    always: bool = False
    skip: int = 0
    status: str | None = None
    run: str | None = None

    def __str__(self) -> str:
        where = f"{self.state}, {self.operation}" if self.operation else self.state
        what = f"status {self.status}" if self.status else str(self.kind)
        often = ", every time" if self.always else ""
        return f"{what}{often} at {where}{f' (call {self.skip + 1})' if self.skip else ''}"


class Moment(StrEnum):
    ENTERED = "entered"
    EXITED = "left"
    DURING = "at work"


@dataclass(frozen=True)
class StopAt:
    """StopExecution when the state is entered, left, or while its function is at work, before the effect."""

    state: str
    moment: Moment

    def __str__(self) -> str:
        return f"stopped when {self.state} is {self.moment}"


@dataclass(frozen=True)
class Scenario:
    """second: a fault that can strike from the run's branch on (see worlds.py). settings: of the local Bedrock.

    companion: a second execution runs side by side, undisturbed. resumed: afterwards a new execution continues the run.
    """

    group: str
    faults: tuple[FaultAt, ...] = ()
    second: FaultAt | None = None
    stop_at: StopAt | None = None
    time_out_at: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    execution_input: Mapping[str, Any] = field(default_factory=dict)
    companion: bool = False
    resumed: bool = False

    def __str__(self) -> str:
        parts = [str(fault) for fault in self.faults]
        if self.stop_at:
            parts.append(str(self.stop_at))
        if self.time_out_at:
            parts.append(f"timed out at {self.time_out_at}")
        if self.second:
            parts.append(f"then {self.second}")
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.group}: {'; '.join(parts)}{f' [{settings}]' if settings else ''}"


@dataclass(frozen=True)
class Observed:
    """What undisturbed, failing and aborted runs were seen to do.

    operations: Bedrock operations by task state (and REAPER). polls: how often a state was entered in a whole run.
    verdict: of an undisturbed run.
    """

    operations: Mapping[str, Sequence[str]]
    polls: Mapping[str, int]
    verdict: str


@dataclass(frozen=True)
class Flow:
    """The states of a definition: main and cleanup are its task states (of Maps, the ones inside).

    after_failure: where the failure path begins; first_cleanup: its first task.
    """

    every: Sequence[str]
    main: Sequence[str]
    cleanup: Sequence[str]
    failure_path: frozenset[str]
    waits: Sequence[str]
    after_failure: str
    first_cleanup: str
    states: Mapping[str, State]

    def main_from(self, state: str) -> list[str]:
        """The task states of the main path that can come after a state, itself included."""
        after = reachable(state, self.states)
        return [name for name in self.main if name in after]

    @classmethod
    def of(cls, definition: Definition) -> "Flow":
        states = dict(all_states(definition))
        catchers = [catch["Next"] for state in states.values() for catch in state.get("Catch", [])]
        # Where most states' Catch leads.
        after_failure = max(catchers, key=catchers.count)
        cleanup = reachable(after_failure, states)
        tasks = [name for name, state in states.items() if state["Type"] == "Task"]
        return cls(
            every=list(states),
            main=[name for name in tasks if name not in cleanup],
            cleanup=[name for name in tasks if name in cleanup],
            failure_path=frozenset(cleanup),
            waits=[name for name, state in states.items() if state["Type"] == "Wait"],
            after_failure=after_failure,
            first_cleanup=next(name for name in cleanup if name in tasks),
            states=states,
        )


def reachable(start: str, states: Mapping[str, State]) -> dict[str, None]:
    """The states that can come after one, itself included, in a fixed order."""
    found: dict[str, None] = {}
    to_do = [start]
    while to_do:
        name = to_do.pop()
        if name in found:
            continue
        found[name] = None
        state = states[name]
        to_do += [state[key] for key in ("Next", "Default") if key in state]
        to_do += [branch["Next"] for branch in [*state.get("Choices", []), *state.get("Catch", [])]]
        to_do += [state["ItemProcessor"]["StartAt"]] if state["Type"] == "Map" else []
    return found


# What ends a task for good. The others are healed by its Retry.
_FATAL = (
    (Kind.AFTER, True),
    (Kind.THROTTLED, True),
    (Kind.DENIED, True),
    (Kind.TIMEOUT, True),
    (Kind.CRASH, True),
    (Kind.MALFORMED, True),
)
_HEALED = (
    (Kind.BEFORE, False),
    (Kind.AFTER, False),
    (Kind.THROTTLED_A_WHILE, False),
    (Kind.TIMEOUT, False),
    (Kind.CRASH, False),
    (Kind.MALFORMED, False),
)
_OF_OPERATIONS = tuple(variant for variant in (*_HEALED, *_FATAL) if variant[0] is not Kind.CRASH)
# The throughput is in service, or still being created, and the execution fails.
WHILE_ALIVE = FaultAt("GenerateAnswers (custom)", Kind.DENIED, "Converse", always=True)
WHILE_CREATING = FaultAt("GetProvisionedThroughput", Kind.DENIED, "GetProvisionedModelThroughput", always=True)
WHILE_TRAINING = FaultAt("GetCustomizationJob", Kind.DENIED, "GetModelCustomizationJob", always=True)
UNDOCUMENTED: Sequence[Mapping[str, Any]] = (
    {"refuses_deletion_while_creating": "ConflictException"},
    {"refuses_deletion_while_creating": "ValidationException"},
    {"throughput_hidden": 2},
    {"throughput_hidden": 2, "refuses_repeated_create": "ValidationException"},
    {"throughput_deletion": 3},
    {"refuses_deletion_while_creating": "ConflictException", "throughput_deletion": 3},
)


def scenarios(flow: Flow, observed: Observed) -> list[Scenario]:
    """The whole matrix, without its pairs and what each of them begins with (see pairs.py)."""
    return [
        *_statuses(observed),
        *_side_by_side(flow),
        *_undocumented(flow),
        *_resumed(flow),
    ]


def variants(state: str, operations: Sequence[str]) -> Iterator[FaultAt]:
    """Every fault at a state: of its function, and of each Bedrock operation that it calls."""
    for kind, always in (*_HEALED, *_FATAL):
        yield FaultAt(state, kind, always=always)
    for operation, (kind, always) in product(operations, _OF_OPERATIONS):
        yield FaultAt(state, kind, operation, always)


def _leading_to(state: str) -> tuple[FaultAt, ...]:
    """What must fail first, so that a state beside the main path is entered, and has something to do."""
    if state == "BrokenAnswer":
        return (FaultAt("CreateProvisionedThroughput", Kind.MALFORMED),)
    return (WHILE_TRAINING,) if state == "StopCustomizationJob" else (WHILE_ALIVE,)


def faults_on_main_path(flow: Flow, observed: Observed) -> Iterator[Scenario]:
    for state in flow.main:
        for fault in variants(state, observed.operations.get(state, ())):
            yield Scenario("fault on the main path", (fault,))


def stops(flow: Flow) -> Iterator[Scenario]:
    for state in flow.every:
        before = _leading_to(state) if state in (*flow.failure_path, "BrokenAnswer") else ()
        # moto cannot stop an execution at its very end.
        moments = () if flow.states[state]["Type"] in ("Succeed", "Fail") else (Moment.ENTERED, Moment.EXITED)
        for moment in moments:
            yield Scenario("StopExecution", before, stop_at=StopAt(state, moment), **_needed_for(state))
        if state in (*flow.main, *flow.cleanup):
            yield Scenario("StopExecution", before, stop_at=StopAt(state, Moment.DURING))


def _needed_for(state: str) -> dict[str, Any]:
    """What lets the execution come to a state that it does not always enter."""
    return {"execution_input": {"maxSpendUsd": 0}} if state == "OverBudget" else {}


def timeouts(flow: Flow) -> Iterator[Scenario]:
    for state in flow.waits:
        before = _leading_to(state) if state in flow.failure_path else ()
        for settings in ({"throughput_deletion": 3}, {"refuses_deletion_while_creating": "ConflictException"}):
            if before or settings.keys() == {"throughput_deletion"}:
                yield Scenario("execution timeout", before, time_out_at=state, settings=settings)


def _statuses(observed: Observed) -> Iterator[Scenario]:
    for operation, statuses in (
        ("GetModelCustomizationJob", ("Failed", "Stopping", "Stopped")),
        ("GetProvisionedModelThroughput", ("Failed", "Updating")),
    ):
        for state, operations in observed.operations.items():
            if operation not in operations or state == REAPER:
                continue
            before = _leading_to(state) if state not in observed.polls else ()
            for status, skip in product(statuses, range(observed.polls.get(state, 1))):
                fault = FaultAt(state, Kind.STATUS, operation, status=status, skip=skip)
                yield Scenario("status at a poll", (*before, fault))


def _can_be_left(state: str, flow: Flow) -> bool:
    """States of the main path that every run comes to, and goes on from."""
    return state not in (*flow.failure_path, "OverBudget", "BrokenAnswer") and flow.states[state]["Type"] != "Succeed"


def _side_by_side(flow: Flow) -> Iterator[Scenario]:
    for state, kind in product(flow.main, (Kind.AFTER, Kind.DENIED, Kind.CRASH)):
        yield Scenario("two executions at once", (FaultAt(state, kind, always=True, run="run-1"),), companion=True)
    for state in flow.every:
        if _can_be_left(state, flow):
            yield Scenario("two executions at once", stop_at=StopAt(state, Moment.EXITED), companion=True)


def _undocumented(flow: Flow) -> Iterator[Scenario]:
    for settings in UNDOCUMENTED:
        for state in flow.main_from("CreateProvisionedThroughput"):
            for kind, always in ((Kind.AFTER, False), (Kind.AFTER, True), (Kind.DENIED, True), (Kind.CRASH, True)):
                yield Scenario("undocumented behaviour", (FaultAt(state, kind, always=always),), settings=settings)
            yield Scenario("undocumented behaviour", stop_at=StopAt(state, Moment.EXITED), settings=settings)
        yield Scenario("undocumented behaviour", (WHILE_CREATING,), settings=settings)


def _resumed(flow: Flow) -> Iterator[Scenario]:
    for state in flow.main_from("AskBaseModel"):
        fault = FaultAt(state, Kind.DENIED, always=True)
        yield Scenario("resumeFrom", (fault,), resumed=True)
        yield Scenario("resumeFrom", stop_at=StopAt(state, Moment.EXITED), resumed=True)
