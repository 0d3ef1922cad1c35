"""CreateProvisionedThroughput: from here on the run pays by the hour."""

from collections.abc import Mapping
from typing import Any

from finetuning import names, throughput
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    return throughput.create(
        task.services.bedrock,
        names.throughput_name(task.base_model.key, task.run_id),
        task.run.custom_model_arn or task.state["job"]["customModelArn"],
        task.execution_arn,
        task.services.clock.now(),
    ).to_json()
