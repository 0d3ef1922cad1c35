"""ChooseBest: of each base model the run with the lowest validation loss goes on to be evaluated."""

from collections.abc import Mapping
from typing import Any

from finetuning.sweep.best import best_runs, evaluations
from finetuning.sweep.task import SweepTask
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    sweep = SweepTask(task)
    planned, buckets = sweep.read_plan()
    results = {run.name: sweep.runs.result(run, buckets) for run in planned.runs}
    chosen = evaluations(planned, results)
    # Before they start: who must stop them finds them there.
    sweep.write_evaluations(chosen)
    return {"best": best_runs(planned.runs, results), "runs": [run.to_json() for run in chosen]}
