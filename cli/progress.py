"""Shows an execution while it runs: each state when it is first entered, and what goes wrong."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from finetuning.verdict import failure_message
from rich.console import Console
from rich.text import Text

from cli.output import plain, say

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import HistoryEventTypeDef

# What decides or rearranges takes no time: only states that do something are worth a line.
_SILENT_STATES = {"ChoiceStateEntered", "PassStateEntered"}


class Progress:
    """Lines on the console; in a terminal also the state of the moment and the time since the start."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._seen: set[str] = set()
        # The state in which each event happened, by the event's id.
        self._states: dict[int, str] = {}

    def show(self, events: Iterable["HistoryEventTypeDef"]) -> None:
        with self._console.status("starting") as status:
            start: datetime | None = None
            for event in events:
                start = start or event["timestamp"]
                elapsed = _hours(event["timestamp"] - start)
                state = self._state(event)
                status.update(Text(f"{elapsed}  {plain(state)}"))
                if event["type"] in _SILENT_STATES:
                    continue
                if "stateEnteredEventDetails" in event and state not in self._seen:
                    self._seen.add(state)
                    say(self._console, f"{elapsed}  {state}")
                elif problem := _problem(event):
                    say(self._console, f"{elapsed}  {state}: {problem}", "yellow")

    def _state(self, event: "HistoryEventTypeDef") -> str:
        entered = event.get("stateEnteredEventDetails")
        state = entered["name"] if entered else self._states.get(event.get("previousEventId", 0), "")
        self._states[event["id"]] = state
        return state


def _problem(event: "HistoryEventTypeDef") -> str | None:
    """What a task failed with: error and the first line of its message. None for every other event."""
    if not event["type"].endswith(("Failed", "TimedOut")) or event["type"].startswith(("Execution", "Map")):
        return None
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})  # type: ignore[misc]
    message, _, _ = failure_message(details.get("cause", "")).partition("\n")
    return ": ".join(filter(None, [details.get("error", event["type"]), message]))


def _hours(elapsed: timedelta) -> str:
    """h:mm:ss"""
    minutes, seconds = divmod(int(elapsed.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
