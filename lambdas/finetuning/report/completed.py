"""The numbers of a result that follow from its other parts, so that a page shows numbers and computes none.

A run writes them into its result.json; a document that was written before they were in it gets them when it is shown.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

from finetuning.report.formatting import is_number, seconds_between
from finetuning.report.score import primary_score

MODELS = ("base", "custom")
# On a wider scale nobody counts the answers with each score.
_MOST_SCORES = 20


def completed(result: Mapping[str, Any]) -> dict[str, Any]:
    """The document with these parts; one that it has stays as it is.

    durations: {"runSeconds", "jobSeconds"}, from start to end, or to now where there is none; None = there was none
    timeline[].elapsedSeconds: since its first event
    distribution: model -> {"n", "median", "lowest", "highest", "counts": {score: answers}} of correctness; a mean over
        repeated judgements is counted as the nearest whole score
    effects.topic: where the models were not compared, the base model's mean by topic
    """
    found = {
        "durations": _durations,
        "timeline": _timeline,
        "distribution": _distribution,
        "effects": _effects,
    }
    return {**result, **{name: of(result) for name, of in found.items()}}


def _durations(result: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the document has it
    if "durations" in result:
        return result["durations"]
    made_of = result.get("provenance") or {}
    at = {event.get("event"): event.get("at") for event in result.get("timeline") or []}
    ended = at.get("customization job completed") or at.get("run ended")
    return {
        "runSeconds": seconds_between(made_of.get("startedAt"), made_of.get("endedAt")),
        "jobSeconds": seconds_between(at.get("customization job created"), ended),
    }


def _timeline(result: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    events = result.get("timeline") or []
    start = events[0].get("at") if events else None
    return [{"elapsedSeconds": seconds_between(start, event.get("at")), **event} for event in events]


def _distribution(result: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the document has it
    if "distribution" in result:
        return result["distribution"]
    score = primary_score(result)
    if score.metric != "correctness" or score.bounds is None:
        return {}
    low, high = (round(bound) for bound in score.bounds)
    if high - low > _MOST_SCORES:
        return {}
    found = {}
    for model in MODELS:
        answers = [question.get(model) or {} for question in result.get("questions") or []]
        values = [value for answer in answers if is_number(value := answer.get(score.metric))]
        if values:
            counted = Counter(min(max(round(value), low), high) for value in values)
            found[model] = {
                "n": len(values),
                "median": median(values),
                "lowest": min(values),
                "highest": max(values),
                "counts": {str(place): counted[place] for place in range(low, high + 1)},
            }
    return found


def _effects(result: Mapping[str, Any]) -> Mapping[str, Any]:
    effects = result.get("effects") or {}
    return effects if effects.get("topic") else {**effects, "topic": _means_by_topic(result)}


def _means_by_topic(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Over the questions where every model that answered has a score."""
    metric, questions = primary_score(result).metric, result.get("questions") or []
    asked = [model for model in MODELS if any(question.get(model) for question in questions)]
    by_topic = defaultdict[str, list[list[float]]](list)
    for question in questions if asked else []:
        values = [(question.get(model) or {}).get(metric) for model in asked]
        numbers = [value for value in values if is_number(value)]
        by_topic[str(question.get("topic"))] += [numbers] if len(numbers) == len(asked) else []
    effects = {}
    for topic, scored in by_topic.items():
        means = {model: fmean(values[index] for values in scored) for index, model in enumerate(asked) if scored}
        difference = means["custom"] - means["base"] if len(means) == len(MODELS) else None
        effects[topic] = {"n": len(scored), **means, "difference": difference}
    return effects
