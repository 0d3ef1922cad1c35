"""First faults, each with every second one: what comes before a fault is played once, and shared by forks."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, Generic, NoReturn, TypeVar

from experiment import Experiment
from forks import WorkFailedError
from outcomes import Outcome
from pairs import pair
from scenarios import REAPER, FaultAt, Flow, Scenario
from worlds import Chooser, in_one_thread

Judged = TypeVar("Judged")


@dataclass(frozen=True)
class Explored(Generic[Judged]):
    """alone: the first fault without a second one. pairs: those that were played; none where another first fault had
    left the same world.

    failing: whether the first fault led to the failure path. end: the world where the execution ended; empty where that
    was the branch.
    """

    first: Scenario
    world: str
    end: str
    failing: bool
    alone: Judged
    pairs: Sequence[Judged]


@dataclass(frozen=True)
class Future(Generic[Judged]):
    """What became of a fork. end: as in Explored. calls: by state, Bedrock's operations that were called."""

    judged: Judged
    end: str
    calls: Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Undisturbed:
    """A run in which nothing goes wrong. worlds: where its tasks were entered. world: where it ended."""

    worlds: Collection[str]
    world: str
    outcome: Outcome


class Exploration(Generic[Judged]):
    """seconds: the faults that can come after a first one, told whether that led to the failure path.

    claim: told a world, says whether it is new. undisturbed: by what `start_of` says of the firsts that share one.
    """

    def __init__(
        self,
        experiment: Experiment,
        flow: Flow,
        seconds: Callable[[Scenario, bool], Sequence[FaultAt]],
        *,
        claim: Callable[[str], bool],
        judge: Callable[[Scenario, Outcome], Judged],
        undisturbed: Mapping[str, Undisturbed],
    ) -> None:
        self._experiment, self._flow = experiment, flow
        self.seconds, self.claim, self.judge, self.undisturbed = seconds, claim, judge, undisturbed

    def explore(self, firsts: Sequence[Scenario]) -> list[Explored[Judged]]:
        """To be called in a process that is not needed for anything else afterwards.

        firsts: several have the same start. Raises WorkFailedError.
        """
        play = _Play(self, firsts)
        return play.to_end(self._experiment)

    def cannot_come_again(self, state: str, now: str) -> bool:
        return state in self._flow.states and state not in self._flow.coming(now)

    def has_host(self, state: str) -> bool:
        """While a host is there, what goes wrong may change the life that the report tells of it."""
        return state in self._flow.throughput | self._flow.on_demand


def start_of(scenario: Scenario) -> str:
    """What scenarios share that differ in their faults only."""
    return repr(replace(scenario, faults=(), group=""))


class _Observer(Chooser):
    def __init__(self) -> None:
        super().__init__()
        self.worlds: set[str] = set()
        self.world = ""

    def at_task(self, _state: str, _struck: bool, world: Callable[[], str]) -> None:
        self.worlds.add(world())

    def at_branch(self, world: str, _failing: bool) -> None:
        self.world = world


def undisturbed(experiment: Experiment, scenario: Scenario) -> Undisturbed:
    """The run that a scenario would be without its faults."""
    observer = _Observer()
    with in_one_thread():
        outcome = experiment.play(replace(scenario, faults=()), observer)
    return Undisturbed(observer.worlds, observer.world, outcome)


class _Enough(BaseException):
    """The undisturbed run has come past everything that is to be forked off it."""


