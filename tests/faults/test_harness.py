"""The harness finds what it looks for: without each of the safeguards, the matrix finds what follows."""

import itertools
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from finetuning.reaper import Reaper
from invariants import Broken
from matrix import Matrix
from pairs import LOST as LOST_EVENT
from pairs import pair
from scenarios import FaultAt, Flow, Kind, Moment, Scenario, StopAt
from small_app import deployed, synthesized

from local.engine.functions import Handler, Interceptor, LambdaContext
from local.engine.replacement import replaced
from stacks.assembly import Assembly

STOPPED = Scenario("control", stop_at=StopAt("GenerateAnswers (custom)", Moment.EXITED))
DENIED = Scenario("control", (FaultAt("GenerateAnswers (custom)", Kind.DENIED, always=True),))
LOST = Scenario("control", (FaultAt("CreateProvisionedThroughput", Kind.AFTER),))
NEVER_CALLED = Scenario("control", (FaultAt("EstimateCost", Kind.BEFORE, "DeleteProvisionedModelThroughput"),))
RESUMED = Scenario("control", (FaultAt("ScoreAnswers (custom)", Kind.DENIED, always=True),), resumed=True)
EVENT_LOST = pair(STOPPED, LOST_EVENT)
TRAINING = Scenario("control", stop_at=StopAt("WaitForCustomizationJob", Moment.ENTERED))


# What the rules have in their templates that run the reaper.
EVENT, SCHEDULE = "EventPattern", "ScheduleExpression"


def changed(assembly: Assembly, folder: Path, *, without_catch: bool = False, without: Sequence[str] = ()) -> Assembly:
    """A copy whose template lacks every Catch, or some of the rules that run the reaper."""
    copy = Assembly(Path(shutil.copytree(assembly.folder, folder)), assembly.base_model_key)
    template = json.loads(copy.template_path("workflow").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Events::Rule" and any(part in resource["Properties"] for part in without):
            resource["Properties"]["State"] = "DISABLED"
        if resource["Type"] == "AWS::StepFunctions::StateMachine" and without_catch:
            _remove_catches(resource["Properties"])
    copy.template_path("workflow").write_text(json.dumps(template))
    return copy


def _remove_catches(machine: dict[str, Any]) -> None:
    separator, parts = machine["DefinitionString"]["Fn::Join"]
    # Whatever is no text stands for itself while the definition is changed.
    marks = {f"<<{number}>>": part for number, part in enumerate(parts) if not isinstance(part, str)}
    names = iter(marks)
    text = separator.join(part if isinstance(part, str) else next(names) for part in parts)
    pieces: list[Any] = [json.dumps(_without_catch(json.loads(text)))]
    for mark, part in marks.items():
        before, after = pieces.pop().split(mark)
        pieces += [before, part, after]
    machine["DefinitionString"] = {"Fn::Join": [separator, pieces]}


def _without_catch(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    match value:
        case dict():
            return {key: _without_catch(each) for key, each in value.items() if key != "Catch"}
        case list():
            return [_without_catch(each) for each in value]
        case _:
            return value


def broken(
    assembly: Assembly, flow: Flow, *scenarios: Scenario, sabotage: Interceptor = lambda handler: handler
) -> Counter[Broken]:
    with deployed(assembly.folder) as engine:
        assessments = list(Matrix(engine, flow, sabotage).assessments(scenarios, processes=2))
    return Counter(finding.broken for each in assessments for finding in each.findings)


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesized(tmp_path_factory.mktemp("faults") / "cdk.out")


@pytest.fixture
def flow(assembly: Assembly) -> Flow:
    return Flow.of(assembly.definition)


def test_without_the_reaper_aborted_executions_leak(assembly: Assembly, flow: Flow, tmp_path: Path) -> None:
    found = broken(changed(assembly, tmp_path / "cdk.out", without=(EVENT, SCHEDULE)), flow, STOPPED, DENIED, TRAINING)
    assert found[Broken.LEAKED] == 1
    assert found[Broken.ALIVE_TOO_LONG] == 1
    assert found[Broken.JOB_RUNNING] == 1
    assert found[Broken.NO_REPORT] == 2


def test_without_catch_and_reaper_every_failure_leaks(assembly: Assembly, flow: Flow, tmp_path: Path) -> None:
    copy = changed(assembly, tmp_path / "cdk.out", without_catch=True, without=(EVENT, SCHEDULE))
    assert broken(copy, flow, STOPPED, DENIED)[Broken.LEAKED] == 2


def test_either_of_catch_and_reaper_deletes_after_a_failure(assembly: Assembly, flow: Flow, tmp_path: Path) -> None:
    without_catch = changed(assembly, tmp_path / "without-catch", without_catch=True)
    without_reaper = changed(assembly, tmp_path / "without-reaper", without=(EVENT, SCHEDULE))
    assert broken(without_reaper, flow, DENIED) == {}
    # The guard has to clean up: the execution itself ends in a cause that says nothing to people.
    assert broken(without_catch, flow, DENIED) == {Broken.CAUSE: 1}


def test_either_of_event_and_schedule_is_enough(assembly: Assembly, flow: Flow, tmp_path: Path) -> None:
    without_event = changed(assembly, tmp_path / "without-event", without=[EVENT])
    without_schedule = changed(assembly, tmp_path / "without-schedule", without=[SCHEDULE])
    for copy in (without_event, without_schedule):
        assert broken(copy, flow, STOPPED, TRAINING) == {}
    assert broken(assembly, flow, EVENT_LOST) == {}
    assert broken(without_schedule, flow, EVENT_LOST)[Broken.LEAKED] == 1


def test_with_a_new_name_and_token_for_every_attempt_two_are_bought(assembly: Assembly, flow: Flow) -> None:
    attempts = itertools.count()

    def forgetful(handler: Handler) -> Handler:
        def run(event: Mapping[str, Any], context: LambdaContext) -> object:
            if context.function_name.endswith("create-provisioned-throughput"):
                execution = {**event["execution"], "name": f"again-{next(attempts)}-run-1"}
                return handler({**event, "execution": execution}, context)
            return handler(event, context)

        return run

    assert broken(assembly, flow, LOST)[Broken.BOUGHT_TWICE] == 0
    assert broken(assembly, flow, LOST, sabotage=forgetful)[Broken.BOUGHT_TWICE] == 1


def test_what_the_guard_removes_and_does_not_tell_is_found(assembly: Assembly, flow: Flow) -> None:
    def mute(handler: Handler) -> Handler:
        def run(event: Mapping[str, Any], context: LambdaContext) -> object:
            with replaced(Reaper, "_publish", lambda *_: None):
                return handler(event, context)

        return run

    # Of a throughput and of a job.
    assert broken(assembly, flow, STOPPED, TRAINING, sabotage=mute) == {Broken.UNHEARD: 2}


def test_answers_that_are_asked_for_again_and_faults_that_never_strike_are_found(
    assembly: Assembly, flow: Flow
) -> None:
    def forgetful(handler: Handler) -> Handler:
        def run(event: Mapping[str, Any], context: LambdaContext) -> object:
            if "batch" in event and event["execution"]["name"] == "run-3":
                return handler({**event, "batch": {**event["batch"], "index": event["batch"]["index"] + 100}}, context)
            return handler(event, context)

        return run

    found = broken(assembly, flow, NEVER_CALLED, RESUMED, sabotage=forgetful)
    assert found == {Broken.NOT_STRUCK: 1, Broken.PAID_AGAIN: 1}
