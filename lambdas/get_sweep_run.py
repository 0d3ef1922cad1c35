"""GetSweepRun: has the run ended?"""

from collections.abc import Mapping
from typing import Any

from finetuning.sweep.task import SweepTask
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    return SweepTask(task).progress()
