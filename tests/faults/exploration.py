"""A first fault, then every second one: what came before the second is played once, and shared by forks."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from experiment import Experiment
from forks import WorkFailedError
from outcomes import Outcome
from pairs import pair
from scenarios import FaultAt, Scenario
from worlds import Ask, in_one_thread

Judged = TypeVar("Judged")


@dataclass(frozen=True)
class Explored(Generic[Judged]):
    """alone: the first fault without a second one. pairs: none where another first fault had left the same world.

    failing: whether the first fault led to the failure path.
    """

    first: Scenario
    world: str
    failing: bool
    alone: Judged
    pairs: Sequence[Judged]


def explore(
    experiment: Experiment,
    first: Scenario,
    seconds: Callable[[bool], Sequence[FaultAt]],
    *,
    claim: Callable[[str], bool],
    judge: Callable[[Scenario, Outcome], Judged],
) -> Explored[Judged]:
    """To be called in a process that is not needed for anything else afterwards.

    seconds: those that can come after the first, told whether it led to the failure path.
    claim: told the world at the branch, says whether it is new. A second fault at what the undisturbed future never
    calls cannot strike, so that pair is the first fault alone and is not played. The others are forked off the
    undisturbed future where they can strike first.
    Raises WorkFailedError.
    """
    worlds: list[str] = []
    pairs: list[Judged] = []
    # In a fork: what it plays, and where it sends what came of it.
    mine: list[tuple[Scenario, Connection]] = []
    # moto makes an error of the execution of whatever is raised at the branch.
    problems: list[WorkFailedError] = []

    def fork(scenario: Scenario) -> tuple[Judged, Mapping[str, Collection[str]]] | None:
        """What came of it, and what was called; None in the fork, which goes on with it."""
        receiver, sender = Pipe(duplex=False)
        if (process := os.fork()) == 0:
            mine.append((scenario, sender))
            return None
        sender.close()
        try:
            received: tuple[Judged, Mapping[str, Collection[str]]] | Exception = receiver.recv()
        except EOFError:
            received = RuntimeError("the process ended without a result")
        os.waitpid(process, 0)
        if isinstance(received, Exception):
            problems.append(WorkFailedError(f"{scenario}: {type(received).__name__}: {received}"))
            raise problems[-1]
        return received

    def at_branch(world: str, failing: bool) -> Ask | None:
        worlds.append(world)
        if not claim(world) or (undisturbed := fork(first)) is None:
            return None
        can_strike = [each for each in seconds(failing) if _can_strike(each, undisturbed[1])]

        def ask(state: str) -> FaultAt | None:
            for second in can_strike if not mine else ():
                if second.state == state:
                    played = fork(pair(first, second))
                    if played is None:
                        return second
                    pairs.append(played[0])
            return None

        return ask

    try:
        with in_one_thread():
            outcome = experiment.play(first, at_branch)
        judged = judge(mine[0][0] if mine else first, outcome)
    except Exception as error:
        if not mine:
            raise
        mine[0][1].send(error)
        os._exit(1)
    if mine:
        mine[0][1].send((judged, outcome.calls))
        os._exit(0)
    if problems:
        raise problems[0]
    return Explored(first, worlds[0], outcome.failing, judged, pairs)


def _can_strike(second: FaultAt, calls: Mapping[str, Collection[str]]) -> bool:
    return second.state in calls and (second.operation is None or second.operation in calls[second.state])
