"""Numbers, money and times as people read them. What is missing or not finite is a dash, never NaN."""

import math
from datetime import UTC, datetime
from typing import TypeGuard

from finetuning.report.markup import Html, element
from finetuning.texts import Texts

MISSING = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def number(value: object, decimals: int = 0) -> str:
    if not is_number(value):
        return MISSING
    written = f"{value:,.{decimals}f}"
    is_zero = not written.strip("-0.,")
    return written.lstrip("-") if is_zero else written.replace("-", _MINUS)


def question_number(index: object) -> str:
    """How people are told a question: indices count from 0, they count from 1."""
    return str(int(index) + 1) if is_number(index) else MISSING


def signed(value: object, decimals: int) -> str:
    """A difference: `+1.25`, `0.00`, or with a real minus sign."""
    written = number(value, decimals)
    return f"+{written}" if is_number(value) and value > 0 and written.strip("0.,") else written


def exact(value: object, written: str) -> Html:
    """The rounded number for people, the document's own number for machines."""
    return element("data", written, value=repr(value)) if is_number(value) else element("span", written)


def p_value(value: object) -> str:
    if not is_number(value):
        return MISSING
    if value < 0.001:
        return "< 0.001"
    return number(value, 3 if value < 0.1 else 2)


def usd(value: object, say: Texts) -> str:
    if not is_number(value):
        return say("report.usdUnknown")
    if 0 < value < 0.005:
        return say("report.usdUnderOneCent")
    return f"${number(value, 2)}"


def unit_usd(value: object, say: Texts) -> str:
    """The price of one unit, which may be far less than a cent."""
    if not is_number(value) or value >= 0.01 or value == 0:
        return usd(value, say)
    return f"${value:.8f}".rstrip("0")


def quantity(value: object) -> str:
    """A count or an amount: at most three decimals."""
    written = number(value, 3)
    return written.rstrip("0").rstrip(".") if "." in written else written


def duration(seconds: object, say: Texts) -> str:
    """`42 s`, `12 min 30 s`, `2 h 5 min`."""
    if not is_number(seconds):
        return MISSING
    whole = round(seconds)
    if whole >= 3600:
        units = [(whole // 3600, "hours"), (whole % 3600 // 60, "minutes")]
    else:
        units = [(whole // 60, "minutes"), (whole % 60, "seconds")]
    parts = [say(f"report.{unit}", n=count) for count, unit in units if count]
    return say("report.durationSeparator").join(parts) or say("report.seconds", n=0)


def moment(text: str | None) -> datetime | None:
    """The time that an ISO 8601 string names, in UTC; None for any other string, which is then shown as it is."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def moment_text(text: str | None) -> str:
    at = moment(text)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else text or MISSING


def seconds_between(start: str | None, end: str | None) -> float | None:
    started, ended = moment(start), moment(end)
    return (ended - started).total_seconds() if started and ended else None
