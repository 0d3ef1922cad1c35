"""DeleteCustomModel: where the run is not to keep the model that it has trained."""

from collections.abc import Mapping
from typing import Any

from finetuning import custom_models
from finetuning.errors import CustomModelInUseError, TransientError
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    # A run that ended before its training has none.
    if arn := task.state.get("job", {}).get("customModelArn"):
        try:
            custom_models.delete(task.services.bedrock, arn)
        except CustomModelInUseError as error:
            # What served it is gone for a moment only.
            raise TransientError(str(error)) from error
    return {"arn": arn, "deleted": arn is not None}
