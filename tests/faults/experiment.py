"""One scenario, played on the local engine: what happened, and what of it must not happen."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from finetuning import names
from finetuning.base_models import DEFAULT_BASE_MODEL
from finetuning.customization import JobStatus
from finetuning.inventory import LOOK_BACK
from injection import Injector
from outcomes import COMPANION, FIRST_RUN, RESUMED, Outcome, Purchase, Run
from scenarios import REAPER_INTERVAL, WHILE_ALIVE, WHILE_TRAINING, FaultAt, Flow, Moment, Observed, Scenario, StopAt
from small_app import INPUT
from worlds import ENDS, Branch, Choose

from local.engine.engine import LocalEngine
from local.engine.functions import Interceptor

# Nothing of ours can still be going to happen after this.
PATIENCE = timedelta(hours=3)


class Experiment:
    """Plays scenarios, each in a process of its own since nothing is put back afterwards."""

    def __init__(self, engine: LocalEngine, flow: Flow, sabotage: Interceptor = lambda handler: handler) -> None:
        """sabotage: of the handlers, to see that the harness finds what follows from it."""
        self._engine, self._flow, self._sabotage = engine, flow, sabotage
        self._arns: dict[str, str] = {}

    def play(self, scenario: Scenario, at_branch: Choose | None = None) -> Outcome:
        """at_branch: chooses the second fault, in the place of the scenario."""

        def second_of_scenario(state: str) -> FaultAt | None:
            second = scenario.second
            return second if second is not None and second.state == state else None

        engine, settings = self._engine, self._engine.bedrock.settings
        # By the runs that were observed before.
        bought_before = len(engine.bedrock.ledger.purchases)
        for name, value in scenario.settings.items():
            setattr(settings, name, timedelta(minutes=value) if isinstance(value, int) else value)
        injector = Injector(engine, scenario.faults, scenario.stop_at, sabotage=self._sabotage)
        ended_from_outside = scenario.stop_at or scenario.time_out_at
        branch = Branch(
            engine,
            injector,
            FIRST_RUN,
            None if ended_from_outside else self._flow.first_cleanup,
            at_branch or (lambda _world, _failing: second_of_scenario),
        )
        if scenario.time_out_at:
            self._time_out_at(scenario.time_out_at, injector)
        if scenario.companion:
            self._start_companion()
        engine.listen(self._keep_job_running)
        self._arns[FIRST_RUN] = engine.run(FIRST_RUN, {**INPUT, **scenario.execution_input}).arn
        if scenario.companion:
            list(engine.follow(self._arns[COMPANION]))
        self._extend_job()
        self._wait_until_clean()
        injectors = {RESUMED: Injector(engine, sabotage=self._sabotage)} if scenario.resumed else {}
        if scenario.resumed:
            self._arns[RESUMED] = engine.run(RESUMED, {"resumeFrom": FIRST_RUN}).arn
        return Outcome(
            runs={name: self._run(name, arn, injectors.get(name, injector)) for name, arn in self._arns.items()},
            purchases=self._purchases()[bought_before:],
            struck=injector.struck,
            failing=bool(branch.failing),
            calls={state: tuple(operations) for state, operations in injector.calls.items()},
            ended_at=engine.clock.now(),
        )

    def _time_out_at(self, state: str, injector: Injector) -> None:
        def time_out(arn: str, event: Mapping[str, Any]) -> None:
            if event.get("stateEnteredEventDetails", {}).get("name") == state:
                injector.strike()
                self._engine.time_out(arn, self._engine.clock.now() + timedelta(seconds=1))

        self._engine.listen(time_out)

    def _keep_job_running(self, arn: str, event: Mapping[str, Any]) -> None:
        """Once the run fails its job ends no more by itself: one that nobody stops is seen to be running at the end."""
        entered = event.get("stateEnteredEventDetails", {}).get("name")
        if arn.endswith(f":{FIRST_RUN}") and (entered == self._flow.after_failure or event["type"] in ENDS):
            self._extend_job()

    def _extend_job(self) -> None:
        job = self._engine.bedrock.jobs.find(names.job_name(DEFAULT_BASE_MODEL, FIRST_RUN))
        if job is not None and job.status(self._engine.clock.now()).value == JobStatus.IN_PROGRESS:
            job.ends_at = self._engine.clock.now() + 2 * PATIENCE

    def _start_companion(self) -> None:
        """At the first event of the first run, so that both go side by side."""

        def start(arn: str, _event: Mapping[str, Any]) -> None:
            if arn.endswith(f":{FIRST_RUN}") and COMPANION not in self._arns:
                self._arns[COMPANION] = ""
                self._arns[COMPANION] = self._engine.start_execution(COMPANION, INPUT)

        self._engine.listen(start)

    def _wait_until_clean(self) -> None:
        """Let the reaper's schedule come at least once, and then until nothing is left to do."""
        until = self._engine.clock.now() + PATIENCE
        self._engine.let_time_pass(REAPER_INTERVAL)
        while self._engine.clock.now() < until and not self._is_clean():
            self._engine.let_time_pass(REAPER_INTERVAL)

    def _is_clean(self) -> bool:
        now = self._engine.clock.now()
        running = any(self._job_status(name) == JobStatus.IN_PROGRESS for name in self._arns)
        # What a function was doing when its execution was stopped may still be going on.
        written = ("result.json", "report.html")
        reported = all(self._read(f"runs/{name}/{file}") is not None for name in self._arns for file in written)
        # A report that had to leave open whether the host is gone is corrected at a later look.
        is_open = any(self._leaves_open(name) for name in self._arns)
        return reported and not running and not is_open and not self._engine.bedrock.ledger.alive(now)

    def _leaves_open(self, run: str) -> bool:
        result = self._read(f"runs/{run}/result.json")
        return result is not None and json.loads(result)["hosting"]["alive"]

    def _run(self, name: str, arn: str, injector: Injector) -> Run:
        description = self._engine.describe(arn)
        events = list(self._engine.follow(arn))
        result = self._read(f"runs/{name}/result.json")
        states = [
            (event["stateEnteredEventDetails"]["name"], event["timestamp"])
            for event in events
            if "stateEnteredEventDetails" in event
        ]
        entered = [state for state, _ in states]
        failing = entered.index(self._flow.after_failure) if self._flow.after_failure in entered else None
        tasks = [state for state in entered[:failing] if state in self._flow.main]
        return Run(
            name=name,
            status=description["status"],
            cause=description.get("cause"),
            entered=entered,
            failed_task=None if failing is None else tasks[-1],
            failure_path_at=None if failing is None else states[failing][1],
            ended_at=events[-1]["timestamp"],
            result=json.loads(result) if result else None,
            has_report=self._read(f"runs/{name}/report.html") is not None,
            answers={model: self._answers(name, model) for model in ("base", "custom")},
            generated={model: injector.answered[name, model] for model in ("base", "custom")},
            job_status=self._job_status(name),
        )

    def _answers(self, run: str, model: str) -> int:
        bucket = self._engine.outputs["ResultsBucketName"]
        prefix = f"runs/{run}/answers/{model}/"
        listed = self._engine.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        bodies = [self._read(each["Key"]) for each in listed]
        return sum(len(json.loads(body)["answers"]) for body in bodies if body is not None)

    def _read(self, key: str) -> bytes | None:
        try:
            return self._engine.s3.get_object(Bucket=self._engine.outputs["ResultsBucketName"], Key=key)["Body"].read()
        except self._engine.s3.exceptions.NoSuchKey:
            return None

    def _job_status(self, run: str) -> str | None:
        jobs = self._engine.bedrock_client.list_model_customization_jobs(nameContains=run)[
            "modelCustomizationJobSummaries"
        ]
        return jobs[0]["status"] if jobs else None

    def _purchases(self) -> list[Purchase]:
        return [
            Purchase(
                run=next((run for run in self._arns if each.name.endswith(f"-{run}")), each.name),
                created_at=each.created_at,
                in_service_at=each.created_at + self._engine.bedrock.settings.throughput_creation,
                deleted_at=each.deleted_at,
            )
            for each in self._engine.bedrock.ledger.purchases
        ]


