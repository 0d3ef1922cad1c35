"""GetProvisionedThroughput: is it in service?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from finetuning import throughput
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    bought, now = task.state["throughput"], task.services.clock.now()
    return throughput.get(
        task.services.bedrock, bought["arn"], now, datetime.fromisoformat(bought["deadline"])
    ).to_json()
