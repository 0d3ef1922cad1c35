"""What can go wrong, and where: every scenario, enumerated from the state machine's own definition."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import product
from typing import Any

from finetuning.base_models import Hosting

from stacks.assembly import Definition, State, all_states

HOSTINGS: tuple[Hosting, ...] = ("provisionedThroughput", "onDemand")
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
    LOST = "lost event"


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
    hosting: of the run's custom model.
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
    hosting: Hosting = "provisionedThroughput"

    def __str__(self) -> str:
        parts = [str(fault) for fault in self.faults]
        if self.stop_at:
            parts.append(str(self.stop_at))
        if self.time_out_at:
            parts.append(f"timed out at {self.time_out_at}")
        if self.second:
            parts.append(f"then {self.second}")
        about = ["onDemand"] if self.hosting == "onDemand" else []
        about += [f"{name}={value}" for name, value in self.settings.items()]
        return f"{self.group}: {'; '.join(parts)}" + (f" [{', '.join(about)}]" if about else "")


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

    after_failure: where the failure path begins; first_cleanup: its first tasks.
    """

    every: Sequence[str]
    main: Sequence[str]
    cleanup: Sequence[str]
    failure_path: frozenset[str]
    waits: Sequence[str]
    after_failure: str
    first_cleanup: frozenset[str]
    states: Mapping[str, State]
    throughput: frozenset[str]
    on_demand: frozenset[str]

    def main_from(self, state: str, hosting: Hosting = "provisionedThroughput") -> list[str]:
        """The task states of the main path that can come after a state, itself included, in a run that is hosted so."""
        after = reachable(state, self.states)
        played = (name for name in self.main if name in after and not _needed_for(name))
        return [name for name in played if hosting in self.hostings_of(name)]

    def coming(self, state: str) -> Collection[str]:
        """The states that can come after one, itself included; after one inside a Map also what follows that."""
        maps = {name: each["ItemProcessor"]["States"] for name, each in self.states.items() if each["Type"] == "Map"}
        return reachable(next((name for name, inside in maps.items() if state in inside), state), self.states)

    def hosted(self, states: Iterable[str]) -> Iterator[tuple[str, Hosting]]:
        """Each state with each hosting that it is played with."""
        return ((state, hosting) for state in states for hosting in self.hostings_of(state))

    def hostings_of(self, state: str) -> Sequence[Hosting]:
        """Those with which a fault at a state is played.

        On demand only what can come while the deployment is there: the rest of the path is the same.
        """
        if state in self.on_demand:
            return HOSTINGS if state in self.throughput else ("onDemand",)
        return ("provisionedThroughput",)

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
            first_cleanup=frozenset(name for name in cleanup if name in tasks and name.startswith("Delete")),
            states=states,
            throughput=_served("ProvisionedThroughput", "CustomModelDeployment", states),
            on_demand=_served("CustomModelDeployment", "ProvisionedThroughput", states),
        )


def _served(host: str, other: str, states: Mapping[str, State]) -> frozenset[str]:
    """The states that can come while such a host is there, and what deletes it after a failure."""
    failure = reachable(f"Delete{host} (after failure)", states, without={"StopCustomizationJob"})
    ends = {name for name in states if name.startswith("ScoreAnswers") or name == "CaptureFailedState"}
    between = reachable(f"Create{host}", states, without=ends | {name for name in states if other in name})
    return frozenset({*between, *failure} - {"BrokenAnswer"})


def reachable(start: str, states: Mapping[str, State], without: Collection[str] = ()) -> dict[str, None]:
    """The states that can come after one, itself included, in a fixed order; none of `without`, or behind them."""
    found: dict[str, None] = {}
    to_do = [start]
    while to_do:
        name = to_do.pop()
        if name in found or name in without:
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
# The throughput is in service, or still being created, and the execution fails.
WHILE_ALIVE = FaultAt("GenerateAnswers (custom)", Kind.DENIED, "Converse", always=True)
WHILE_CREATING: Mapping[Hosting, FaultAt] = {
    "provisionedThroughput": FaultAt(
        "GetProvisionedThroughput", Kind.DENIED, "GetProvisionedModelThroughput", always=True
    ),
    "onDemand": FaultAt("GetCustomModelDeployment", Kind.DENIED, "GetCustomModelDeployment", always=True),
}
CREATING: Mapping[Hosting, str] = {
    "provisionedThroughput": "CreateProvisionedThroughput",
    "onDemand": "CreateCustomModelDeployment",
}
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
        *_statuses(flow, observed),
        *_side_by_side(flow),
        *_undocumented(flow),
        *_resumed(flow),
    ]


def variants(state: str, operations: Sequence[str]) -> Iterator[FaultAt]:
    """Every fault at a state: of its function, and of each Bedrock operation that it calls."""
    for operation, (kind, always) in product((None, *operations), (*_HEALED, *_FATAL)):
        yield FaultAt(state, kind, operation, always)


def _leading_to(state: str) -> tuple[FaultAt, ...]:
    """What must fail first, so that a state beside the main path is entered, and has something to do."""
    if state == "BrokenAnswer":
        return (FaultAt("CreateProvisionedThroughput", Kind.MALFORMED),)
    return (WHILE_TRAINING,) if state == "StopCustomizationJob" else (WHILE_ALIVE,)


