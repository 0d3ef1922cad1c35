"""EstimateCost: what the run may cost, before anything is spent."""

from collections.abc import Mapping
from typing import Any

from finetuning.cost import estimate
from finetuning.rubric import RUBRIC
from finetuning.task import Task, task
from finetuning.texts import texts
from finetuning.tokens import estimate_tokens


@task
def handler(task: Task) -> Mapping[str, Any]:
    dataset = task.state["dataset"]
    cost = estimate(task.run, task.base_model, dataset, rubric_tokens=estimate_tokens(RUBRIC))
    usd, limit = round(cost.usd, 2), task.run.max_spend_usd
    say = texts(task.run.language)
    message = say(f"failure.{'estimateAtLeast' if cost.unknown else 'estimate'}", usd=usd, limit=limit)
    # Without the price of an hour, a limit that somebody has set, be it for an earlier run, cannot be kept.
    unlimited = "throughputPerHour" in cost.unknown and "maxSpendUsd" in task.run.given
    if unlimited:
        message = say("failure.noLimitWithoutPrice", estimate=message)
    return {
        "estimatedUsd": usd,
        "unknownPrices": cost.unknown,
        "items": [item.to_json() for item in cost.items],
        "withinBudget": usd <= limit and not unlimited,
        "message": message,
    }
