"""What was done to a file, told by line."""

from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_TOLD = 1_000


@dataclass
class _Change:
    first: int
    last: int
    what: str

    def __str__(self) -> str:
        lines = f"line {self.first}" if self.first == self.last else f"lines {self.first} to {self.last}"
        return f"{lines}: {self.what}"


@dataclass
class Changes:
    """The same thing done to lines that follow each other is one change; of too many, the rest is counted."""

    _told: list[_Change] = field(default_factory=list)
    _latest: dict[str, _Change] = field(default_factory=dict)
    _left_out: int = 0

    @property
    def any(self) -> bool:
        return bool(self._told)

    def add(self, line: int, what: str) -> None:
        """Lines come in order."""
        latest = self._latest.get(what)
        if latest and latest.last == line - 1:
            latest.last = line
        elif len(self._told) < MOST_TOLD:
            change = _Change(line, line, what)
            self._told.append(change)
            self._latest[what] = change
        else:
            self._left_out += 1

    def told(self) -> Iterator[str]:
        yield from map(str, self._told)
        if self._left_out:
            yield f"and {self._left_out:,} more changes"
