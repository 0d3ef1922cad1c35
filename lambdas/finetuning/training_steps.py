"""What to change about training, by what the diagnosis found."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from finetuning.base_models import HyperParameter
from finetuning.headroom import leaves_points
from finetuning.outcome import Outcome, Step
from finetuning.verdict import Verdict

Finding = Mapping[str, Any]


def training_steps(outcome: Outcome) -> Iterator[Step]:
    """In the order of the findings; what one of them changes, no later one changes again."""
    training = outcome.result.get("training") or {}
    changed: set[str] = set()
    for finding in training.get("findings", ()):
        step = _BY_CODE[finding["code"]](outcome, finding) if finding["code"] in _BY_CODE else None
        if step is None:
            continue
        changes = set(step.input.get("hyperParameters") or [step.text])
        if not changes & changed:
            changed |= changes
            yield step


def _learn_more(outcome: Outcome, finding: Finding) -> Step:
    """More epochs where they were used up; else, or where the model takes no more, a higher learning rate."""
    if not outcome.result["training"]["stoppedEarly"] and (more := _scaled(outcome, "epochCount", 2)):
        asked = outcome.run.hyper_parameters["epochCount"]
        return _set(outcome, "moreEpochs", finding, "epochCount", more, asked=asked)
    return _rate(outcome, finding, "higherRate", 2) or outcome.new_dataset("moreRecords", finding["text"])


def _learn_less(outcome: Outcome, finding: Finding) -> Step | None:
    """Not where the records were learned by heart from the start: then no epoch was a good one."""
    if _is_memorised(outcome):
        return None
    best = finding["evidence"]["bestEpoch"]
    if best > 1:
        return _set(outcome, "fewerEpochs", finding, "epochCount", best)
    return _rate(outcome, finding, "lowerRate", 0.5)


def _learn_more_calmly(outcome: Outcome, finding: Finding) -> Step | None:
    return _rate(outcome, finding, "lowerRate", 0.5)


def _stop_later(outcome: Outcome, finding: Finding) -> Step | None:
    threshold = _scaled(outcome, "earlyStoppingThreshold", 0.1)
    return None if threshold is None else _set(outcome, "stopLater", finding, "earlyStoppingThreshold", threshold)


def _check_records(outcome: Outcome, finding: Finding) -> Step:
    return outcome.new_dataset("checkAnswers", finding["text"])


def _add_records(outcome: Outcome, finding: Finding) -> Step | None:
    """Only where it did not suffice that training has given what it can.

    Not where the base model's answers were right already; and records that were learned by heart have a step of their
    own, which asks for others too.
    """
    left = outcome.result.get("headroom")
    is_known = left is not None and not leaves_points(left["mean"], left["minimum"])
    if outcome.verdict not in (Verdict.NO_VISIBLE_EFFECT, Verdict.WORSE) or is_known or _is_memorised(outcome):
        return None
    return outcome.new_dataset("moreRecords", finding["text"])


def _is_memorised(outcome: Outcome) -> bool:
    return any(each["code"] == "memorised" for each in outcome.result["training"]["findings"])


_BY_CODE: Mapping[str, Callable[[Outcome, Finding], Step | None]] = {
    "barely_moved": _learn_more,
    "unstable": _learn_more_calmly,
    "memorised": _check_records,
    "overfitting": _learn_less,
    "still_learning": _learn_more,
    "stopped_too_soon": _stop_later,
    "saturated": _add_records,
}


def _rate(outcome: Outcome, finding: Finding, key: str, factor: float) -> Step | None:
    names = {parameter.name for parameter in outcome.model.hyper_parameters}
    name = "learningRateMultiplier" if "learningRateMultiplier" in names else "learningRate"
    value = _scaled(outcome, name, factor)
    return None if value is None else _set(outcome, key, finding, name, value)


def _scaled(outcome: Outcome, name: str, factor: float) -> float | None:
    """The run's value times `factor`, within the model's range; None where that changes nothing."""
    parameter = next((each for each in outcome.model.hyper_parameters if each.name == name), None)
    if parameter is None:
        return None
    now = float(outcome.run.hyper_parameters[name])
    return _within(parameter, now * factor) if _within(parameter, now * factor) != now else None


def _within(parameter: HyperParameter, value: float) -> float:
    clipped = min(max(value, parameter.minimum), parameter.maximum)
    return int(clipped) if parameter.integer else float(f"{clipped:.6g}")


def _set(outcome: Outcome, key: str, finding: Finding, name: str, value: float, **values: object) -> Step:
    changes = {"hyperParameters": {name: value}}
    return outcome.step(key, finding["text"], changes, name=name, value=f"{value:g}", **values)
