"""CreateProvisionedThroughput: from here on the run pays by the hour, if its budget still allows it."""

from collections.abc import Mapping
from typing import Any

from finetuning.hosting import ProvisionedThroughput, steps
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    return steps.create(task, ProvisionedThroughput(task.services.bedrock))
