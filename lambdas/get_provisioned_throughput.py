"""GetProvisionedThroughput: is it in service?"""

from collections.abc import Mapping
from typing import Any

from finetuning import throughput
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    arn, now = task.state["throughput"]["arn"], task.services.clock.now()
    return throughput.get(task.services.bedrock, arn, now, task.run.throughput_life).to_json()
