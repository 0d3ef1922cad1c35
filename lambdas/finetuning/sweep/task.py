"""What the tasks of a sweep share."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from finetuning.polling import RUN, wait_seconds
from finetuning.run_store import RunStore
from finetuning.sweep.plan import Plan, PlannedRun
from finetuning.sweep.runs import Runs
from finetuning.sweep.store import EVALUATIONS, PLAN, sweep_store
from finetuning.task import Task


@dataclass(frozen=True)
class SweepTask:
    task: Task

    @cached_property
    def runs(self) -> Runs:
        _, partition, _, _, account_id, *_ = self.task.execution_arn.split(":")
        return Runs(self.task.services, account_id, partition)

    @cached_property
    def store(self) -> RunStore:
        return sweep_store(self.task.services, os.environ["RESULTS_BUCKET"], self.task.run_id)

    @property
    def run(self) -> PlannedRun:
        """The Map state's item."""
        return PlannedRun.from_json(self.task.event["run"])

    def progress(self) -> Mapping[str, Any]:
        """Of that run: {"running", "status", "waitSeconds"}."""
        found = self.runs.describe(self.run)
        age = self.task.services.clock.now() - found["startDate"]
        running = found["status"] in ("RUNNING", "PENDING_REDRIVE")
        return {"running": running, "status": found["status"], "waitSeconds": wait_seconds(age, RUN)}

    def write_plan(self, plan: Plan, buckets: Mapping[str, str]) -> None:
        self.store.write_json(PLAN, {**plan.to_json(), "buckets": buckets})

    def read_plan(self) -> tuple[Plan, Mapping[str, str]]:
        document = self.store.read_json(PLAN)
        return Plan.from_json(document), document["buckets"]

    def write_evaluations(self, runs: Sequence[PlannedRun]) -> None:
        self.store.write_json(EVALUATIONS, {"runs": [run.to_json() for run in runs]})

    def read_evaluations(self) -> list[PlannedRun]:
        return [PlannedRun.from_json(run) for run in self.store.read_json(EVALUATIONS)["runs"]]
