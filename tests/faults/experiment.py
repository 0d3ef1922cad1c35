"""One scenario, played on the local engine: what happened, and what of it must not happen."""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from finetuning import names
from finetuning.customization import JobStatus
from finetuning.inventory import LOOK_BACK
from finetuning.run_store import HOST, REAPED
from injection import Injector
from moto.sns.models import sns_backends
from objects import Objects
from outcomes import COMPANION, FIRST_RUN, RESUMED, Outcome, Purchase, Run, is_told
from scenarios import (
    HOSTINGS,
    REAPER_INTERVAL,
    WHILE_ALIVE,
    WHILE_TRAINING,
    Flow,
    Moment,
    Observed,
    Scenario,
    StopAt,
)
from small_app import BASE_MODEL, INPUT
from worlds import ENDS, Branch, Chooser

from local.bedrock.ledger import Purchase as Host
from local.engine.engine import LocalEngine
from local.engine.functions import Interceptor

# Nothing of ours can still be going to happen after this.
PATIENCE = timedelta(hours=3)


class Experiment:
    """Plays scenarios, each in a process of its own since nothing is put back afterwards."""

    def __init__(self, engine: LocalEngine, flow: Flow, sabotage: Interceptor = lambda handler: handler) -> None:
        """sabotage: of the handlers, to see that the harness finds what follows from it."""
        self._engine, self._flow, self._sabotage = engine, flow, sabotage
        self._objects = Objects(engine)
        self._arns: dict[str, str] = {}

    def play(self, scenario: Scenario, chooser: Chooser | None = None) -> Outcome:
        """chooser: says which faults come, beyond those of the scenario."""
        engine, settings = self._engine, self._engine.bedrock.settings
        # By the runs that were observed before.
        bought_before = len(self._hosts())
        for name, value in scenario.settings.items():
            setattr(settings, name, timedelta(minutes=value) if isinstance(value, int) else value)
        injector = Injector(engine, scenario.faults, scenario.stop_at, sabotage=self._sabotage)
        ended_from_outside = scenario.stop_at or scenario.time_out_at
        cleanup = frozenset() if ended_from_outside else self._flow.first_cleanup
        branch = Branch(engine, injector, FIRST_RUN, cleanup, chooser or Chooser(scenario.second))
        if scenario.time_out_at:
            self._time_out_at(scenario.time_out_at, injector)
        if scenario.companion:
            self._start_companion()
        engine.listen(self._keep_job_running)
        self._arns[FIRST_RUN] = engine.run(
            FIRST_RUN, {**INPUT, "hosting": scenario.hosting, **scenario.execution_input}
        ).arn
        if scenario.companion:
            list(engine.follow(self._arns[COMPANION]))
        self._extend_job()
        self._wait_until_clean(injector)
        planned = injector.planned | set(filter(None, [scenario.second, scenario.time_out_at]))
        injectors = {RESUMED: Injector(engine, sabotage=self._sabotage)} if scenario.resumed else {}
        if scenario.resumed:
            self._arns[RESUMED] = engine.run(RESUMED, {"resumeFrom": FIRST_RUN}).arn
        return Outcome(
            runs={name: self._run(name, arn, injectors.get(name, injector)) for name, arn in self._arns.items()},
            purchases=self._purchases()[bought_before:],
            removed=injector.removed,
            unanswered=injector.unanswered,
            notes=self._notes(),
            messages=self._messages(),
            struck=bool(injector.struck) and planned <= injector.struck,
            failing=bool(branch.failing),
            calls={state: tuple(operations) for state, operations in injector.calls.items()},
            ended_at=engine.clock.now(),
        )

    def _time_out_at(self, state: str, injector: Injector) -> None:
        def time_out(arn: str, event: Mapping[str, Any]) -> None:
            if event.get("stateEnteredEventDetails", {}).get("name") == state:
                injector.struck.add(state)
                self._engine.time_out(arn, self._engine.clock.now() + timedelta(seconds=1))

        self._engine.listen(time_out)

    def _keep_job_running(self, arn: str, event: Mapping[str, Any]) -> None:
        """Once the run fails its job ends no more by itself: one that nobody stops is seen to be running at the end."""
        entered = event.get("stateEnteredEventDetails", {}).get("name")
        if arn.endswith(f":{FIRST_RUN}") and (entered == self._flow.after_failure or event["type"] in ENDS):
            self._extend_job()

    def _extend_job(self) -> None:
        job = self._engine.bedrock.jobs.find(names.job_name(BASE_MODEL, FIRST_RUN))
        if job is not None and job.status(self._engine.clock.now()).value == JobStatus.IN_PROGRESS:
            job.ends_at = self._engine.clock.now() + 2 * PATIENCE

    def _start_companion(self) -> None:
        """At the first event of the first run, so that both go side by side."""

        def start(arn: str, _event: Mapping[str, Any]) -> None:
            if arn.endswith(f":{FIRST_RUN}") and COMPANION not in self._arns:
                self._arns[COMPANION] = ""
                self._arns[COMPANION] = self._engine.start_execution(COMPANION, INPUT)

        self._engine.listen(start)

    def _wait_until_clean(self, injector: Injector) -> None:
        """Let the reaper's schedule come at least once, and then until nothing is left to do."""
        until = self._engine.clock.now() + PATIENCE
        self._engine.let_time_pass(REAPER_INTERVAL)
        while self._engine.clock.now() < until and not (self._is_clean() and self._is_told(injector)):
            self._engine.let_time_pass(REAPER_INTERVAL)

    def _is_clean(self) -> bool:
        now = self._engine.clock.now()
        running = any(self._job_status(name) == JobStatus.IN_PROGRESS for name in self._arns)
        # What a function was doing when its execution was stopped may still be going on.
        written = ("result.json", "report.html")
        reported = all(self._objects.find(f"runs/{name}/{file}") is not None for name in self._arns for file in written)
        # A report that had to leave open whether the host is gone is corrected at a later look.
        is_open = any(self._leaves_open(name) for name in self._arns)
        alive = any(host.deleted_at is None or host.deleted_at > now for host in self._hosts())
        return reported and not running and not is_open and not alive

    def _is_told(self, injector: Injector) -> bool:
        return injector.removed <= {note["arn"] for note in self._notes() if is_told(note)}

    def _notes(self) -> list[Mapping[str, Any]]:
        return [
            json.loads(body) for name in self._arns for body in self._objects.under(f"runs/{name}/{REAPED}").values()
        ]

    def _messages(self) -> list[str]:
        engine = self._engine
        topic = sns_backends[engine.account_id][engine.region].topics[engine.outputs["TopicArn"]]
        return [message for _id, message, *_ in topic.sent_notifications]

    def _leaves_open(self, run: str) -> bool:
        result = self._objects.find(f"runs/{run}/result.json")
        return result is not None and json.loads(result)["hosting"]["alive"]

    def _run(self, name: str, arn: str, injector: Injector) -> Run:
        description = self._engine.describe(arn)
        events = list(self._engine.follow(arn))
        result = self._objects.find(f"runs/{name}/result.json")
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
            has_report=self._objects.find(f"runs/{name}/report.html") is not None,
            answers={model: self._answers(name, model) for model in ("base", "custom")},
            generated={model: injector.answered[name, model] for model in ("base", "custom")},
            job_status=self._job_status(name),
            saw_gone=bool(json.loads(self._objects.find(f"runs/{name}/{HOST}") or b"{}").get("goneAt")),
        )

    def _answers(self, run: str, model: str) -> int:
        bodies = self._objects.under(f"runs/{run}/answers/{model}/").values()
        return sum(len(json.loads(body)["answers"]) for body in bodies)

    def _job_status(self, run: str) -> str | None:
        job = self._engine.bedrock.jobs.find(names.job_name(BASE_MODEL, run))
        return job.status(self._engine.clock.now()).value if job else None

    def _purchases(self) -> list[Purchase]:
        return [
            Purchase(
                run=next((run for run in self._arns if each.name.endswith(f"-{run}")), each.name),
                arn=each.arn,
                created_at=each.created_at,
                in_service_at=each.in_service_at,
                deleted_at=each.deleted_at,
            )
            for each in self._hosts()
        ]

    def _hosts(self) -> list[Host]:
        ledger = self._engine.bedrock.ledger
        return sorted((*ledger.purchases, *ledger.deployments), key=lambda host: host.created_at)


