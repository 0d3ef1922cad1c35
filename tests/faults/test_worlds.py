"""What lets a pair be left out: first faults that leave the same world have the same future."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from exploration import Exploration, Explored
from forks import forked
from invariants import failed_at
from matrix import Matrix
from outcomes import FIRST_RUN, Outcome
from pairs import pair
from scenarios import REAPER, FaultAt, Flow, Kind, Moment, Scenario, StopAt
from small_app import deployed, synthesized

CREATE = "CreateProvisionedThroughput"
DELETE = "DeleteProvisionedThroughput (after failure)"
# Two that break before anything is bought, in ways that take as long; one that breaks after that.
THROTTLED = Scenario("first", (FaultAt(CREATE, Kind.THROTTLED, always=True),))
THROTTLED_CALL = Scenario("first", (FaultAt(CREATE, Kind.THROTTLED, "GetProvisionedModelThroughput", always=True),))
LOST = Scenario("first", (FaultAt(CREATE, Kind.AFTER, always=True),))
UNREAD = Scenario("first", (FaultAt("ReadTrainingMetrics", Kind.DENIED, always=True),))
STOPPED = Scenario("first", stop_at=StopAt("GetProvisionedThroughput", Moment.EXITED))
# Two that leave the same throughput, and not the same answers.
UNANSWERED = Scenario("first", stop_at=StopAt("GenerateAnswers (custom)", Moment.ENTERED))
ANSWERED = Scenario("first", stop_at=StopAt("GenerateAnswers (custom)", Moment.EXITED))
SECONDS = (
    FaultAt(DELETE, Kind.DENIED, always=True),
    FaultAt("WriteReport (after failure)", Kind.TIMEOUT, always=True),
    FaultAt(REAPER, Kind.CRASH),
)
NEVER_CALLED = FaultAt("StopCustomizationJob", Kind.BEFORE, "StopModelCustomizationJob")


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matrix]:
    assembly = synthesized(tmp_path_factory.mktemp("worlds") / "cdk.out")
    with deployed(assembly.folder) as engine:
        yield Matrix(engine, Flow.of(assembly.definition))


Future = Mapping[str, Any]


def future(_scenario: Scenario, outcome: Outcome) -> Future:
    """What became of a run from when it failed, without the error that it failed with."""
    run = outcome.runs[FIRST_RUN]
    since = failed_at(run)
    assert since is not None
    result = run.result or {}
    return {
        "status": run.status,
        "entered": run.entered,
        "ended": run.ended_at - since,
        "report": (result["verdict"], result["failure"]["state"], run.has_report),
        "answers": run.answers,
        "job": run.job_status,
        "throughputs": [each.deleted_at and each.deleted_at - since for each in outcome.purchases],
        "calls": outcome.calls,
    }


def explored(matrix: Matrix, *firsts: Scenario) -> list[Explored[Future]]:
    """In the order of the firsts."""

    exploration = Exploration(
        matrix.experiment,
        matrix.flow,
        lambda _first, failing: [*SECONDS, NEVER_CALLED] if failing else SECONDS[-1:],
        claim=lambda _world: True,
        judge=future,
        undisturbed={},
    )
    found = forked(exploration.explore, [[first] for first in firsts], at_once=2)
    return sorted((each for some in found for each in some), key=lambda each: firsts.index(each.first))


def test_the_same_world_has_the_same_future(matrix: Matrix) -> None:
    throttled, throttled_call, lost = explored(matrix, THROTTLED, THROTTLED_CALL, LOST)
    assert throttled.world == throttled_call.world
    assert throttled.alone == throttled_call.alone
    assert throttled.pairs == throttled_call.pairs
    # What is never called is not played.
    assert len(throttled.pairs) == len(SECONDS)
    assert throttled.world != lost.world
    assert throttled.pairs != lost.pairs


def test_what_ends_with_nothing_left_to_do_is_the_same_for_the_reaper(matrix: Matrix) -> None:
    untrained, throttled = explored(matrix, UNREAD, THROTTLED)
    assert untrained.world != throttled.world
    assert untrained.end == throttled.end
    assert [_after_the_end(each.pairs[-1]) for each in (untrained, throttled)] == [
        _after_the_end(throttled.pairs[-1])
    ] * 2
    [lost] = explored(matrix, LOST)
    assert lost.end != throttled.end


def test_what_a_run_found_out_is_the_same_for_the_reaper(matrix: Matrix) -> None:
    stopped, unanswered, answered = explored(matrix, STOPPED, UNANSWERED, ANSWERED)
    assert unanswered.alone["answers"] != answered.alone["answers"]
    assert unanswered.world == answered.world
    assert _after_the_end(unanswered.pairs[-1]) == _after_the_end(answered.pairs[-1])
    assert stopped.world != answered.world


def _after_the_end(pair: Future) -> Future:
    return {"calls": pair["calls"][REAPER], **{each: pair[each] for each in ("status", "job", "throughputs")}}


def test_a_pair_ends_as_if_played_from_its_beginning(matrix: Matrix) -> None:
    lost, stopped = explored(matrix, LOST, STOPPED)
    pairs = [*(pair(LOST, second) for second in SECONDS), pair(STOPPED, SECONDS[-1])]

    def play(scenario: Scenario) -> tuple[int, Future]:
        return pairs.index(scenario), future(scenario, matrix.experiment.play(scenario))

    whole = dict(forked(play, pairs, at_once=2))
    assert [whole[number] for number in range(len(pairs))] == [*lost.pairs, *stopped.pairs]
