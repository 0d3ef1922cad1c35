"""`make faults`: every scenario on the deployed state machine, in virtual time, and what of the promise did not hold.

Usage: matrix.py [--only TEXT] [--every N] [--processes N]; exits 1 if a promise was broken.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TypeVar

from experiment import Experiment, observe
from exploration import Exploration, Explored, Undisturbed, can_strike, start_of, undisturbed
from forks import forked
from invariants import Assessment, Broken, assess
from outcomes import Outcome
from pairs import first_faults, group_of_pair, pair, second_faults
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from scenarios import FaultAt, Flow, Scenario, scenarios
from small_app import deployed, synthesized
from worlds import in_one_thread

from cli.synthesis import ROOT
from local.engine.engine import LocalEngine
from local.engine.functions import Interceptor

DOCUMENT = ROOT / "docs" / "faults.md"
T = TypeVar("T")
# Scenarios that one process forks off its undisturbed run: few enough that all processes end at about the same time.
TOGETHER = 8
_OTHERS = [broken for broken in Broken if broken not in (Broken.LEAKED, Broken.BOUGHT_TWICE)]


class Matrix:
    """All scenarios of an assembly, on an engine that they share.

    scenarios: those that are played from their beginning. firsts: what pairs begin with.
    """

    def __init__(self, engine: LocalEngine, flow: Flow, sabotage: Interceptor = lambda handler: handler) -> None:
        self.flow = flow
        self.observed = observe(engine)
        self.scenarios = scenarios(flow, self.observed)
        self.firsts = first_faults(flow, self.observed)
        self.experiment = Experiment(engine, flow, sabotage)

    def assessments(self, chosen: Sequence[Scenario], processes: int) -> Iterator[Assessment]:
        groups = list(together(chosen))
        exploration = self._exploration(groups, processes, claim=lambda _world: False)

        def assessed(scenarios: Sequence[Scenario]) -> list[Assessment]:
            if len(scenarios) == 1:
                return [self._assess(scenarios[0], self._play(scenarios[0]))]
            return [each.alone for each in exploration.explore(scenarios)]

        return chain.from_iterable(forked(assessed, groups, processes))

    def _play(self, scenario: Scenario) -> Outcome:
        """In one thread, so that the same comes of it each time; two executions need a thread each."""
        with nullcontext() if scenario.companion else in_one_thread():
            return self.experiment.play(scenario)

    def explored(
        self, firsts: Sequence[Scenario], processes: int, claims: Path
    ) -> Iterator[list[Explored[Assessment]]]:
        """Each first fault alone, and with every second one where none before it left the same world; some at a time.

        claims: an empty folder.
        """

        def claim(world: str) -> bool:
            try:
                (claims / world).touch(exist_ok=False)
            except FileExistsError:
                return False
            return True

        groups = list(together(firsts))
        return forked(self._exploration(groups, processes, claim).explore, groups, processes)

    def _exploration(
        self, groups: Sequence[Sequence[Scenario]], processes: int, claim: Callable[[str], bool]
    ) -> Exploration[Assessment]:
        starts = {start_of(group[0]): group[0] for group in groups if len(group) > 1}

        def play(start: str) -> tuple[str, Undisturbed]:
            return start, undisturbed(self.experiment, starts[start])

        found = dict(forked(play, starts, processes))
        return Exploration(self.experiment, self.flow, self.seconds, claim=claim, judge=self._assess, undisturbed=found)

    def pairs(self, firsts: Sequence[Scenario], processes: int) -> list[Scenario]:
        """Every second fault that can strike, after each of a few first ones."""

        def play(number: int) -> tuple[int, list[Scenario]]:
            outcome = self._play(firsts[number])
            seconds = self.seconds(firsts[number], outcome.failing)
            return number, [pair(firsts[number], each) for each in seconds if can_strike(each, outcome.calls)]

        found = dict(forked(play, range(len(firsts)), processes))
        return [each for number in range(len(firsts)) for each in found[number]]

    def seconds(self, first: Scenario, failing: bool) -> list[FaultAt]:
        return second_faults(first, failing, self.flow, self.observed)

    def _assess(self, scenario: Scenario, outcome: Outcome) -> Assessment:
        return assess(scenario, outcome, self.observed)


def together(scenarios: Iterable[Scenario]) -> Iterator[list[Scenario]]:
    """Those that can be forked off the same undisturbed run, a few at a time; each of the others by itself."""
    alike: defaultdict[str, list[Scenario]] = defaultdict(list)
    for each in scenarios:
        by_itself = each.stop_at or each.time_out_at or each.companion or each.second or len(each.faults) != 1
        alike[repr(each) if by_itself else start_of(each)].append(each)
    for group in alike.values():
        for start in range(0, len(group), TOGETHER):
            yield group[start : start + TOGETHER]


@dataclass(frozen=True)
class Found:
    """covered: by group, how many pairs those that were played stand for."""

    assessments: Sequence[Assessment]
    covered: Mapping[str, int]

    @classmethod
    def of(cls, matrix: Matrix, played: Sequence[Assessment], explored: Sequence[Explored[Assessment]]) -> "Found":
        covered: Counter[str] = Counter()
        for each in explored:
            covered.update(group_of_pair(each.first, second) for second in matrix.seconds(each.first, each.failing))
        alone = [each.alone for each in explored]
        return cls([*alone, *played, *(found for each in explored for found in each.pairs)], covered)


def rows(found: Found) -> Iterator[tuple[str, ...]]:
    """By group, then over all."""
    groups = {each.scenario.group: None for each in found.assessments}
    for group in groups:
        of_group = [each for each in found.assessments if each.scenario.group == group]
        yield _row(group, found.covered.get(group, len(of_group)), of_group)
    pairs = sum(each.scenario.group in found.covered for each in found.assessments)
    yield _row("all", sum(found.covered.values()) + len(found.assessments) - pairs, found.assessments)


def _row(name: str, covered: int, group: Sequence[Assessment]) -> tuple[str, ...]:
    def total(broken: Sequence[Broken]) -> str:
        return str(sum(bool(each.count(kind)) for each in group for kind in broken))

    worst = max((each.alive_after_failure for each in group), default=timedelta())
    minutes = f"{worst.total_seconds() / 60:.1f}"
    numbers = f"{covered:,}", f"{len(group):,}"
    return (name, *numbers, total([Broken.LEAKED]), total([Broken.BOUGHT_TWICE]), minutes, total(_OTHERS))


HEADINGS = (
    "faults",
    "scenarios",
    "played",
    "leaked throughputs or deployments",
    "double purchases",
    "worst time alive after the failure (min)",
    "other broken promises",
)


PAIRS = """A pair is a fault and then a second one, from where its failure path begins or its execution has ended.
Many first faults leave the same there: the same state of the execution and the same objects, but for their numbers
and the error that is quoted, and the same jobs, throughputs and deployments, with the same status. What decides how
long one of those lives on, and how long that is told to be, must be the same to the microsecond: how long it has
outlived the failure, when it comes into service, since when it is to go, when it went and when that was seen; its age,
which only deadlines depend on, counts in steps of five minutes. The engine is deterministic, so a second fault is
played after one of them only, and is played on only until it comes to a task in a world that was there before. What is
not played lives as long as its twin that is; words and numbers of its report may differ. A second fault is not played
where the future without it was seen never to call what it would strike: such a pair is its first fault alone.
Once an execution has ended, nobody but the reaper goes on: those are alike that leave it the same hosts, the same job
at work and the same word of them in the report, whatever else they had found out. Its schedule begins anew at that
moment, so that its next scheduled look comes as late as it can. A fault that is healed, with no
throughput or deployment there, is played until a task is entered in a world of the undisturbed run."""


def document(found: Found) -> str:
    """docs/faults.md."""
    table = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *rows(found)]
    lines = [f"| {' | '.join(row)} |" for row in table]
    return f"""# What was tried to make the meter run on

