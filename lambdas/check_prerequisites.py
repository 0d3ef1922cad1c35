"""CheckPrerequisites: what must hold outside the run, before money is spent."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from finetuning.errors import PrerequisitesNotMetError
from finetuning.prerequisites import QUOTA_NAME, Surroundings, no_commitment_quota, problems
from finetuning.task import Task, task
from finetuning.texts import texts


@task
def handler(task: Task) -> Mapping[str, Any]:
    around = Surroundings(task.services, task.run, task.base_model, os.environ["SERVICE_ROLE_ARN"])
    if found := list(problems(around)):
        raise PrerequisitesNotMetError("The run cannot succeed as things are; nothing was spent:", found)
    return {"warnings": list(_warnings(task))}


def _warnings(task: Task) -> Iterator[str]:
    say, model = texts(task.run.language), task.base_model
    if model.undocumented:
        points = say("report.and").join(say(f"warnings.undocumented.{point}") for point in model.undocumented)
        yield say("warnings.undocumented", model=model.name, points=points)
    if no_commitment_quota(task.services) is None:
        yield say("warnings.quotaUnknown", quota=QUOTA_NAME)
