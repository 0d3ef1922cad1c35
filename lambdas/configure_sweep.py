"""ConfigureSweep: which runs the sweep makes, and that each can be made; nothing has started then."""

import json
import os
from collections.abc import Mapping
from typing import Any

from finetuning.sweep.plan import plan
from finetuning.sweep.task import SweepTask
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    sweep = SweepTask(task)
    planned = plan(
        task.state["input"],
        task.execution_name,
        task.base_model.key,
        json.loads(os.environ["DATASETS"]),
        task.services.clock.now().isoformat(),
    )
    buckets = {key: sweep.runs.results_bucket(key) for key in {run.base_model: None for run in planned.runs}}
    sweep.write_plan(planned, buckets)
    return {"runs": [run.to_json() for run in planned.runs], "atOnce": planned.at_once}
