"""When things happened: the execution as bars, with the host's life and what it cost on it, and as a table."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from finetuning.report.charts.drawing import figure, legend, ticks
from finetuning.report.charts.life import Lane, life
from finetuning.report.formatting import MISSING, duration, moment, moment_text, usd
from finetuning.report.markup import Html, section, table
from finetuning.report.wording import named
from finetuning.texts import Texts

Events = Sequence[Mapping[str, Any]]


def timeline(result: Mapping[str, Any], say: Texts) -> Html | None:
    events = result.get("timeline") or []
    if not events:
        return None
    rows = [
        [
            moment_text(event.get("at")),
            duration(event.get("elapsedSeconds"), say),
            named(say, "event", event.get("event") or MISSING),
            event.get("state") or MISSING,
        ]
        for event in events
    ]
    shown = 4 if any(event.get("state") for event in events) else 3
    columns = [say(f"report.timeline.{column}") for column in ("time", "elapsed", "event", "state")]
    is_local = (result.get("provenance") or {}).get("environment") == "local"
    paid = "wouldCost" if is_local else "paid"
    picture = _picture(events, result.get("durations") or {}, result.get("cost") or {}, paid, say)
    return section(
        "timeline",
        say("report.timeline.title"),
        picture,
        table(columns[:shown], [row[:shown] for row in rows], numeric=(1,)),
    )


def _picture(
    events: Events, durations: Mapping[str, Any], spent: Mapping[str, Any], paid: str, say: Texts
) -> Html | None:
    """None where the events' times are not in order, or all the same."""
    moments = [at for event in events if (at := moment(event.get("at")))]
    if len(moments) < 2 or moments[-1] <= moments[0] or moments != sorted(moments):
        return None
    start, whole = moments[0], (moments[-1] - moments[0]).total_seconds()
    found = {str(event.get("event")): at for event in events if (at := moment(event.get("at")))}
    lanes = [Lane(say("report.timeline.run"), [("run", 0.0, whole)], duration(durations.get("runSeconds"), say))]
    lanes += [*_job(found, start, whole, durations, say), *_host(found, start, whole, spent, paid, say)]
    title = say("report.betweenSentences").join(
        say("report.timeline.lane", name=lane.name, note=lane.note) for lane in lanes
    )
    keys = [(span, say(f"report.timeline.{span}")) for lane in lanes[2:] for span, _, _ in lane.spans]
    return figure(life(lanes, whole, _ticks(whole, say), title), *([legend(*keys)] if keys else []))


def _job(
    found: Mapping[str, datetime], start: datetime, whole: float, durations: Mapping[str, Any], say: Texts
) -> list[Lane]:
    created, completed = found.get("customization job created"), found.get("customization job completed")
    if created is None:
        return []
    first = (created - start).total_seconds()
    last = (completed - start).total_seconds() if completed else whole
    return [Lane(say("report.timeline.job"), [("job", first, last)], duration(durations.get("jobSeconds"), say))]


def _host(
    found: Mapping[str, datetime], start: datetime, whole: float, spent: Mapping[str, Any], paid: str, say: Texts
) -> list[Lane]:
    host = "deployment" if "deployment created" in found else "throughput"
    created = found.get(f"{host} created")
    if created is None:
        return []
    first = (created - start).total_seconds()
    at = {
        name: (found[event] - start).total_seconds()
        for name, event in (("ready", f"{host} in service"), ("asked", f"{host} deletion asked for"))
        if event in found
    }
    gone = found.get(f"{host} gone")
    last = (gone - start).total_seconds() if gone else whole
    asked = at.get("asked", last)
    ready = min(at.get("ready", asked), asked)
    spans = [("creating", first, ready), ("serving", ready, asked), ("deleting", asked, last)]
    amounts = [item.get("usd") for item in spent.get("items") or [] if item.get("item") == "throughputPerHour"]
    lived = duration(last - first, say)
    note = say(f"report.timeline.{paid}", duration=lived, usd=usd(amounts[0], say)) if amounts else lived
    return [Lane(say(f"report.timeline.{host}"), [span for span in spans if span[2] > span[1]], note)]


def _ticks(seconds: float, say: Texts) -> list[tuple[float, str]]:
    """Whole hours, minutes or seconds."""
    unit, name = next(((u, n) for u, n in ((3600, "hours"), (60, "minutes")) if seconds >= 2 * u), (1, "seconds"))
    return [(mark * unit, say(f"report.{name}", n=f"{mark:g}")) for mark in ticks(0, seconds / unit, 5)]
