"""Each function may do what it does, and nothing else: the calls of whole runs against the deployed policies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from experiment import INPUT, deployed, synthesized
from finetuning.services import services
from injection import Injector
from privileges import NOT_OF_HANDLERS, Call, Recorder, actions, allows, granted
from scenarios import REAPER, WHILE_ALIVE, WHILE_TRAINING, FaultAt, Kind, Moment, StopAt

# The reaper then looks whether the job was stopped.
LOST_BY_REAPER = FaultAt(REAPER, Kind.AFTER, "StopModelCustomizationJob", always=True)


@dataclass(frozen=True)
class Observed:
    calls: frozenset[Call]
    grants: Mapping[str, list[Mapping[str, Any]]]


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """A whole run, failing and aborted ones, repeated creates, and runs that go on from others."""
    with deployed(synthesized(tmp_path_factory.mktemp("privileges") / "cdk.out").folder) as engine:
        recorder = Recorder()
        faults = [
            None,
            WHILE_TRAINING,
            WHILE_ALIVE,
            FaultAt("StartCustomizationJob", Kind.AFTER),
            FaultAt("CreateProvisionedThroughput", Kind.AFTER),
        ]
        for number, fault in enumerate(faults):
            Injector(engine, [fault] if fault else [], sabotage=recorder.around())
            engine.run(f"run-{number}", INPUT)
        for state in (WHILE_TRAINING.state, WHILE_ALIVE.state):
            name = f"aborted-in-{state.split()[0]}"
            stop = StopAt(state, Moment.EXITED)
            Injector(engine, [LOST_BY_REAPER], stop_at=stop, stopped_run=name, sabotage=recorder.around())
            engine.run(name, INPUT)
            engine.let_time_pass(timedelta(minutes=10))
        Injector(engine, sabotage=recorder.around())
        engine.run("resumed", {"resumeFrom": "run-2"})
        model = services.bedrock.list_custom_models()["modelSummaries"][0]["modelArn"]
        engine.run("given", {**INPUT, "customModelArn": model})
        engine.bedrock.settings.lists_unchanged_quotas = False
        engine.run("unlisted-quota", INPUT)
        yield Observed(frozenset(recorder.calls), granted())


def test_every_call_is_granted(observed: Observed) -> None:
    refused = [
        call
        for call in observed.calls
        if not any(allows(statement, call) for statement in observed.grants[call.function])
    ]
    assert sorted(map(str, refused)) == []


def test_every_grant_is_used(observed: Observed) -> None:
    used = {(call.function, call.action) for call in observed.calls}
    unused = {
        f"{function}: {action}"
        for function, statements in observed.grants.items()
        for statement in statements
        for action in actions(statement)
        if not action.startswith(NOT_OF_HANDLERS) and (function, action) not in used
    }
    assert unused == set()
