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
    """On the failure path the answer's `cause` is the execution's."""
    result = build(
        Ending(
            run_id=task.run_id,
            execution_arn=task.execution_arn,
            state=task.state,
            store=task.store,
            model=task.base_model,
            environment=task.services.environment,
            now=task.services.clock.now(),
        )
    )
    task.store.write_json(RESULT, result)
    task.store.write_text(REPORT, render(result), "text/html")
    failure, report_uri = result["failure"], task.store.uri(REPORT)
    return {
        "verdict": result["verdict"],
        "headline": result["headline"],
        "warnings": result["warnings"],
        "resultUri": task.store.uri(RESULT),
        "reportUri": report_uri,
        "cause": failure and f"{failure_text(failure)}\nReport: {report_uri}",
    }
