"""Notify: tell the topic's subscribers how the run ended, and where its report is."""

import os
from collections.abc import Mapping
from typing import Any

from finetuning.task import Task, task

# On the failure path writing the report can fail too; people are told all the same.
_NO_REPORT = {
    "verdict": "failed",
    "headline": "The run failed, and its report could not be written. Look at the execution's history.",
    "warnings": [
        "Check in the Bedrock console that no Provisioned Throughput of this run is left: it costs by the hour."
    ],
    "reportUri": "none",
}


@task
def handler(task: Task) -> Mapping[str, Any]:
    report = task.state.get("report", _NO_REPORT)
    # SNS allows 100 characters, ASCII without control characters, in a subject.
    subject = f"bedrock-ft {task.run_id}: {report['verdict']}"
    where = [f"Report: {report['reportUri']}", f"Execution: {task.execution_arn}"]
    message = "\n".join([report["headline"], *report["warnings"], "", *where])
    answer = task.services.sns.publish(TopicArn=os.environ["TOPIC_ARN"], Subject=subject[:100], Message=message)
    return {"messageId": answer["MessageId"]}
