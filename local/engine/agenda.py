"""Executions that wait, and what is due at fixed intervals, in the order of virtual time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.engine.clock import VirtualClock


@dataclass
class _Recurring:
    every: timedelta
    action: Callable[[], None]
    next_at: datetime


class Agenda:
    """Time passes when all that takes part waits, and then as far as the first wait or recurring action.

    So several executions wait side by side, as they would on AWS. What tasks take adds up: they take turns.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._busy = 0
        self._asleep: dict[object, datetime] = {}
        self._recurring: list[_Recurring] = []

    def join(self) -> None:
        """One more takes part; it holds up time until it sleeps or leaves."""
        with self._changed:
            self._busy += 1

    def leave(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def every(self, interval: timedelta, action: Callable[[], None]) -> None:
        """From now on, call the action at that interval."""
        with self._changed:
            self._recurring.append(_Recurring(interval, action, self._clock.now() + interval))

    def sleep(self, seconds: float) -> None:
        """Called by one that takes part: go on when that much time has passed."""
        sleeper = object()
        with self._changed:
            self._asleep[sleeper] = self._clock.now() + timedelta(seconds=seconds)
            self._busy -= 1
            self._changed.notify_all()
            while sleeper in self._asleep:
                if self._busy > 0:
                    self._changed.wait()
                else:
                    self._advance()

    def _advance(self) -> None:
        moments = [*self._asleep.values(), *(each.next_at for each in self._recurring)]
        self._clock.sleep(max(0.0, (min(moments) - self._clock.now()).total_seconds()))
        now = self._clock.now()
        for recurring in self._recurring:
            if recurring.next_at <= now:
                # Once, however often a long task let it be missed.
                missed = (now - recurring.next_at) // recurring.every
                recurring.next_at += (missed + 1) * recurring.every
                recurring.action()
        # Of actions that took long, the next come after those whose wait ended meanwhile: on AWS they hold up nobody.
        now = self._clock.now()
        for sleeper in [sleeper for sleeper, until in self._asleep.items() if until <= now]:
            del self._asleep[sleeper]
            self._busy += 1
        self._changed.notify_all()
