"""CreateCustomModelDeployment: the custom model is served on demand, if the budget still allows it."""

from collections.abc import Mapping
from typing import Any

from finetuning.hosting import CustomModelDeployment, steps
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    return steps.create(task, CustomModelDeployment(task.services.bedrock))
