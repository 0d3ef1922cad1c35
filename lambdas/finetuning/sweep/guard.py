"""Runs of a sweep that ended otherwise than well are stopped: nobody waits for them any more."""

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from finetuning.inventory import LOOK_BACK, UNSUCCESSFUL
from finetuning.names import run_id
from finetuning.services import Services
from finetuning.sweep.plan import PlannedRun
from finetuning.sweep.runs import Runs
from finetuning.sweep.store import EVALUATIONS, PLAN, sweep_store

if TYPE_CHECKING:
    from types_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

logger = logging.getLogger("bedrock-ft")


def stop_runs(services: Services, state_machine_arn: str, results_bucket: str) -> tuple[list[str], list[str]]:
    """The names of the runs that were stopped, and what went wrong: that keeps no other run from being stopped."""
    _, partition, _, _, account_id, *_ = state_machine_arn.split(":")
    runs, stopped, problems = Runs(services, account_id, partition), [], []
    for sweep in ended_badly(_executions(services, state_machine_arn), services.clock.now()):
        try:
            for run in _runs_of(services, results_bucket, sweep):
                if runs.stop(run):
                    stopped.append(run.name)
        except Exception as error:
            logger.exception("failed", extra={"sweep": sweep})
            problems.append(f"{sweep}: {type(error).__name__}: {error}")
    return stopped, problems


def ended_badly(executions: Iterable["ExecutionListItemTypeDef"], now: datetime) -> list[str]:
    """The names of the sweeps that did not succeed and ended within the last days."""
    return [
        execution["name"]
        for execution in executions
        if execution["status"] in UNSUCCESSFUL and execution.get("stopDate", now) >= now - LOOK_BACK
    ]


def _executions(services: Services, state_machine_arn: str) -> Iterator["ExecutionListItemTypeDef"]:
    pages = services.stepfunctions.get_paginator("list_executions").paginate(stateMachineArn=state_machine_arn)
    return (execution for page in pages for execution in page["executions"])


def _runs_of(services: Services, results_bucket: str, sweep: str) -> Iterator[PlannedRun]:
    """None where it ended before it had a plan."""
    store = sweep_store(services, results_bucket, run_id(sweep))
    for key in (PLAN, EVALUATIONS):
        for run in (store.find_json(key) or {"runs": []})["runs"]:
            yield PlannedRun.from_json(run)
