"""WriteComparison: the sweep's page, and sweep.json for programs."""

from collections.abc import Mapping
from typing import Any

from finetuning.sweep.comparison import headline, page, summary
from finetuning.sweep.store import COMPARISON, SWEEP
from finetuning.sweep.task import SweepTask
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    """In the form of WriteReport's answer, which Notify tells people."""
    sweep = SweepTask(task)
    planned, buckets = sweep.read_plan()
    everything = [*planned.runs, *sweep.read_evaluations()]
    results = {run.name: sweep.runs.result(run, buckets) for run in everything}
    said = summary(task.run_id, planned, everything, results)
    sweep.store.write_json(SWEEP, said)
    sweep.store.write_text(COMPARISON, page(planned, everything, results), "text/html")
    return {
        "verdict": "compared",
        "headline": headline(said),
        "warnings": said["warnings"],
        "resultUri": sweep.store.uri(SWEEP),
        "reportUri": sweep.store.uri(COMPARISON),
    }