class _Play(Chooser, Generic[Judged]):
    """One playing and its forks: off the undisturbed run for each first fault, and off its future for each second one.

    Where a first fault is healed before there is a host or after it is gone, and a later task is entered in a world of
    the undisturbed run, it has the future of that one, and is not played on.

    A second fault at what the undisturbed future never calls cannot strike, so that pair is the first fault alone and
    is not played. The others are forked off the undisturbed future where they can strike first. Where a pair comes to a
    later task of the failure path in a world that was there before, its fault behind it, it has the future of that one,
    and is not played on. Where the undisturbed future ends in such a world, the reaper's faults were played from there.
    """

    def __init__(self, exploration: Exploration[Judged], firsts: Sequence[Scenario]) -> None:
        super().__init__()
        self._exploration, self._firsts = exploration, firsts
        self._first = firsts[0] if len(firsts) == 1 else None
        self._undisturbed = exploration.undisturbed.get(start_of(firsts[0]))
        self._world, self._end, self._failing = "", "", False
        self._can_strike: Sequence[FaultAt] = ()
        self._struck: FaultAt | None = None
        self._explored: list[Explored[Judged]] = []
        self._pairs: list[Judged] = []
        # In a fork: what is made of its outcome, and where that goes.
        self._forked = False
        self._sender: Connection | None = None
        self._make: Callable[[Outcome], object] = lambda _outcome: None
        # moto makes an error of the execution of whatever is raised in the midst of it.
        self._problems: list[WorkFailedError] = []

    def to_end(self, experiment: Experiment) -> list[Explored[Judged]]:
        start = self._first or replace(self._firsts[0], faults=())
        try:
            with in_one_thread():
                outcome = experiment.play(start, self)
            made = self._make(outcome) if self._sender else None
        except _Enough:
            assert self._undisturbed is not None
            outcome = self._undisturbed.outcome
        except Exception as error:
            if self._sender is None:
                raise
            self._leave(error)
        if self._sender is not None:
            self._leave(self._problems[0] if self._problems else made)
        if self._problems:
            raise self._problems[0]
        if self._first is not None:
            return [self._explored_first(self._first, outcome)]
        # Where no function was invoked in the state of a fault, the undisturbed run is what came of it.
        reached = [str(each.first) for each in self._explored]
        never = [first for first in self._firsts if str(first) not in reached]
        return [*self._explored, *(self._explored_first(first, outcome) for first in never)]

    def first(self, state: str) -> FaultAt | None:
        for first in self._firsts if self._first is None else ():
            [fault] = first.faults
            if fault.state == state:
                found = self._fork(partial(self._explored_first, first))
                if self._forked:
                    self._first = first
                    return fault
                self._explored.append(found)
        return None

    def _on_main_path(self, state: str, struck: bool, world: Callable[[], str]) -> None:
        same = self._undisturbed
        firsts = self._firsts if self._first is None else [self._first]
        if same is None or any(not self._exploration.cannot_come_again(each.faults[0].state, state) for each in firsts):
            return
        if self._first is None:
            raise _Enough
        if self._sender is None or not struck or self._exploration.has_host(self._first.faults[0].state):
            return
        # One of all goes on, for the faults that follow its end.
        if world() in same.worlds and not self._exploration.claim(f"{same.world}-healed"):
            judged = self._exploration.judge(self._first, replace(same.outcome, struck=True))
            self._leave(Explored(self._first, same.world, self._end, self._failing, judged, ()))

    def at_branch(self, world: str, failing: bool) -> None:
        self._world, self._failing = world, failing
        if self._first is None or not self._exploration.claim(world):
            return
        undisturbed = self._fork(partial(self._future, self._first))
        if not self._forked:
            # Apart from the worlds of branches: where one is an execution's end, not every fault of the reaper follows.
            known_end = failing and not self._exploration.claim(f"{undisturbed.end}-end")
            self._can_strike = [
                second
                for second in self._exploration.seconds(self._first, failing)
                if can_strike(second, undisturbed.calls) and not (known_end and second.state == REAPER)
            ]

    def second(self, state: str) -> FaultAt | None:
        for second in self._can_strike:
            if second.state == state and self._first is not None:
                played = self._fork(partial(self._future, pair(self._first, second)))
                if self._forked:
                    self._can_strike, self._struck = (), second
                    return second
                if played is not None:
                    self._pairs.append(played.judged)
        return None

    def at_task(self, state: str, struck: bool, world: Callable[[], str]) -> None:
        """The worlds of an undisturbed future are there too, for the pairs that come to them."""
        if not self._world:
            self._on_main_path(state, struck, world)
            return
        if self._struck is None and self._can_strike:
            self._exploration.claim(world())
            return
        behind = self._struck and self._exploration.cannot_come_again(self._struck.state, state)
        if behind and not self._exploration.claim(world()):
            self._leave(None)

    def at_end(self, world: str) -> None:
        self._end = world

    def _fork(self, make: Callable[[Outcome], object]) -> Any:  # noqa: ANN401 - whatever is made
        """What the fork made of its outcome. In the fork, which goes on from here: nothing."""
        receiver, sender = Pipe(duplex=False)
        process = os.fork()
        self._forked = process == 0
        if self._forked:
            self._sender, self._make, self._pairs = sender, make, []
            return None
        sender.close()
        try:
            received = receiver.recv()
        except EOFError:
            received = RuntimeError("the process ended without a result")
        os.waitpid(process, 0)
        if isinstance(received, Exception):
            self._problems.append(WorkFailedError(f"{self._first}: {type(received).__name__}: {received}"))
            raise self._problems[-1]
        return received

    def _leave(self, made: object) -> NoReturn:
        assert self._sender is not None
        self._sender.send(made)
        os._exit(0)

    def _explored_first(self, first: Scenario, outcome: Outcome) -> Explored[Judged]:
        judged = self._exploration.judge(first, outcome)
        return Explored(first, self._world, self._end, self._failing, judged, self._pairs)

    def _future(self, scenario: Scenario, outcome: Outcome) -> Future[Judged]:
        return Future(self._exploration.judge(scenario, outcome), self._end, outcome.calls)


def can_strike(second: FaultAt, calls: Mapping[str, Collection[str]]) -> bool:
    return second.state in calls and (second.operation is None or second.operation in calls[second.state])
