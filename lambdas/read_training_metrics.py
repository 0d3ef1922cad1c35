"""ReadTrainingMetrics: did training teach the model something? If not, no throughput is bought."""

from collections.abc import Mapping
from typing import Any

from finetuning import training_metrics
from finetuning.errors import MetricsNotFoundError
from finetuning.run_store import JOB_OUTPUT, TRAINING
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    texts = {}
    for name, key in training_metrics.metrics_keys(task.state["job"]["arn"]).items():
        body = task.store.find_bytes(JOB_OUTPUT + key)
        if body is None:
            raise MetricsNotFoundError(f"The job wrote no {name} metrics at {task.store.uri(JOB_OUTPUT + key)}.")
        texts[name] = body.decode()
    metrics = training_metrics.parse(texts["training"], texts["validation"], task.run)
    task.store.write_json(TRAINING, metrics.to_json() | metrics.curves())
    return metrics.to_json()
