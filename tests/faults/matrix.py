"""`make faults`: every scenario on the deployed state machine, in virtual time, and what of the promise did not hold.

Usage: matrix.py [--only TEXT] [--every N] [--processes N]; exits 1 if a promise was broken.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from experiment import Experiment, deployed, observe, synthesized
from forks import forked
from invariants import Assessment, Broken, assess
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from scenarios import Flow, Scenario, scenarios

from cli.synthesis import ROOT
from local.engine.engine import LocalEngine
from local.engine.functions import Interceptor

DOCUMENT = ROOT / "docs" / "faults.md"
_OTHERS = [broken for broken in Broken if broken not in (Broken.LEAKED, Broken.BOUGHT_TWICE)]


class Matrix:
    """All scenarios of an assembly, on an engine that they share."""

    def __init__(self, engine: LocalEngine, flow: Flow, sabotage: Interceptor = lambda handler: handler) -> None:
        self.flow = flow
        self.observed = observe(engine)
        self.scenarios = scenarios(flow, self.observed)
        self._experiment = Experiment(engine, flow, sabotage)

    def assessments(self, chosen: Sequence[Scenario], processes: int) -> Iterator[Assessment]:
        return forked(
            lambda scenario: assess(scenario, self._experiment.play(scenario), self.observed), chosen, processes
        )


def rows(assessments: Sequence[Assessment]) -> Iterator[tuple[str, ...]]:
    """By group, then over all: scenarios, leaked, bought twice, worst time alive after the failure, other findings."""
    groups = dict.fromkeys(each.scenario.group for each in assessments)
    for group in groups:
        yield _row(group, [each for each in assessments if each.scenario.group == group])
    yield _row("all", assessments)


def _row(name: str, group: Sequence[Assessment]) -> tuple[str, ...]:
    def total(broken: Sequence[Broken]) -> str:
        return str(sum(bool(each.count(kind)) for each in group for kind in broken))

    worst = max((each.alive_after_failure for each in group), default=timedelta())
    minutes = f"{worst.total_seconds() / 60:.1f}"
    return (name, str(len(group)), total([Broken.LEAKED]), total([Broken.BOUGHT_TWICE]), minutes, total(_OTHERS))


HEADINGS = (
    "faults",
    "scenarios",
    "leaked throughputs",
    "double purchases",
    "worst time alive after the failure (min)",
    "other broken promises",
)


def document(assessments: Sequence[Assessment]) -> str:
    """docs/faults.md."""
    table = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *rows(assessments)]
    lines = [f"| {' | '.join(row)} |" for row in table]
    return f"""# What was tried to make the meter run on

Written by `make faults`, which runs the state machine of the synthesized template on the local engine, makes each of
these faults happen, and then lets virtual time pass with the schedule of the reaper. Time alive counts from when
the run can no longer succeed, beyond what the API allows.

{chr(10).join(lines)}

After every scenario must hold: {"; ".join(f"not “{broken}”" for broken in Broken)}.
Found: {_found(assessments)}.
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
    with tempfile.TemporaryDirectory() as folder:
        console.print("synthesizing and deploying …")
        assembly = synthesized(Path(folder))
        with deployed(assembly.folder) as engine:
            matrix = Matrix(engine, Flow.of(assembly.definition))
            chosen = [each for each in matrix.scenarios if options.only in str(each)][:: options.every]
            found = list(_followed(matrix.assessments(chosen, options.processes), len(chosen), console))
    found.sort(key=lambda each: chosen.index(each.scenario))
    table = Table(*HEADINGS)
    for row in rows(found):
        table.add_row(*row)
    Console().print(table)
    console.print(f"{len(found)} scenarios in {time.monotonic() - started:.0f} s")
    if len(chosen) == len(matrix.scenarios):
        DOCUMENT.write_text(document(found))
    return 1 if any(each.findings for each in found) else 0


def _followed(assessments: Iterator[Assessment], total: int, console: Console) -> Iterator[Assessment]:
    """With a progress bar, and every finding as it comes."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Drawn by this thread: a process that forks should have no other.
    with Progress(*columns, TimeRemainingColumn(), console=console, auto_refresh=False) as progress:
        task = progress.add_task("scenarios", total=total)
        for assessment in assessments:
            for finding in assessment.findings:
                console.print(f"{assessment.scenario}: {finding.broken}: {finding.details[:300]}", markup=False)
            progress.advance(task)
            progress.refresh()
            yield assessment


if __name__ == "__main__":
    sys.exit(main())
