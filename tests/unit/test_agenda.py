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


def test_what_is_due_once_comes_once_in_the_order_of_time() -> None:
    clock = VirtualClock(START)
    agenda = Agenda(clock)
    came: list[tuple[str, timedelta]] = []
    agenda.once(timedelta(minutes=7), lambda: came.append(("once", clock.now() - START)))
    agenda.every(timedelta(minutes=5), lambda: came.append(("every", clock.now() - START)))
    agenda.join()

    agenda.sleep(600)

    assert came == [("every", timedelta(minutes=5)), ("once", timedelta(minutes=7)), ("every", timedelta(minutes=10))]


def test_what_is_restarted_comes_a_whole_interval_later() -> None:
    clock = VirtualClock(START)
    agenda = Agenda(clock)
    came: list[timedelta] = []
    agenda.every(timedelta(minutes=5), lambda: came.append(clock.now() - START))
    agenda.join()

    agenda.sleep(240)
    agenda.restart()
    agenda.sleep(600)

    assert came == [timedelta(minutes=9), timedelta(minutes=14)]
