"""Every ordered pair: a fault on the main path, or an end from outside, then one where that is cleaned up."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from finetuning.base_models import Hosting
from scenarios import (
    HOSTINGS,
    REAPER,
    WHILE_ALIVE,
    WHILE_CREATING,
    WHILE_TRAINING,
    FaultAt,
    Flow,
    Kind,
    Moment,
    Observed,
    Scenario,
    StopAt,
    faults_on_main_path,
    stops,
    timeouts,
    variants,
)


def first_faults(flow: Flow, observed: Observed) -> list[Scenario]:
    """What a pair can begin with; each is a scenario of its own."""
    return [*faults_on_main_path(flow, observed), *stops(flow), *timeouts(flow)]


def second_faults(first: Scenario, failing: bool, flow: Flow, observed: Observed) -> list[FaultAt]:
    """What can come after a first fault. failing: whether that one led to the failure path.

    Where it did not, nobody but the reaper cleans up, so the faults of the reaper end: broken for good it deletes
    nothing, and no one else is left.
    """
    cleanup = () if _ended_from_outside(first) else _cleanup(flow, first.hosting)
    found = [fault for state in cleanup for fault in variants(state, observed.operations.get(state, ()))]
    of_reaper = observed.operations.get(REAPER, ())
    return [*found, LOST, *(variants(REAPER, of_reaper) if failing else _ending(REAPER, of_reaper))]


def _cleanup(flow: Flow, hosting: Hosting) -> list[str]:
    """Without what deletes the other kind of host."""
    other = flow.throughput - flow.on_demand if hosting == "onDemand" else flow.on_demand - flow.throughput
    return [state for state in flow.cleanup if state not in other]


def _ended_from_outside(first: Scenario) -> bool:
    return first.stop_at is not None or first.time_out_at is not None


# The reaper hears of an end at its next scheduled look only.
LOST = FaultAt(REAPER, Kind.LOST)
_ENDING = tuple(kind for kind in Kind if kind not in (Kind.THROTTLED, Kind.STATUS, Kind.LOST))


def _ending(state: str, operations: Sequence[str]) -> Iterator[FaultAt]:
    for operation, kind in product((None, *operations), _ENDING):
        yield FaultAt(state, kind, operation)


def pair(first: Scenario, second: FaultAt) -> Scenario:
    return replace(first, group=group_of_pair(first, second), second=second)


def group_of_pair(first: Scenario, second: FaultAt) -> str:
    if _ended_from_outside(first):
        return "StopExecution or execution timeout, then reaper"
    return "main path, then reaper" if second.state == REAPER else "main path, then failure path"


def some_firsts() -> list[Scenario]:
    """A few that leave to the cleanup, and to the reaper, whatever they can find."""
    found = []
    for hosting in HOSTINGS:
        failing = (WHILE_TRAINING, WHILE_CREATING[hosting], WHILE_ALIVE)
        found += [Scenario("", (fault,), hosting=hosting) for fault in failing]
        stopped = (StopAt(fault.state, Moment.EXITED) for fault in (WHILE_TRAINING, WHILE_ALIVE))
        found += [Scenario("", stop_at=stop_at, hosting=hosting) for stop_at in stopped]
    return found