def observe(engine: LocalEngine) -> Observed:
    """What an undisturbed run, failing ones and an aborted one do; it also loads what all scenarios share.

    Raises RuntimeError where the undisturbed run does not end in a verdict.
    """
    injectors = [Injector(engine)]
    whole = engine.run("whole", INPUT)
    if whole.status != "SUCCEEDED":
        raise RuntimeError(f"an undisturbed run is {whole.status}: {whole.error}: {whole.cause}")
    for fault in (WHILE_TRAINING, WHILE_ALIVE):
        injectors.append(Injector(engine, [fault]))
        engine.run(f"failing-{len(injectors)}", INPUT)
    for state in (WHILE_TRAINING.state, WHILE_ALIVE.state):
        name = f"aborted-{len(injectors)}"
        injectors.append(Injector(engine, stop_at=StopAt(state, Moment.EXITED), stopped_run=name))
        engine.run(name, INPUT)
        engine.let_time_pass(REAPER_INTERVAL)
    operations: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for injector in injectors:
        for state, calls in injector.calls.items():
            operations[state] |= calls
    # The reaper looks no further back: none of these runs is looked at in all the scenarios.
    engine.clock.sleep(LOOK_BACK.total_seconds())
    document = engine.s3.get_object(Bucket=engine.outputs["ResultsBucketName"], Key="runs/whole/result.json")
    return Observed(
        operations={state: list(calls) for state, calls in operations.items()},
        polls={state: whole.entered.count(state) for state in whole.entered if state.startswith("Get")},
        verdict=json.load(document["Body"])["verdict"],
    )
