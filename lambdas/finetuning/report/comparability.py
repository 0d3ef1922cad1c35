"""Whether the scores of several runs may be compared at all: pure functions of their results."""

from collections.abc import Mapping, Sequence
from typing import Any

Result = Mapping[str, Any]

# So much of a file's SHA-256 tells files apart.
_DIGITS = 12
# What a score depends on besides the model that answered.
MEASURED_WITH = ("evaluationData", "judgeModel", "judgeVersion", "environment")


def measured_with(result: Result) -> dict[str, str | None]:
    """By name of MEASURED_WITH; None = not recorded."""
    provenance, judge = result.get("provenance") or {}, result.get("judge") or {}
    evaluation = (provenance.get("dataset") or {}).get("evaluation")
    found = {
        "evaluationData": _short(evaluation),
        "judgeModel": judge.get("model") or provenance.get("judgeModel"),
        "judgeVersion": judge.get("version"),
        "environment": provenance.get("environment"),
    }
    return {name: None if value is None else str(value) for name, value in found.items()}


def incomparable(results: Sequence[Result]) -> dict[str, dict[str | None, list[int]]]:
    """By name of MEASURED_WITH: which places of `results` had which value, where scored runs differ in it."""
    scored = {place: measured_with(result) for place, result in enumerate(results) if result.get("scores")}
    differing = {}
    for name in MEASURED_WITH:
        groups: dict[str | None, list[int]] = {}
        for place, measured in scored.items():
            groups.setdefault(measured[name], []).append(place)
        if len(groups) > 1:
            differing[name] = groups
    return differing


def settings(result: Result) -> dict[str, str | None]:
    """What a run was told, by name: what may be varied between runs that are compared. None = not recorded."""
    provenance = result.get("provenance") or {}
    dataset = provenance.get("dataset") or {}
    told = {
        **(provenance.get("hyperParameters") or {}),
        **(provenance.get("answers") or {}),
        "systemPrompt": provenance.get("systemPrompt"),
        "trainingData": _short(dataset.get("training")),
        "validationData": _short(dataset.get("validation")),
    }
    return {name: None if value is None else _as_told(value) for name, value in told.items()}


def _as_told(value: object) -> str:
    """Numbers in one form: `1`, `1.0` and `"1"` are the same setting."""
    try:
        return f"{float(str(value)):.10g}"
    except ValueError:
        return str(value)


def _short(file: Mapping[str, Any] | None) -> str | None:
    sha256 = (file or {}).get("sha256")
    return str(sha256)[:_DIGITS] if sha256 else None


def varied(results: Sequence[Result]) -> list[str]:
    """The names of settings that are not the same in all runs that recorded any."""
    told = [found for result in results if any((found := settings(result)).values())]
    names = list(dict.fromkeys(name for each in told for name in each))
    return [name for name in names if len({each.get(name) for each in told}) > 1]


def goes_on(result: Result) -> bool:
    """Whether an earlier run has paid for a part of what this one shows."""
    return bool((result.get("provenance") or {}).get("earlierRuns"))


def usd_per_point(result: Result) -> float | None:
    """What a point of correctness cost this run; None where the verdict is not that any was gained."""
    difference = ((result.get("scores") or {}).get("correctness") or {}).get("difference")
    usd = (result.get("cost") or {}).get("actualUsd")
    if result.get("verdict") != "improved" or not difference or usd is None:
        return None
    return float(usd / difference)


def is_usd_per_point_lower_bound(result: Result) -> bool:
    """Also where what the gain needed was paid elsewhere: by an earlier run, or for a custom model that was given."""
    return bool((result.get("cost") or {}).get("isLowerBound")) or goes_on(result) or not result.get("training")
