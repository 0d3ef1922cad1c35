"""Sweeps: which runs they make, which of them is best, what is told and what is stopped."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from finetuning.base_models import BASE_MODELS
from finetuning.errors import InvalidInputError
from finetuning.services import Services
from finetuning.sweep.best import best_runs, evaluations, validation_loss
from finetuning.sweep.comparison import headline, summary
from finetuning.sweep.guard import ended_badly
from finetuning.sweep.plan import MAX_RUNS, Plan, PlannedRun, plan
from finetuning.sweep.runs import Runs
from hypothesis import given as with_any
from hypothesis import strategies as st

SHIPPED = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
EPOCHS = {"hyperParameters": {"epochCount": [2, 10]}}
NOW = datetime(2026, 2, 1, 9, tzinfo=UTC)


def planned(given: object, own: str = "claude-3-haiku", name: str = "sweep") -> Plan:
    return plan(given, name, own, SHIPPED, NOW.isoformat())


def test_a_grid_is_every_combination_each_with_its_share_of_the_budget() -> None:
    found = planned(
        {
            "baseModels": ["nova-lite", "llama3-3-70b"],
            "datasets": ["bedrock-faq", "mine"],
            "hyperParameters": {"epochCount": [2, 5], "learningRate": 0.0001},
            "maxSpendUsd": 50,
            "input": {"language": "ja"},
        }
    )

    assert [run.name for run in found.runs] == [f"sweep-{number:02d}" for number in range(1, 9)]
    assert found.runs[0].input == {
        "language": "ja",
        "dataset": "bedrock-faq",
        "hyperParameters": {"epochCount": 2, "learningRate": 0.0001},
        "evaluateCustomModel": False,
        # Eight trainings, and the evaluation of the best of each base model.
        "maxSpendUsd": 5.0,
    }
    assert {(run.base_model, run.input["dataset"]) for run in found.runs} == {
        *(("nova-lite", "bedrock-faq"), ("nova-lite", "mine")),
        *(("llama3-3-70b", "bedrock-faq"), ("llama3-3-70b", "mine")),
    }


def test_all_runs_can_be_evaluated_and_then_no_other_follows() -> None:
    found = planned({**EPOCHS, "evaluate": "all", "maxSpendUsd": 400})

    assert [run.input["evaluateCustomModel"] for run in found.runs] == [True, True]
    assert [run.input["maxSpendUsd"] for run in found.runs] == [200, 200]
    assert evaluations(found, {}) == []
    # Both would need a model unit, of which an account often has one.
    assert found.at_once == 1
    assert planned(EPOCHS).at_once == 2
    assert planned({**EPOCHS, "baseModels": ["llama3-3-70b"], "evaluate": "all"}).at_once == 2


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ([], "it must be a JSON object"),
        ({"epochs": [1, 2]}, "epochs: unknown field; known are baseModels"),
        ({**EPOCHS, "baseModels": "nova-lite"}, "baseModels: must be a list of different texts"),
        ({**EPOCHS, "baseModels": ["nova-lite"] * 2}, "baseModels: must be a list of different texts"),
        ({**EPOCHS, "baseModels": ["gpt"]}, "baseModels: 'gpt' is not in the catalogue"),
        ({**EPOCHS, "datasets": []}, "datasets: must be a list"),
        ({"hyperParameters": [2, 10]}, "hyperParameters: must be an object"),
        ({**EPOCHS, "evaluate": "none"}, "evaluate: must be one of best, all"),
        ({**EPOCHS, "maxSpendUsd": True}, "maxSpendUsd: must be a number"),
        ({**EPOCHS, "input": {"resumeFrom": "a"}}, "input: resumeFrom is set by the sweep"),
        ({}, f"a sweep has 2 to {MAX_RUNS} runs; these are 1"),
        ({"hyperParameters": {"batchSize": list(range(4, 40))}, "maxSpendUsd": 900}, "these are 36"),
        ({"hyperParameters": {f"p{number}": [0.1, 0.2] for number in range(30)}}, "these are 1073741824"),
        ({"hyperParameters": {"epochCount": []}}, "these are 0"),
        ({"hyperParameters": {"epochCount": [2, 3, 2.0]}}, "hyperParameters.epochCount: lists a value twice"),
        ({"hyperParameters": {"epochCount": [2, 11]}}, "claude-3-haiku: hyperParameters.epochCount: must be a whole"),
        (
            {**EPOCHS, "baseModels": ["nova-lite"]},
            "nova-lite: hyperParameters.epochCount: must be a whole number",
        ),
        (
            {"hyperParameters": {"batchSize": list(range(4, 20))}, "input": {"systemPrompt": "あ" * 9_999}},
            "input: for 16 runs it has 4",
        ),
        ({**EPOCHS, "input": {"judgeModel": "x"}}, "claude-3-haiku: judgeModel: must be one of"),
        ({**EPOCHS, "maxSpendUsd": 100}, "an hour of Provisioned Throughput for each of 1 custom models costs $132.00"),
        ({**EPOCHS, "evaluate": "all"}, "for each of 2 custom models costs $264.00, and maxSpendUsd is $200.00"),
        (
            {**EPOCHS, "baseModels": ["llama3-1-8b"]},
            "llama3-1-8b: the price of its Provisioned Throughput is not",
        ),
    ],
)
def test_whatever_is_wrong_is_said_before_anything_starts(given: object, problem: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        planned(given)

    assert problem in str(caught.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@with_any(
    st.fixed_dictionaries(
        {},
        optional={
            "baseModels": ANYTHING | st.lists(st.sampled_from(sorted(BASE_MODELS)), max_size=3),
            "datasets": ANYTHING | st.just(["bedrock-faq", "mine"]),
            "hyperParameters": ANYTHING | st.just({"epochCount": [2, 5]}),
            "evaluate": ANYTHING | st.just("all"),
            "maxSpendUsd": ANYTHING,
            "input": ANYTHING | st.fixed_dictionaries({"prices": ANYTHING, "hosting": ANYTHING}),
        },
    )
)
def test_whatever_is_given_is_planned_or_refused(given: Mapping[str, Any]) -> None:
    try:
        found = planned(given)
    except InvalidInputError:
        return
    assert sum(run.input["maxSpendUsd"] for run in found.runs) <= found.max_spend_usd * (1 + 1e-9)


@pytest.mark.parametrize("name", ["two words", "n" * 73])
def test_a_name_that_its_runs_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="72 at most"):
        planned(EPOCHS, name=name)


def test_a_run_without_a_result_may_have_spent_its_share() -> None:
    found = planned({**EPOCHS, "maxSpendUsd": 300})
    [left] = evaluations(found, {"sweep-01": result(2.0, usd=10.0), "sweep-02": None})

    assert left.input == {"resumeFrom": "sweep-01", "maxSpendUsd": 190.0}


def result(*losses: float, learned: bool = True, usd: float = 1.0, verdict: str = "trained") -> Mapping[str, Any]:
    rows = [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate(losses, start=1)]
    training = {"learned": learned, "validationLoss": rows}
    return {"training": training, "cost": {"actualUsd": usd}, "verdict": verdict, "language": "en"}


def run(name: str, base_model: str = "claude-3-haiku") -> PlannedRun:
    return PlannedRun(name, base_model, {"maxSpendUsd": 3.0})


RUNS = [run("a"), run("b"), run("c", "llama3-1-8b"), run("d", "llama3-1-8b"), run("e", "nova-lite")]
RESULTS: Mapping[str, Mapping[str, Any] | None] = {
    "a": result(3.0, 2.0, 2.5),
    "b": result(2.9, 1.9, usd=4.0),
    "c": result(5.0, 0.1, learned=False),
    "d": result(5.0, 4.0),
    "e": None,
}


def test_the_best_of_each_base_model_is_the_one_with_the_lowest_loss_that_learned() -> None:
    assert best_runs(RUNS, RESULTS) == {"claude-3-haiku": "b", "llama3-1-8b": "d"}
    assert validation_loss(RESULTS["a"]) == 2.0
    assert [validation_loss(each) for each in (RESULTS["c"], None, {"training": None})] == [None] * 3


@with_any(st.permutations(RUNS), st.lists(st.floats(0.1, 9), min_size=5, max_size=5, unique=True))
def test_the_order_of_runs_decides_nothing(runs: list[PlannedRun], losses: list[float]) -> None:
    results = {each.name: result(loss) for each, loss in zip(RUNS, losses, strict=True)}

    assert best_runs(runs, results) == best_runs(RUNS, results)
    for base_model, name in best_runs(runs, results).items():
        own = [results[each.name] for each in RUNS if each.base_model == base_model]
        assert validation_loss(results[name]) == min(loss for each in own if (loss := validation_loss(each)))


def test_evaluations_go_on_from_the_best_with_what_is_left_of_the_budget() -> None:
    following = evaluations(Plan("best", 110.0, RUNS), RESULTS)

    assert following == [
        PlannedRun("b-best", "claude-3-haiku", {"resumeFrom": "b", "maxSpendUsd": 50.0}),
        PlannedRun("d-best", "llama3-1-8b", {"resumeFrom": "d", "maxSpendUsd": 50.0}),
    ]
    # With 7 that were spent, and 3 that the run without a result may have spent.
    assert sum(each.input["maxSpendUsd"] for each in following) + 10.0 == 110.0


def test_what_a_sweep_says_names_the_best_and_what_was_not_made() -> None:
    results = {**RESULTS, "b-best": result(verdict="over_budget", usd=0.0)}
    said = summary("sweep", Plan("best", 107.0, RUNS), [*RUNS, run("b-best")], results)

    assert headline(said) == (
        "Best by validation loss: claude-3-haiku: b (validation loss 1.900); llama3-1-8b: d (validation loss 4.000)."
    )
    assert said["actualUsd"] == 7.0
    # Of the run without a result nobody knows what it cost.
    assert said["isLowerBound"]
    known = summary("sweep", Plan("best", 107.0, RUNS[:2]), RUNS[:2], RESULTS)
    assert not known["isLowerBound"]
    unpriced: Any = {**RESULTS, "a": {**result(3.0), "cost": {"actualUsd": 1.0, "isLowerBound": True}}}
    assert summary("sweep", Plan("best", 107.0, RUNS[:2]), RUNS[:2], unpriced)["isLowerBound"]
    assert said["warnings"] == [
        "The run e left no result.",
        "Not within its share of maxSpendUsd, and so not made: b-best.",
        "No run of these base models learned anything, so none was evaluated: nova-lite.",
    ]


@pytest.mark.parametrize(
    ("status", "ended", "looked_at"),
    [
        ("RUNNING", None, False),
        ("SUCCEEDED", NOW, False),
        ("FAILED", NOW, True),
        ("TIMED_OUT", NOW - timedelta(hours=71), True),
        ("ABORTED", NOW - timedelta(hours=73), False),
    ],
)
def test_runs_are_stopped_of_sweeps_that_ended_badly_of_late(
    status: str, ended: datetime | None, *, looked_at: bool
) -> None:
    execution: Any = {"name": "s", "status": status, "startDate": NOW - timedelta(days=5)}
    execution |= {"stopDate": ended} if ended else {}

    assert ended_badly([execution], NOW) == (["s"] if looked_at else [])


@dataclass
class FakeStepFunctions:
    """status: of every execution; None = there is none."""

    exceptions: object
    error: Callable[..., Exception]
    status: str | None
    calls: list[str] = field(default_factory=list)

    def describe_execution(self, **_request: str) -> Mapping[str, str]:
        if self.status is None:
            raise self.error("stepfunctions", "ExecutionDoesNotExist")
        return {"status": self.status}

    def start_execution(self, **request: str) -> None:
        self.calls.append(f"start {request['stateMachineArn']} {request['name']}")
        if self.status is not None:
            raise self.error("stepfunctions", "ExecutionAlreadyExists")

    def stop_execution(self, **request: str) -> None:
        self.calls.append(f"stop {request['executionArn']}")


@dataclass
class FakeServices:
    stepfunctions: FakeStepFunctions
    regions: list[str] = field(default_factory=list)

    def in_region(self, _service: str, region: str) -> FakeStepFunctions:
        self.regions.append(region)
        return self.stepfunctions


@pytest.mark.parametrize(("status", "stopped"), [("RUNNING", True), ("SUCCEEDED", False), (None, False)])
def test_only_a_run_that_is_running_is_stopped_where_it_runs(
    aws_error: Callable[..., Exception], aws_exceptions: Callable[[str], object], status: str | None, stopped: bool
) -> None:
    fake = FakeServices(FakeStepFunctions(aws_exceptions("stepfunctions"), aws_error, status))
    runs = Runs(cast("Services", fake), "123456789012")

    assert runs.stop(run("e", "nova-lite")) is stopped
    execution = "arn:aws:states:us-east-1:123456789012:execution:nova-lite-ft-experiment:e"
    assert fake.stepfunctions.calls == ([f"stop {execution}"] if stopped else [])
    assert set(fake.regions) == {BASE_MODELS["nova-lite"].region}


@pytest.mark.parametrize("status", [None, "RUNNING", "SUCCEEDED"])
def test_a_run_is_started_once(
    aws_error: Callable[..., Exception], aws_exceptions: Callable[[str], object], status: str | None
) -> None:
    fake = FakeServices(FakeStepFunctions(aws_exceptions("stepfunctions"), aws_error, status))

    Runs(cast("Services", fake), "123456789012").start(run("a"))

    machine = "arn:aws:states:us-west-2:123456789012:stateMachine:claude-3-haiku-ft-experiment"
    assert fake.stepfunctions.calls == [f"start {machine} a"]
