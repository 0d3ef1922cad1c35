"""ConfigureRun: check the execution input and fill in the defaults."""

import json
import os
from collections.abc import Mapping
from typing import Any

from finetuning.errors import InvalidInputError
from finetuning.names import fits_a_tag
from finetuning.run_config import RunConfig, configure
from finetuning.run_store import RUN
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    def left_by(run: str) -> Mapping[str, Any] | None:
        return task.store_of(run).find_json(RUN)

    def find_run(run: str) -> RunConfig | None:
        left = left_by(run)
        return RunConfig.from_json(left["run"]) if left else None

    def is_running(run: str) -> bool:
        left = left_by(run)
        return left is not None and _is_running(task, left["executionArn"])

    if not fits_a_tag(task.execution_name):
        problem = f"{task.execution_name!r} cannot be a tag in Bedrock: use ASCII letters, digits and . _ = + @ - only"
        raise InvalidInputError("The execution's name is wrong:", [problem])
    if find_run(task.run_id) is not None:
        problem = f"a run named {task.run_id!r} is there already: name the execution otherwise"
        raise InvalidInputError("The execution's name is wrong:", [problem])
    return configure(
        task.state["input"],
        task.base_model,
        shipped_datasets=json.loads(os.environ["DATASETS"]),
        data_bucket=os.environ["DATA_BUCKET"],
        started_at=task.services.clock.now().isoformat(),
        find_run=find_run,
        is_running=is_running,
    ).to_json()


def _is_running(task: Task, execution_arn: str) -> bool:
    stepfunctions = task.services.stepfunctions
    try:
        return stepfunctions.describe_execution(executionArn=execution_arn)["status"] == "RUNNING"
    except stepfunctions.exceptions.ExecutionDoesNotExist:
        # Step Functions forgets an execution 90 days after its end.
        return False
