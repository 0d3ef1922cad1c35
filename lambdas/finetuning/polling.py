"""How long to wait before looking again: long while nothing can have ended, short as soon as it may have.

What is paid by the hour costs money while nobody looks, and each look takes about ten of the 25,000 events that an
execution's history may have. So every wait follows from the age of what is waited for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Phase:
    """Until that age, look this often."""

    until: timedelta
    wait: timedelta


# Bad data makes a job fail within minutes; one of 85 records took two hours. While it runs nothing is paid by the hour.
JOB = (
    Phase(timedelta(minutes=10), timedelta(minutes=5)),
    Phase(timedelta(hours=4), timedelta(minutes=2)),
    Phase(timedelta.max, timedelta(minutes=10)),
)
# An execution that takes longer times out, and the guard removes what it leaves.
MAX_RUN_DURATION = timedelta(hours=48)
# A run of a sweep, whose one history has room for all its runs. Nothing is paid for while one that has ended waits.
RUN = (
    Phase(timedelta(hours=1), timedelta(minutes=5)),
    Phase(timedelta(hours=4), timedelta(minutes=15)),
    Phase(timedelta(hours=12), timedelta(minutes=30)),
    Phase(timedelta.max, timedelta(hours=2)),
)
# Nobody has reported a throughput in service before 10 minutes; if one is, it waits for 30 s at most. From half of that
# on, 20 s cost less than a dollar. Of custom model deployments nothing is known, and waiting for one costs nothing.
CREATION = (
    Phase(timedelta(minutes=5), timedelta(seconds=30)),
    Phase(timedelta.max, timedelta(seconds=20)),
)
# By the time since deletion was asked for first. One that is refused for minutes will not be granted within seconds.
DELETION = (
    Phase(timedelta(minutes=2), timedelta(seconds=5)),
    Phase(timedelta(minutes=10), timedelta(seconds=15)),
    Phase(timedelta.max, timedelta(minutes=1)),
)


def wait_seconds(age: timedelta, phases: Sequence[Phase]) -> int:
    """Whole seconds, at least 1; never past the end of the phase, where looking may have to become more frequent."""
    phase = next(phase for phase in phases if age < phase.until)
    return max(1, math.ceil(min(phase.wait, phase.until - age).total_seconds()))
