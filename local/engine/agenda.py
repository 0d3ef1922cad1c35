"""Executions that wait, and what is due once or at fixed intervals, in the order of virtual time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.engine.clock import VirtualClock


@dataclass
class _Due:
    """every: None where it comes once."""

    next_at: datetime
    action: Callable[[], None]
    every: timedelta | None = None


class Agenda:
    """Time passes when all that takes part waits, and then as far as the first wait or action that is due.

    So several executions wait side by side, as they would on AWS. What tasks take adds up: they take turns.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._busy = 0
        self._asleep: dict[object, datetime] = {}
        self._due: list[_Due] = []

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
            self._due.append(_Due(self._clock.now() + interval, action, interval))

    def restart(self) -> None:
        """What comes at intervals comes next when its whole interval has passed from now."""
        with self._changed:
            for due in self._due:
                if due.every is not None:
                    due.next_at = self._clock.now() + due.every

    def once(self, after: timedelta, action: Callable[[], None]) -> None:
        """Call the action when so much time has passed."""
        with self._changed:
            self._due.append(_Due(self._clock.now() + after, action))

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
        moments = [*self._asleep.values(), *(each.next_at for each in self._due)]
        self._clock.sleep(max(0.0, (min(moments) - self._clock.now()).total_seconds()))
        now = self._clock.now()
        for due in sorted((each for each in self._due if each.next_at <= now), key=lambda each: each.next_at):
            if due.every is None:
                self._due.remove(due)
            else:
                # Once, however often a long task let it be missed.
                missed = (now - due.next_at) // due.every
                due.next_at += (missed + 1) * due.every
            due.action()
        # Of actions that took long, the next come after those whose wait ended meanwhile: on AWS they hold up nobody.
        now = self._clock.now()
        for sleeper in [sleeper for sleeper, until in self._asleep.items() if until <= now]:
            del self._asleep[sleeper]
            self._busy += 1
        self._changed.notify_all()
