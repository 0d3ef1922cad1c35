"""GetProvisionedThroughput: is it in service?"""

from collections.abc import Mapping
from typing import Any

from finetuning.hosting import ProvisionedThroughput, steps
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    return steps.get(task, ProvisionedThroughput(task.services.bedrock))