Written by `make faults`, which runs the state machine of the synthesized template on the local engine, makes each of
these faults happen, and then lets virtual time pass with the schedule of the reaper. Time alive counts from when
the run can no longer succeed, beyond what the API allows.

{chr(10).join(lines)}

{PAIRS}
Where nobody but the reaper is left, its faults end within its next two looks: a reaper that is broken for good deletes
nothing.

After every scenario must hold: {"; ".join(f"not “{broken}”" for broken in Broken)}.
Found: {_found(found.assessments)}.
"""


def _found(assessments: Sequence[Assessment]) -> str:
    counts = Counter(finding.broken for each in assessments for finding in each.findings)
    return "; ".join(f"{broken}: {count}" for broken, count in counts.items()) or "nothing"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", default="", help="scenarios whose description has this text; writes no document")
    arguments.add_argument("--every", type=int, default=1, help="only every so many of them; writes no document")
    arguments.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = arguments.parse_args()
    console, started = Console(stderr=True), time.monotonic()
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as claims:
        console.print("synthesizing and deploying …")
        assembly = synthesized(Path(folder))
        with deployed(assembly.folder) as engine:
            matrix = Matrix(engine, Flow.of(assembly.definition))
            chosen, firsts = (
                [each for each in some if options.only in str(each)][:: options.every]
                for some in (matrix.scenarios, matrix.firsts)
            )
            exploring = matrix.explored(firsts, options.processes, Path(claims))
            following = _followed("first faults", exploring, len(firsts), console, _assessments)
            explored = [each for some in following for each in some]
            playing = ([each] for each in matrix.assessments(chosen, options.processes))
            played = [each for [each] in _followed("scenarios", playing, len(chosen), console, list)]
    explored.sort(key=lambda each: firsts.index(each.first))
    found = Found.of(matrix, played, explored)
    table = Table(*HEADINGS)
    for row in rows(found):
        table.add_row(*row)
    Console().print(table)
    console.print(PAIRS)
    worlds = len({each.world for each in explored})
    console.print(f"{len(found.assessments)} scenarios, {worlds} worlds, in {time.monotonic() - started:.0f} s")
    if len(chosen) + len(firsts) == len(matrix.scenarios) + len(matrix.firsts):
        DOCUMENT.write_text(document(found))
    return 1 if any(each.findings for each in found.assessments) else 0


def _assessments(explored: Sequence[Explored[Assessment]]) -> list[Assessment]:
    return [found for each in explored for found in (each.alone, *each.pairs)]


def _followed(
    what: str,
    results: Iterator[list[T]],
    total: int,
    console: Console,
    assessments: Callable[[list[T]], Sequence[Assessment]],
) -> Iterator[list[T]]:
    """With a progress bar, and every finding as it comes."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Drawn by this thread: a process that forks should have no other.
    with Progress(*columns, TimeRemainingColumn(), console=console, auto_refresh=False) as progress:
        task, done = progress.add_task(what, total=total), 0
        for result in results:
            for assessment in assessments(result):
                for finding in assessment.findings:
                    console.print(f"{assessment.scenario}: {finding.broken}: {finding.details[:300]}", markup=False)
            progress.advance(task, len(result))
            if not console.is_terminal and (done + len(result)) * 10 // total > done * 10 // total:
                console.print(f"{what}: {done + len(result)} of {total}")
            done += len(result)
            progress.refresh()
            yield result


if __name__ == "__main__":
    sys.exit(main())
