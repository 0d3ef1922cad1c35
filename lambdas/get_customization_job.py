"""GetCustomizationJob: is the job completed?"""

from collections.abc import Mapping
from typing import Any

from finetuning import customization
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    return customization.get(task.services.bedrock, task.state["job"]["arn"], task.services.clock.now()).to_json()
