"""What a model has answered so far, kept beside the file that is being made, so that no call is paid for twice."""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from finetuning.errors import WorkingFileError

_BEGINNING = b'{"settings": '


@dataclass(frozen=True)
class Reply:
    """What a call brought. tool_input: None where the tool was not called as it should be; problem says what was."""

    tool_input: Mapping[str, Any] | None
    problem: str
    input_tokens: int
    output_tokens: int


class WorkingFile:
    """A line for the settings, then a line for each call: the request's fingerprint and its reply.

    Making a dataset is a calculation on replies: done again with the same settings it makes the same requests. So a
    later process finds every reply that is here, in whatever moment an earlier one ended, and goes on after the last.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        """Raises WorkingFileError where the file holds replies to other settings, or cannot be written."""
        self.path = path
        self._settings = dict(settings)
        self._replies: defaultdict[str, list[Reply]] = defaultdict(list)
        # Before anything is paid for: can it be kept?
        self._append(b"")
        self._empty = not self._load()

    @property
    def replies(self) -> int:
        """How many are kept that nobody has taken yet."""
        return sum(map(len, self._replies.values()))

    def take(self, request: Mapping[str, Any]) -> Reply | None:
        """The kept reply to this request, each once, in the order in which they came."""
        kept = self._replies[_fingerprint(request)]
        return kept.pop(0) if kept else None

    def keep(self, request: Mapping[str, Any], reply: Reply) -> None:
        """Raises WorkingFileError where it cannot be written."""
        lines: list[Mapping[str, Any]] = [{"settings": self._settings}] if self._empty else []
        lines.append({"request": _fingerprint(request), "reply": asdict(reply)})
        self._append(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        self._empty = False

    def _load(self) -> bool:
        """False where no whole line is there."""
        content = self.path.read_bytes()
        # A process that was killed while it wrote leaves part of a line.
        whole = content[: content.rfind(b"\n") + 1]
        if whole:
            self._read(whole)
        elif not _BEGINNING.startswith(content[: len(_BEGINNING)]):
            raise self._foreign()
        os.truncate(self.path, len(whole))
        return bool(whole)

    def _read(self, lines: bytes) -> None:
        try:
            first, *rest = map(json.loads, lines.splitlines())
            before = {**first["settings"]}
            for line in rest:
                self._replies[line["request"]].append(Reply(**line["reply"]))
        except (ValueError, KeyError, TypeError) as error:
            raise self._foreign() from error
        other = [name for name in before | self._settings if before.get(name) != self._settings.get(name)]
        if other:
            raise WorkingFileError(
                f"{self.path} holds what an unfinished call with other settings has paid for ({', '.join(other)} "
                "differ): call with those again to finish it, choose another file, or remove it"
            )

    def _foreign(self) -> WorkingFileError:
        return WorkingFileError(f"{self.path}: not what this command writes: move it away")

    def _append(self, lines: bytes) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WorkingFileError(f"cannot write {self.path}: {error.strerror}") from error


def _fingerprint(request: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=_digest).encode()).hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
