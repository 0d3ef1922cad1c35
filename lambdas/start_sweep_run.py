"""StartSweepRun: start one run of the sweep, or find that an earlier attempt did."""

from collections.abc import Mapping
from typing import Any

from finetuning.sweep.task import SweepTask
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    sweep = SweepTask(task)
    sweep.runs.start(sweep.run)
    return sweep.progress()
