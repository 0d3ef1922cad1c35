"""The tasks of the state machine that make a host, wait for it and delete it: `host` says which kind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from finetuning.cost import with_host
from finetuning.errors import OverBudgetError
from finetuning.hosting import life
from finetuning.hosting.host import Host
from finetuning.hosting.record import Record, recall, remember
from finetuning.rubric import RUBRIC
from finetuning.task import Task
from finetuning.texts import texts
from finetuning.tokens import estimate_tokens


def create(task: Task, host: Host) -> Mapping[str, Any]:
    """From here on the run may pay for the host, if its budget still allows it."""
    _check_budget(task)
    return life.create(
        host,
        _name(task, host),
        task.run.custom_model_arn or task.state["job"]["customModelArn"],
        task.execution_arn,
        now=task.services.clock.now(),
        # The same at every attempt, as the client token demands.
        deadline=task.entered_at + task.run.host_life,
    ).to_json()


def get(task: Task, host: Host) -> Mapping[str, Any]:
    """Is it in service?"""
    created = task.state["host"]
    made = life.Created(created["arn"], created["createdAt"], created["deadline"])
    return life.service(host, made, task.services.clock.now()).to_json()


def delete(task: Task, host: Host) -> Mapping[str, Any]:
    """Again and again, until Bedrock no longer knows it. By its ARN; by its name where the answer that told it is lost.

    What no later attempt could find out is written down: when the host was created, before it is deleted, where the
    state does not know; and when it was first seen to be gone.
    """
    made, earlier, now = task.state.get("host", {}), task.state.get("deletion", {}), task.services.clock.now()
    created_at = earlier.get("createdAt") or made.get("createdAt")
    since = datetime.fromisoformat(earlier["since"]) if "since" in earlier else now
    found = host.find(made.get("arn") or _name(task, host))
    if found is not None:
        if created_at is None:
            remember(task.store, Record(found.created_at.isoformat()))
        return life.delete(host, found, now, since).to_json()
    if earlier.get("gone"):
        # Gone since then: what came after it cost nothing.
        return {**earlier}
    recorded = recall(task.store)
    created_at, gone_at = created_at or recorded.created_at, recorded.gone_at or now.isoformat()
    if created_at is not None and recorded.gone_at is None:
        remember(task.store, Record(created_at, gone_at))
    return life.Deletion(True, gone_at, since.isoformat(), created_at, wait_seconds=0).to_json()


def _name(task: Task, host: Host) -> str:
    return host.name(task.base_model.key, task.run_id)


def _check_budget(task: Task) -> None:
    spent, total = with_host(task.state, task.run, task.base_model, estimate_tokens(RUBRIC))
    if round(total.usd, 2) > task.run.max_spend_usd:
        say, limit = texts(task.run.language), task.run.max_spend_usd
        raise OverBudgetError(say("failure.overBudget", spent=spent.usd, total=total.usd, limit=limit))
