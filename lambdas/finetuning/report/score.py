"""The scores of one metric, read from the document once, with what it takes to show them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetuning.report.formatting import MISSING, is_number, number, signed
from finetuning.report.wording import named
from finetuning.texts import Texts
from finetuning.verdict import more_than_chance

# Where a run ended before the models were compared, the document has answers' scores and not their range.
_BOUNDS = {
    "correctness": (1.0, 10.0),
    "chrf": (0.0, 100.0),
    "similarity": (0.0, 1.0),
    "refusals": (0.0, 1.0),
    "pattern": (0.0, 1.0),
}
_SHARES = ("refusals", "pattern")
_WHOLE_UNITS = ("characters", "tokens")

Interval = tuple[float, float]


@dataclass(frozen=True)
class Score:
    """None = not measured. The intervals are 95% intervals: of the difference, and of each mean.

    bounds: lowest and highest possible value; higher_is_better: None for what is neither, such as an answer's length;
    label: a name of the dataset's own.
    """

    metric: str
    base: float | None
    custom: float | None
    difference: float | None
    interval: Interval | None
    base_interval: Interval | None
    custom_interval: Interval | None
    p_value: float | None
    n: float | None
    wins: float | None
    ties: float | None
    losses: float | None
    higher_is_better: bool | None
    bounds: Interval | None
    unit: str | None
    label: str | None

    def name(self, say: Texts) -> str:
        return self.label or named(say, "metric", self.metric)

    @property
    def decimals(self) -> int:
        """Decimals worth showing: of 0 to 1 three, of 1 to 10 two, of 0 to 100 one."""
        if self.is_share or self.unit in _WHOLE_UNITS:
            return 0
        if self.bounds is None:
            return 2
        return max(0, 3 - math.ceil(math.log10(self.bounds[1] - self.bounds[0])))

    @property
    def is_share(self) -> bool:
        """Of 0 to 1, and shown as a percentage."""
        return self.bounds == (0, 1) and (self.unit == "%" or self.metric in _SHARES)

    def show(self, value: object) -> str:
        if not is_number(value):
            return MISSING
        return f"{number(value * 100)}%" if self.is_share else number(value, self.decimals)

    def show_change(self, value: object, say: Texts) -> str:
        """A difference, with its sign; of shares, in percentage points."""
        if not is_number(value) or not self.is_share:
            return signed(value, self.decimals)
        return say("report.percentagePoints", n=signed(value * 100, 0))

    def show_one(self, value: object) -> str:
        """One answer's score: a judge's is a whole number and is shown as one."""
        return number(value) if is_number(value) and value == round(value) and not self.is_share else self.show(value)

    @property
    def tone(self) -> str:
        """What the difference says of the custom model, if it is more than chance: a class of style.css."""
        return self.tone_of_effect(self.interval, self.p_value, self.n)

    def tone_of_effect(self, interval: Interval | None, p_value: float | None, n: float | None) -> str:
        if interval is None or not more_than_chance(interval, p_value, n):
            return "neutral"
        return self.tone_of(interval[0])

    def tone_of(self, difference: float) -> str:
        if difference == 0 or self.higher_is_better is None:
            return "neutral"
        return "good" if (difference > 0) == self.higher_is_better else "bad"


def primary_score(result: Mapping[str, Any]) -> Score:
    """The metric that the verdict rests on."""
    scores = result.get("scores") or {}
    return read_score(result, "correctness" if "correctness" in scores else next(iter(scores), "correctness"))


def read_score(result: Mapping[str, Any], metric: str) -> Score:
    score = (result.get("scores") or {}).get(metric) or {}
    bounds = pair(score.get("range"))
    return Score(
        metric=metric,
        base=finite(score.get("base")),
        custom=finite(score.get("custom")),
        difference=finite(score.get("difference")),
        interval=pair(score.get("ci95")),
        base_interval=pair(score.get("baseCi95")),
        custom_interval=pair(score.get("customCi95")),
        p_value=finite(score.get("pValue")),
        n=finite(score.get("n")),
        wins=finite(score.get("wins")),
        ties=finite(score.get("ties")),
        losses=finite(score.get("losses")),
        higher_is_better=score.get("higherIsBetter", True),
        bounds=bounds if bounds and bounds[0] < bounds[1] else _BOUNDS.get(metric),
        unit=score.get("unit"),
        label=score.get("name"),
    )


def finite(value: object) -> float | None:
    return value if is_number(value) else None


def pair(values: Sequence[object] | None) -> Interval | None:
    low, high = values or (None, None)
    return (low, high) if is_number(low) and is_number(high) else None