def faults_on_main_path(flow: Flow, observed: Observed) -> Iterator[Scenario]:
    for state, hosting in flow.hosted(flow.main):
        for fault in variants(state, observed.operations.get(state, ())):
            yield Scenario("fault on the main path", (fault,), hosting=hosting, **_needed_for(state))


def stops(flow: Flow) -> Iterator[Scenario]:
    for state, hosting in flow.hosted(flow.every):
        before = _leading_to(state) if state in (*flow.failure_path, "BrokenAnswer") else ()
        # moto cannot stop an execution at its very end.
        moments = () if flow.states[state]["Type"] in ("Succeed", "Fail") else (Moment.ENTERED, Moment.EXITED)
        for moment in moments:
            stop_at = StopAt(state, moment)
            yield Scenario("StopExecution", before, stop_at=stop_at, hosting=hosting, **_needed_for(state))
        if state in (*flow.main, *flow.cleanup):
            stop_at = StopAt(state, Moment.DURING)
            yield Scenario("StopExecution", before, stop_at=stop_at, hosting=hosting, **_needed_for(state))


def _needed_for(state: str) -> dict[str, Any]:
    """What lets the execution come to a state that it does not always enter."""
    inputs = {"OverBudget": {"maxSpendUsd": 0}, "DeleteCustomModel": {"keepCustomModel": False}}
    return {"execution_input": inputs[state]} if state in inputs else {}


def timeouts(flow: Flow) -> Iterator[Scenario]:
    for state, hosting in flow.hosted(flow.waits):
        before = _leading_to(state) if state in flow.failure_path else ()
        slow = _of_host(hosting, {"throughput_deletion": 3})
        for settings in (slow, {"refuses_deletion_while_creating": "ConflictException"}):
            if before or settings == slow:
                yield Scenario("execution timeout", before, time_out_at=state, settings=settings, hosting=hosting)


def _of_host(hosting: Hosting, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same settings for the other kind of host."""
    if hosting == "provisionedThroughput":
        return dict(settings)
    return {name.replace("throughput_", "deployment_"): value for name, value in settings.items()}


def _statuses(flow: Flow, observed: Observed) -> Iterator[Scenario]:
    for operation, statuses in (
        ("GetModelCustomizationJob", ("Failed", "Stopping", "Stopped")),
        ("GetProvisionedModelThroughput", ("Failed", "Updating")),
        ("GetCustomModelDeployment", ("Failed",)),
    ):
        for state, operations in observed.operations.items():
            if operation not in operations or state == REAPER:
                continue
            before = _leading_to(state) if state in flow.failure_path else ()
            for status, skip in product(statuses, range(observed.polls.get(state, 1))):
                fault = FaultAt(state, Kind.STATUS, operation, status=status, skip=skip)
                hosting: Hosting = "onDemand" if "Deployment" in operation else "provisionedThroughput"
                yield Scenario("status at a poll", (*before, fault), hosting=hosting)


def _can_be_left(state: str, flow: Flow) -> bool:
    """States of the main path that every run comes to, and goes on from."""
    beside = state in (*flow.failure_path, "BrokenAnswer") or bool(_needed_for(state))
    return not beside and flow.states[state]["Type"] != "Succeed"


def _side_by_side(flow: Flow) -> Iterator[Scenario]:
    group = "two executions at once"
    for state, hosting in flow.hosted(flow.every):
        for kind in (Kind.AFTER, Kind.DENIED, Kind.CRASH) if state in flow.main and not _needed_for(state) else ():
            fault = FaultAt(state, kind, always=True, run="run-1")
            yield Scenario(group, (fault,), companion=True, hosting=hosting)
        if _can_be_left(state, flow):
            yield Scenario(group, stop_at=StopAt(state, Moment.EXITED), companion=True, hosting=hosting)


def _undocumented(flow: Flow) -> Iterator[Scenario]:
    group, kinds = (
        "undocumented behaviour",
        ((Kind.AFTER, False), (Kind.AFTER, True), (Kind.DENIED, True), (Kind.CRASH, True)),
    )
    for hosting, create in CREATING.items():
        for settings in (_of_host(hosting, each) for each in UNDOCUMENTED):
            for state in flow.main_from(create, hosting):
                for kind, always in kinds:
                    fault = FaultAt(state, kind, always=always)
                    yield Scenario(group, (fault,), settings=settings, hosting=hosting)
                yield Scenario(group, stop_at=StopAt(state, Moment.EXITED), settings=settings, hosting=hosting)
            yield Scenario(group, (WHILE_CREATING[hosting],), settings=settings, hosting=hosting)


def _resumed(flow: Flow) -> Iterator[Scenario]:
    for hosting in HOSTINGS:
        for state in flow.main_from("AskBaseModel", hosting):
            fault = FaultAt(state, Kind.DENIED, always=True)
            yield Scenario("resumeFrom", (fault,), resumed=True, hosting=hosting)
            yield Scenario("resumeFrom", stop_at=StopAt(state, Moment.EXITED), resumed=True, hosting=hosting)
