"""StartCustomizationJob: one job per run, however often this is called; none where an earlier run's has completed."""

import os
from collections.abc import Mapping
from typing import Any

from finetuning import customization, names
from finetuning.run_store import JOB_OUTPUT, dataset_key
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    for run in task.run.earlier_runs:
        done = customization.find_completed(task.services.bedrock, names.job_name(task.base_model.key, run))
        if done is not None:
            return done.to_json()
    request = customization.JobRequest(
        name=names.job_name(task.base_model.key, task.run_id),
        custom_model_name=names.custom_model_name(task.base_model.key, task.run_id),
        role_arn=os.environ["SERVICE_ROLE_ARN"],
        base_model_id=task.base_model.customization_id,
        training_uri=task.store.uri(dataset_key("training")),
        validation_uri=task.store.uri(dataset_key("validation")),
        output_uri=task.store.uri(JOB_OUTPUT),
        hyper_parameters=task.run.hyper_parameters,
        execution_arn=task.execution_arn,
    )
    return customization.start(task.services.bedrock, request).to_json()
