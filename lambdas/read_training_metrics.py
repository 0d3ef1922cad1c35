"""ReadTrainingMetrics: did training teach the model something? If not, no throughput is bought."""

from collections.abc import Mapping
from typing import Any

from finetuning import training_metrics
from finetuning.errors import MetricsNotFoundError
from finetuning.run_store import TRAINING
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    job, texts = task.state["job"], dict[str, str]()
    for name, key in training_metrics.metrics_keys(job["arn"]).items():
        # The job may be an earlier run's, and then so is its output.
        uri = f"{job['outputUri'].rstrip('/')}/{key}"
        body = task.store.find_bytes_at(uri)
        if body is not None:
            texts[name] = body.decode()
    if "training" not in texts:
        raise MetricsNotFoundError(f"The job wrote no metrics below {job['outputUri']}.")
    metrics = training_metrics.parse(texts["training"], texts.get("validation"), task.run)
    task.store.write_json(TRAINING, metrics.to_json() | metrics.curves())
    return metrics.to_json()
