"""What to try next: at most five proposals, each with an execution input to paste where one helps."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from finetuning.base_models import BaseModel
from finetuning.run_config import RunConfig
from finetuning.verdict import Verdict

MOST = 5
# A custom model's mean correctness below this, on a topic, asks for more training records.
WEAK = 5.0

Step = dict[str, Any]


def next_steps(
    verdict: Verdict,
    model: BaseModel,
    run: RunConfig | None,
    training: Mapping[str, Any] | None,
    questions: Sequence[Mapping[str, Any]],
    estimated_usd: float | None,
    resume: Mapping[str, Any] | None,
    unanswered: int = 0,
) -> list[Step]:
    """Proposals, the one that should help most first.

    estimated_usd: what the run would cost, where that is too much.
    resume: the input of a run that goes on from this one; None where this one has left nothing.
    """
    steps: list[Step] = []
    if verdict is Verdict.OVER_BUDGET and estimated_usd is not None:
        more = {"maxSpendUsd": math.ceil(estimated_usd)}
        steps.append(_step("Raise maxSpendUsd, if the estimate is worth it to you.", {**(resume or {}), **more}))
    if verdict is Verdict.FAILED and resume is not None:
        steps.append(_step("Go on from this run: what it has made and paid for is used again.", resume))
    if unanswered:
        steps.append(_step(f"Ask the custom model the {unanswered} questions that time did not suffice for.", resume))
    if verdict is Verdict.NO_HEADROOM:
        steps.append(_step("Ask about facts that the base model does not know, or fine-tune for something else."))
    if run is not None and training is not None:
        steps.extend(_more_training(model, run, training))
    if verdict is Verdict.INCONCLUSIVE:
        steps.append(_step("Add evaluation questions: four times as many halve the width of the interval."))
    if verdict in (Verdict.IMPROVED, Verdict.NO_VISIBLE_EFFECT, Verdict.WORSE, Verdict.INCONCLUSIVE):
        steps.extend(
            _step(f"Add training records on the topic {topic!r}: its answers score {score:.1f} of 10 on average.")
            for topic, score in weak_topics(questions)
        )
    return steps[:MOST]


def _more_training(model: BaseModel, run: RunConfig, training: Mapping[str, Any]) -> list[Step]:
    """Where nothing was learnt, or every epoch asked for was used and the last was the best."""
    if training["stoppedEarly"]:
        harder = _step("Raise the learning rate, or add training records: training stopped before it taught anything.")
        return [] if training["learned"] else [harder]
    if training["learned"] and training["bestEpoch"] < training["epochs"]:
        return []
    epochs = next(parameter for parameter in model.hyper_parameters if parameter.name == "epochCount")
    asked = int(run.hyper_parameters["epochCount"])
    if asked >= epochs.maximum:
        return [_step("Every epoch that the model allows was used: raise the learning rate, or add training records.")]
    more = min(int(epochs.maximum), asked * 2)
    return [_step(f"Train for {more} epochs instead of {asked}.", {"hyperParameters": {"epochCount": more}})]


def weak_topics(questions: Sequence[Mapping[str, Any]]) -> list[tuple[str, float]]:
    """Topics on which the custom model's mean correctness is below WEAK, the weakest first."""
    by_topic = defaultdict(list)
    for question in questions:
        custom = question["custom"]
        if custom is not None and custom["correctness"] is not None:
            by_topic[question["topic"]].append(custom["correctness"])
    means = {topic: sum(scores) / len(scores) for topic, scores in by_topic.items()}
    return sorted(((topic, mean) for topic, mean in means.items() if mean < WEAK), key=lambda pair: pair[1])


def _step(text: str, execution_input: Mapping[str, Any] | None = None) -> Step:
    return {"text": text, "input": execution_input}