def observe(engine: LocalEngine) -> Observed:
    """What undisturbed runs, failing ones and aborted ones do; it also loads what all scenarios share.

    Raises RuntimeError where an undisturbed run does not end in a verdict.
    """
    injectors, polls, verdict = [], Counter[str](), ""
    for hosting in HOSTINGS:
        injectors.append(Injector(engine))
        whole = engine.run(f"whole-{hosting}", {**INPUT, "hosting": hosting})
        if whole.status != "SUCCEEDED":
            raise RuntimeError(f"an undisturbed run is {whole.status}: {whole.error}: {whole.cause}")
        polls |= Counter(state for state in whole.entered if state.startswith("Get"))
        for fault in (WHILE_TRAINING, WHILE_ALIVE):
            injectors.append(Injector(engine, [fault]))
            engine.run(f"failing-{len(injectors)}", {**INPUT, "hosting": hosting})
        for state in (WHILE_TRAINING.state, WHILE_ALIVE.state):
            name = f"aborted-{len(injectors)}"
            injectors.append(Injector(engine, stop_at=StopAt(state, Moment.EXITED), stopped_run=name))
            engine.run(name, {**INPUT, "hosting": hosting})
            engine.let_time_pass(REAPER_INTERVAL)
        document = Objects(engine).find(f"runs/whole-{hosting}/result.json") or b"{}"
        verdict = json.loads(document)["verdict"]
    injectors.append(Injector(engine))
    engine.run("model-deleted", {**INPUT, "keepCustomModel": False})
    operations: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for injector in injectors:
        for state, calls in injector.calls.items():
            operations[state] |= calls
    # The reaper looks no further back: none of these runs is looked at in all the scenarios.
    engine.clock.sleep(LOOK_BACK.total_seconds())
    return Observed(
        operations={state: list(calls) for state, calls in operations.items()},
        polls=polls,
        verdict=verdict,
    )
