"""DeleteProvisionedThroughput: by name, again and again until Bedrock no longer knows it."""

from collections.abc import Mapping
from typing import Any

from finetuning import names, throughput
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    name = names.throughput_name(task.base_model.key, task.run_id)
    deletion = throughput.delete(task.services.bedrock, name, task.services.clock.now()).to_json()
    # When it is gone, only an earlier state still knows since when it was there.
    known = [task.state.get(earlier, {}).get("createdAt") for earlier in ("deletion", "throughput")]
    return deletion | {"createdAt": deletion["createdAt"] or next(filter(None, known), None)}
