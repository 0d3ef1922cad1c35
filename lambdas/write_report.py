"""WriteReport: result.json and report.html, at the end of every run, also of one that failed."""

from collections.abc import Mapping
from typing import Any

from finetuning.ending import Ending
from finetuning.failure import failure_text
from finetuning.report import render
from finetuning.result import build
from finetuning.run_store import REPORT, RESULT
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    """On the failure path the answer's `cause` is the execution's.

    An execution that was refused before its run began leaves the report of an earlier one of the same name alone: AWS
    lets a name be used again after 90 days.
    """
    ending = Ending(
        run_id=task.run_id,
        execution_arn=task.execution_arn,
        state=task.state,
        store=task.store,
        model=task.base_model,
        environment=task.services.environment,
        now=task.services.clock.now(),
    )
    result = build(ending)
    failure, report_uri = result["failure"], task.store.uri(REPORT)
    warnings, where = result["warnings"], f"Report: {report_uri}"
    if "run" not in task.state and task.store.find_bytes(REPORT) is not None:
        where += " (it was there already and is kept: it may be an earlier execution's)"
        warnings = [*warnings, where]
    else:
        task.store.write_json(RESULT, result)
        task.store.write_text(REPORT, render(result), "text/html")
    return {
        "verdict": result["verdict"],
        "headline": result["headline"],
        "warnings": warnings,
        "resultUri": task.store.uri(RESULT),
        "reportUri": report_uri,
        "cause": failure and f"{failure_text(failure, ending.say)}\n{where}",
    }
