"""Executions that wait beside what is due at fixed intervals."""

from datetime import UTC, datetime, timedelta

from local.engine.agenda import Agenda
from local.engine.clock import VirtualClock

START = datetime(2026, 2, 2, 9, tzinfo=UTC)


def test_what_waits_goes_on_before_an_action_that_takes_long_comes_again() -> None:
    clock = VirtualClock(START)
    agenda = Agenda(clock)
    agenda.every(timedelta(minutes=5), lambda: clock.sleep(360))
    agenda.join()

    agenda.sleep(301)

    assert clock.now() - START == timedelta(minutes=11)
