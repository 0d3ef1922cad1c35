"""The scores of one metric, read from the document once, with what it takes to show them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetuning.report.formatting import is_number

_NAMES = {"correctness": "Correctness", "chrf": "chrF"}
# Where a run ended before the models were compared, the document has answers' scores and not their range.
_BOUNDS = {"correctness": (1.0, 10.0), "chrf": (0.0, 100.0)}


@dataclass(frozen=True)
class Score:
    """None = not measured. interval: the difference's 95% interval; bounds: lowest and highest possible value."""

    metric: str
    base: float | None
    custom: float | None
    difference: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    n: int | None
    higher_is_better: bool
    bounds: tuple[float, float] | None

    @property
    def name(self) -> str:
        return _NAMES.get(self.metric, self.metric)

    @property
    def decimals(self) -> int:
        """Decimals worth showing: of 0 to 1 three, of 1 to 10 two, of 0 to 100 one."""
        if self.bounds is None:
            return 2
        return max(0, 3 - math.ceil(math.log10(self.bounds[1] - self.bounds[0])))

    @property
    def tone(self) -> str:
        """What the interval says of the custom model: a class of style.css."""
        if self.interval is None or self.interval[0] <= 0 <= self.interval[1]:
            return "neutral"
        return self.tone_of(self.interval[0])

    def tone_of(self, difference: float) -> str:
        if difference == 0:
            return "neutral"
        return "good" if (difference > 0) == self.higher_is_better else "bad"


def primary_score(result: Mapping[str, Any]) -> Score:
    """The metric that the verdict rests on."""
    scores = result.get("scores") or {}
    return read_score(result, "correctness" if "correctness" in scores else next(iter(scores), "correctness"))


def read_score(result: Mapping[str, Any], metric: str) -> Score:
    score = (result.get("scores") or {}).get(metric) or {}
    bounds = _pair(score.get("range"))
    higher_is_better = score.get("higherIsBetter")
    return Score(
        metric=metric,
        base=_finite(score.get("base")),
        custom=_finite(score.get("custom")),
        difference=_finite(score.get("difference")),
        interval=_pair(score.get("ci95")),
        p_value=_finite(score.get("pValue")),
        n=score.get("n"),
        higher_is_better=True if higher_is_better is None else higher_is_better,
        bounds=bounds if bounds and bounds[0] < bounds[1] else _BOUNDS.get(metric),
    )


def _finite(value: object) -> float | None:
    return value if is_number(value) else None


def _pair(values: Sequence[object] | None) -> tuple[float, float] | None:
    low, high = values or (None, None)
    return (low, high) if is_number(low) and is_number(high) else None
