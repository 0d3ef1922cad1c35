"""DeleteProvisionedThroughput: again and again, until Bedrock no longer knows it.

By its ARN; by its name where the answer that told the ARN was lost.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from finetuning import names, throughput
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    bought, earlier = task.state.get("throughput", {}), task.state.get("deletion", {})
    throughput_id = bought.get("arn") or names.throughput_name(task.base_model.key, task.run_id)
    now = task.services.clock.now()
    since = datetime.fromisoformat(earlier["since"]) if "since" in earlier else now
    deletion = throughput.delete(task.services.bedrock, throughput_id, now, since).to_json()
    if deletion["gone"] and earlier.get("gone"):
        # Gone since then: what came after it cost nothing.
        return {**earlier}
    # When it is gone, only an earlier state still knows since when it was there.
    created_at = deletion["createdAt"] or earlier.get("createdAt") or bought.get("createdAt")
    return deletion | {"createdAt": created_at}
