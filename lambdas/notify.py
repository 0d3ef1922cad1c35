"""Notify: tell the topic's subscribers how the run ended, and where its report is."""

import os
from collections.abc import Mapping
from typing import Any

from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    report = task.state["report"]
    # SNS allows 100 characters, ASCII without control characters, in a subject.
    subject = f"bedrock-ft {task.run_id}: {report['verdict']}"
    message = "\n".join([report["headline"], "", f"Report: {report['reportUri']}", f"Execution: {task.execution_arn}"])
    answer = task.services.sns.publish(TopicArn=os.environ["TOPIC_ARN"], Subject=subject[:100], Message=message)
    return {"messageId": answer["MessageId"]}
