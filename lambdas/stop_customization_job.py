"""StopCustomizationJob: on the failure path, so that a job whose result nobody will use does not go on."""

from collections.abc import Mapping
from typing import Any

from finetuning import customization, names
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    return {"status": customization.stop(task.services.bedrock, names.job_name(task.base_model.key, task.run_id))}
