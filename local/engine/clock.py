"""Virtual time: sleeping moves the clock instead of waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta


class Limit:
    """How much virtual time a piece of work may still use."""

    def __init__(self, seconds: float) -> None:
        self.remaining = seconds


class TimeIsUp(BaseException):
    """The work's time limit is used up.

    No Exception, so that the work cannot catch it: it is cut off, as a Lambda function is.
    """

    def __init__(self, limit: Limit) -> None:
        super().__init__("time limit reached")
        self.limit = limit


class VirtualClock:
    """A clock for many threads that only sleeping moves forward.

    The sleeps of threads that work side by side add up: what takes turns here takes turns on the clock.
    """

    def __init__(self, start: datetime) -> None:
        """start: aware; times are given in UTC."""
        if start.tzinfo is None:
            raise ValueError(f"the start of a virtual calendar needs a time zone: {start.isoformat()}")
        self.start = start.astimezone(UTC)
        self._now = self.start
        self._lock = threading.Lock()
        self._limits = threading.local()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass at once. Raises TimeIsUp when a limit on this thread's work is used up."""
        limits: list[Limit] = getattr(self._limits, "active", [])
        first = min(limits, key=lambda limit: limit.remaining, default=None)
        cut_off = first is not None and first.remaining <= seconds
        passed = max(0.0, first.remaining if first is not None and cut_off else seconds)
        with self._lock:
            self._now += timedelta(seconds=passed)
        for limit in limits:
            limit.remaining -= passed
        if first is not None and cut_off:
            raise TimeIsUp(first)

    @contextmanager
    def limit(self, seconds: float) -> Iterator[Limit]:
        """Let the work inside sleep for less than that many seconds altogether, in this thread."""
        active: list[Limit] = self._limits.__dict__.setdefault("active", [])
        limit = Limit(seconds)
        active.append(limit)
        try:
            yield limit
        finally:
            active.remove(limit)
