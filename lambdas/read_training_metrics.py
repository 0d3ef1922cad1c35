"""ReadTrainingMetrics: did training teach the model something? If not, no throughput is bought."""

from collections.abc import Mapping
from typing import Any

from finetuning import training_metrics
from finetuning.diagnosis import diagnose
from finetuning.errors import MetricsNotFoundError
from finetuning.run_store import TRAINING
from finetuning.task import Task, task
from finetuning.texts import texts


@task
def handler(task: Task) -> Mapping[str, Any]:
    job, files = task.state["job"], dict[str, str]()
    for name, key in training_metrics.metrics_keys(job["arn"]).items():
        # The job may be an earlier run's, and then so is its output.
        uri = f"{job['outputUri'].rstrip('/')}/{key}"
        body = task.store.find_bytes_at(uri)
        if body is not None:
            files[name] = body.decode()
    if "training" not in files:
        raise MetricsNotFoundError(f"The job wrote no metrics below {job['outputUri']}.")
    metrics = training_metrics.parse(files["training"], files.get("validation"), task.run)
    diagnosis = diagnose(metrics, texts(task.run.language))
    task.store.write_json(TRAINING, {**metrics.to_json(), **diagnosis, **metrics.curves()})
    return {**metrics.to_json(), "diagnosis": diagnosis["diagnosis"]}
