"""How long is waited: what is ready is soon seen, and an execution's history has room for every look."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from finetuning.base_models import BASE_MODELS
from finetuning.customization import MAX_JOB_DURATION
from finetuning.hosting import HOSTS
from finetuning.hosting.life import MAX_DELETION_DURATION
from finetuning.polling import CREATION, DELETION, JOB, MAX_RUN_DURATION, RUN, Phase, wait_seconds
from finetuning.sweep.plan import MAX_RUNS
from hypothesis import given
from hypothesis import strategies as st

EVENTS_PER_LOOK = 10
MOST_EVENTS = 25_000

minutes = st.floats(0, 75).map(lambda number: timedelta(minutes=number))


def looks(phases: Sequence[Phase], duration: timedelta) -> list[timedelta]:
    """The ages at which is looked, from the start until what takes so long is seen to have ended."""
    ages = [timedelta(0)]
    while ages[-1] < duration:
        ages.append(ages[-1] + timedelta(seconds=wait_seconds(ages[-1], phases)))
    return ages


@pytest.mark.parametrize(
    ("phases", "age", "seconds"),
    [
        (JOB, timedelta(0), 300),
        (JOB, timedelta(minutes=8), 120),
        (JOB, timedelta(hours=2), 120),
        (JOB, timedelta(hours=30), 600),
        (CREATION, timedelta(0), 30),
        (CREATION, timedelta(minutes=4, seconds=30), 30),
        (CREATION, timedelta(minutes=4, seconds=59.9), 1),
        (CREATION, timedelta(minutes=5), 20),
        (CREATION, timedelta(minutes=70), 20),
        (DELETION, timedelta(0), 5),
        (DELETION, timedelta(minutes=2), 15),
        (DELETION, timedelta(minutes=30), 60),
    ],
)
def test_the_wait_follows_from_the_age(phases: Sequence[Phase], age: timedelta, seconds: int) -> None:
    assert wait_seconds(age, phases) == seconds


@given(minutes)
def test_a_throughput_in_service_waits_half_a_minute_at_most(creation: timedelta) -> None:
    assert looks(CREATION, creation)[-1] - creation <= timedelta(seconds=30)


@given(minutes)
def test_a_throughput_that_goes_at_once_is_seen_to_be_gone_in_seconds(deletion: timedelta) -> None:
    late = looks(DELETION, deletion)[-1] - deletion

    assert late <= max(timedelta(seconds=5), deletion / 5)


@given(st.floats(0, 36).map(lambda number: timedelta(hours=number)))
def test_a_job_that_has_ended_is_seen_in_minutes(duration: timedelta) -> None:
    assert looks(JOB, duration)[-1] - duration <= max(timedelta(minutes=5), duration / 20)


@given(st.floats(0, 48).map(lambda number: timedelta(hours=number)))
def test_a_sweeps_run_that_has_ended_is_seen_soon_beside_what_it_took(duration: timedelta) -> None:
    assert looks(RUN, duration)[-1] - duration <= max(timedelta(minutes=5), duration / 4)


@given(st.sampled_from([JOB, RUN, CREATION, DELETION]), st.floats(0, 72).map(lambda number: timedelta(hours=number)))
def test_a_wait_is_never_past_the_end_of_its_phase(phases: Sequence[Phase], age: timedelta) -> None:
    wait = timedelta(seconds=wait_seconds(age, phases))
    phase = next(phase for phase in phases if age < phase.until)

    assert timedelta(seconds=1) <= wait <= phase.wait
    assert phase.until == timedelta.max or age + wait < phase.until + timedelta(seconds=1)


def test_the_longest_run_has_room_in_its_history() -> None:
    job, creation = looks(JOB, MAX_JOB_DURATION), looks(CREATION, max(host.longest_creation for host in HOSTS.values()))
    # In the main path, and on the failure path again.
    deletion = 2 * looks(DELETION, MAX_DELETION_DURATION)

    assert EVENTS_PER_LOOK * len(job + creation + deletion) < MOST_EVENTS / 2


def test_the_largest_sweep_has_room_in_its_history() -> None:
    # All of its runs, and then the best of each base model.
    runs = MAX_RUNS + len(BASE_MODELS)

    assert runs * EVENTS_PER_LOOK * len(looks(RUN, MAX_RUN_DURATION)) < MOST_EVENTS * 2 / 3
