"""A sample of the fault matrix; `make faults` runs the whole."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from invariants import Assessment
from matrix import Matrix
from pairs import some_firsts
from sample import aspects, sample
from scenarios import REAPER, Flow, Kind, Moment
from small_app import deployed, synthesized

from stacks.assembly import Assembly


@dataclass(frozen=True)
class Sample:
    matrix: Matrix
    assessments: list[Assessment]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesized(tmp_path_factory.mktemp("faults") / "cdk.out")


@pytest.fixture(scope="module")
def played(assembly: Assembly) -> Iterator[Sample]:
    with deployed(assembly.folder) as engine:
        matrix = Matrix(engine, Flow.of(assembly.definition))
        pairs = matrix.pairs(some_firsts(), processes=2)
        chosen = sample([*matrix.scenarios, *matrix.firsts, *pairs])
        yield Sample(matrix, list(matrix.assessments(chosen, processes=2)))


def test_no_fault_of_the_sample_breaks_a_promise(played: Sample) -> None:
    assert [f"{each.scenario}: {finding}" for each in played.assessments for finding in each.findings] == []


def test_the_sample_covers_every_state_and_every_kind_of_fault(played: Sample) -> None:
    flow = played.matrix.flow
    covered = set().union(*(aspects(each.scenario) for each in played.assessments))
    assert set(Kind) | set(Moment) <= covered
    left = {state for state in flow.every if flow.states[state]["Type"] not in ("Succeed", "Fail")}
    assert {("stopped at", state) for state in left} <= covered
    assert {("fault at", state) for state in [*flow.main, *flow.cleanup, REAPER]} <= covered
    operations = played.matrix.observed.operations
    assert {
        ("fault at", state, operation) for state in (REAPER, *flow.cleanup) for operation in operations.get(state, ())
    } <= covered
    assert {("timed out at", state) for state in flow.waits} <= covered


def test_the_matrix_is_no_smaller_than_promised(played: Sample) -> None:
    every = [*played.matrix.scenarios, *played.matrix.firsts]
    assert len(every) >= 500
    assert len({str(each) for each in every}) == len(every)
