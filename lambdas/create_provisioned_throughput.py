"""CreateProvisionedThroughput: from here on the run pays by the hour, if its budget still allows it."""

from collections.abc import Mapping
from typing import Any

from finetuning import names, throughput
from finetuning.cost import with_throughput
from finetuning.errors import OverBudgetError
from finetuning.rubric import RUBRIC
from finetuning.task import Task, task
from finetuning.texts import texts
from finetuning.tokens import estimate_tokens


@task
def handler(task: Task) -> Mapping[str, Any]:
    _check_budget(task)
    return throughput.create(
        task.services.bedrock,
        names.throughput_name(task.base_model.key, task.run_id),
        task.run.custom_model_arn or task.state["job"]["customModelArn"],
        task.execution_arn,
        now=task.services.clock.now(),
        # The same at every attempt, as the client token demands.
        deadline=task.entered_at + task.run.throughput_life,
    ).to_json()


def _check_budget(task: Task) -> None:
    spent, total = with_throughput(task.state, task.run, task.base_model, estimate_tokens(RUBRIC))
    if round(total.usd, 2) > task.run.max_spend_usd:
        say, limit = texts(task.run.language), task.run.max_spend_usd
        raise OverBudgetError(say("failure.overBudget", spent=spent.usd, total=total.usd, limit=limit))
