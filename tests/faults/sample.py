"""A small part of the matrix in which every state, kind of fault, operation, status and group occurs."""

import random
from collections.abc import Hashable, Sequence

from scenarios import Scenario


def sample(scenarios: Sequence[Scenario]) -> list[Scenario]:
    """The same in every run: each adds something that those before it have not."""
    shuffled = list(scenarios)
    random.Random(0).shuffle(shuffled)  # noqa: S311 - no secret
    covered: set[Hashable] = set()
    chosen = []
    for scenario in shuffled:
        if not (subjects := aspects(scenario)) <= covered:
            covered |= subjects
            chosen.append(scenario)
    return chosen


def aspects(scenario: Scenario) -> set[Hashable]:
    """What a scenario is about."""
    found: set[Hashable] = {scenario.group, ("settings", str(scenario.settings))}
    for fault in (*scenario.faults, *([scenario.second] if scenario.second else [])):
        found |= {
            ("fault at", fault.state),
            ("fault at", fault.state, fault.operation),
            fault.kind,
            ("status", fault.status),
        }
    if scenario.stop_at is not None:
        found |= {("stopped at", scenario.stop_at.state), scenario.stop_at.moment}
    if scenario.time_out_at is not None:
        found.add(("timed out at", scenario.time_out_at))
    return found
