"""result.json, built from whatever a run has left behind when it ends."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import write_report
from finetuning.base_models import base_model
from finetuning.ending import Ending
from finetuning.report import render
from finetuning.result import build
from finetuning.run_config import configure
from finetuning.run_store import (
    CALIBRATION,
    COVERAGE,
    REPORT,
    RESULT,
    TRAINING,
    AnsweringModel,
    RunStore,
    answers_key,
    dataset_key,
    removal_key,
    scores_key,
)
from finetuning.services import Clock
from finetuning.task import usable

EXECUTION = "arn:aws:states:us-west-2:123456789012:execution:experiment:first-run"
CUSTOM_MODEL = (
    "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdef123456"
)
GIVEN = {"maxSpendUsd": 300, "hyperParameters": {"batchSize": 8}, "prices": {"trainingPer1kTokens": 0.01}}
QUESTIONS = [{"question": f"What is {n}?", "referenceAnswer": f"It is {n}.", "topic": "numbers"} for n in range(3)]
BATCHES = [{"index": 0, "first": 0, "count": 2}, {"index": 1, "first": 2, "count": 1}]
FAILURE = {"Error": "SomeError", "Cause": json.dumps({"errorMessage": "It broke.", "errorType": "SomeError"})}
PARTS = {
    "runId",
    "executionArn",
    "status",
    "baseModel",
    "verdict",
    "headline",
    "language",
    "scores",
    "baseScores",
    "effects",
    "pattern",
    "power",
    "headroom",
    "judge",
    "unscored",
    "unanswered",
    "training",
    "coverage",
    "cost",
    "hosting",
    "customModel",
    "questions",
    "nextSteps",
    "warnings",
    "failure",
    "timeline",
    "durations",
    "distribution",
    "provenance",
}
State = dict[str, Any]


def at(minutes: float) -> str:
    hours, rest = divmod(minutes, 60)
    return f"2026-02-01T{9 + int(hours):02d}:{int(rest):02d}:00+00:00"


@dataclass(frozen=True)
class Stage:
    """What one state of the state machine leaves in the execution's state and in the bucket."""

    name: str
    leave: Callable[[State, RunStore], None]


def part(name: str, key: str, value: object) -> Stage:
    return Stage(name, lambda state, _: state.update({key: value}))


def _configure(state: State, _: RunStore) -> None:
    shipped = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
    state["run"] = configure(state["input"], base_model("claude-3-haiku"), shipped, "data", at(0)).to_json()


NO_PAIRS = {"count": 0, "pairs": []}
COVERED = [{"records": n, "similarity": 0.5, "line": n + 1} for n in range(3)]
MEASURED_COVERAGE: Mapping[str, Any] = {
    "threshold": 0.3,
    "questions": COVERED,
    "topics": [{"topic": "numbers", "questions": 3, "trainingRecords": 2}],
    "leaks": {
        "evaluation": {"count": 1, "pairs": [{"line": 1, "otherLine": 4, "similarity": 0.9}]},
        "validation": NO_PAIRS,
    },
    "contradictions": NO_PAIRS,
}


def _validate(state: State, store: RunStore) -> None:
    store.write_json(COVERAGE, MEASURED_COVERAGE)
    store.write_text(dataset_key("evaluation"), "".join(f"{json.dumps(record)}\n" for record in QUESTIONS), "x")
    described = {"uri": "s3://r/x", "source": "s3://a/1", "sha256": "00", "records": 3, "tokens": 1000}
    files = dict.fromkeys(("training", "validation", "evaluation"), described)
    state["dataset"] = {
        **files,
        "systemPrompt": None,
        "batches": BATCHES,
        "trained": False,
        "customModelAnswered": False,
        "warnings": ["3 evaluation records are few."],
    }


def _given(n: int, text: str, asked_at: str, stop_reason: str = "end_turn") -> Mapping[str, Any]:
    """An answer that took a minute."""
    return {
        "index": n,
        "askedAt": asked_at,
        "answer": text,
        "inputTokens": 10,
        "outputTokens": 20,
        "latencyMs": 60_000,
        "stopReason": stop_reason,
    }


def _answer(model: AnsweringModel, first_at: float, stop_reason: str) -> Callable[[State, RunStore], None]:
    def leave(state: State, store: RunStore) -> None:
        state[f"{model}Answers"] = {"batches": len(BATCHES)}
        for batch in BATCHES:
            answers = [
                _given(n, f"{model} {n}", at(first_at + n), stop_reason)
                for n in range(batch["first"], batch["first"] + batch["count"])
            ]
            store.write_json(answers_key(model, batch["index"]), {"answers": answers})

    return leave


CASE = {"kind": "wrong", "judgedAt": at(1), "judgeInputTokens": 100, "judgeOutputTokens": 50}
KINDS = {"reference": {"mean": 9.5, "n": 4}, "wrong": {"mean": 1.5, "n": 4}}
ASSESSMENT = {"passed": True, "separation": 8.0, "kinds": KINDS}


def _calibrate(state: State, store: RunStore) -> None:
    store.write_json(CALIBRATION, {**ASSESSMENT, "cases": [CASE] * 4})
    state["calibration"] = {
        "separation": 8.0,
        "spent": {"judgeInputPer1kTokens": 0.4, "judgeOutputPer1kTokens": 0.2},
    }


MEASURES = {
    "contradictions": 1.0,
    "similarity": 0.5,
    "chrf": 30.0,
    "refusal": False,
    "pattern": None,
    "length": 6,
    "latency": 60.0,
    "outputTokens": 20,
}
# What result.json shows of an answer whose dataset has no pattern.
SHOWN = {key: value for key, value in MEASURES.items() if key != "pattern"}
FEW = (
    "Only 2 questions have a score from both models: too few for a verdict, whatever the difference. "
    "At least 8 are needed, and 20 or more are better."
)
HEADROOM = {
    "minimum": 1,
    "mean": 2.5,
    "questionsWithHeadroom": [0, 1, 2],
    "alreadyAnswered": [],
    "detectableDifference": 3.2,
}


def _score(model: AnsweringModel, scores: list[int | None]) -> Callable[[State, RunStore], None]:
    def leave(state: State, store: RunStore) -> None:
        questions = [
            {
                "index": n,
                "judgedAt": at(1),
                "correctness": score,
                "scores": [score, score] if score else [],
                "spread": 2 * n if score else None,
                "reason": "Because.",
                **MEASURES,
                "judgeInputTokens": 100,
                "judgeOutputTokens": 50,
                "embeddingTokens": 10,
            }
            for n, score in enumerate(scores)
        ]
        document: dict[str, Any] = {
            "metrics": {"correctness": {"mean": 2.5, "ci95": None, "n": 3}},
            "questions": questions,
            "asked": 3,
            "unscored": scores.count(None),
            "unanswered": 0,
            "embeddingProblem": None,
        }
        if model == "base":
            document["headroom"] = HEADROOM
        else:
            numbers = {"base": 2.5, "custom": 8.0, "difference": 5.5, "ci95": [5.0, 6.0], "pValue": 0.5, "n": 2}
            metric = {**numbers, "sd": 0.5, "higherIsBetter": True, "range": [1, 10]}
            document["comparison"] = {"correctness": metric}
            document["effects"] = {"topic": {"numbers": numbers}, "language": {"en": numbers}}
        store.write_json(scores_key(model), document)
        state[f"{model}Scores"] = {
            "hasHeadroom": True,
            "correctness": 2.5,
            "asked": 3,
            "unscored": scores.count(None),
            "unanswered": 0,
            "spent": {"inputPer1kTokens": 0.03, "outputPer1kTokens": 0.06},
        }

    return leave


TRAINED = {
    "steps": 21,
    "epochs": 7,
    "epochsAsked": 10,
    "bestEpoch": 5,
    "stoppedEarly": True,
    "learned": True,
    "diagnosis": "Validation loss was best at epoch 5.",
}
FINDINGS = [{"code": "still_learning", "text": "It was still falling.", "evidence": {"epochs": 2}}]
CURVES = {
    "trainingLoss": [{"step": 1, "epoch": 1, "loss": 1.4}, {"step": 2, "epoch": 2, "loss": 0.3}],
    "validationLoss": [{"epoch": 1, "loss": 2.5}, {"epoch": 2, "loss": 1.5}],
}


def _train(state: State, store: RunStore) -> None:
    state["training"] = TRAINED
    store.write_json(TRAINING, TRAINED | CURVES)


JOB = {"arn": "arn:job", "status": "InProgress", "customModelArn": None, "createdAt": at(2), "endedAt": None}
HOST = {"arn": "arn:throughput", "createdAt": at(125)}
GONE = {"gone": True, "at": at(155), "since": at(154), "createdAt": at(125), "waitSeconds": 15}
STAGES = [
    Stage("ConfigureRun", _configure),
    part("CheckPrerequisites", "prerequisites", {"warnings": []}),
    Stage("ValidateDataset", _validate),
    part("EstimateCost", "cost", {"estimatedUsd": 140.5, "unknownPrices": ["judgeInputPer1kTokens"], "items": []}),
    Stage("CalibrateJudge", _calibrate),
    Stage("GenerateAnswers (base)", _answer("base", 0.5, "end_turn")),
    Stage("ScoreAnswers (base)", _score("base", [2, 3, 2])),
    part("StartCustomizationJob", "job", JOB),
    part(
        "GetCustomizationJob",
        "job",
        {**JOB, "status": "Completed", "customModelArn": CUSTOM_MODEL, "endedAt": at(122)},
    ),
    Stage("ReadTrainingMetrics", _train),
    part("CreateProvisionedThroughput", "host", HOST),
    part("GetProvisionedThroughput", "service", {"status": "InService", "inServiceAt": at(150)}),
    Stage("GenerateAnswers (custom)", _answer("custom", 150, "max_tokens")),
    Stage("DeleteProvisionedThroughput or ScoreAnswers (custom)", _score("custom", [8, None, 8])),
    part("WriteReport", "report", {"verdict": "improved"}),
]
NAMES = [stage.name for stage in STAGES]


@pytest.fixture
def state_after(store: RunStore) -> Callable[..., State]:
    """The execution's state once the first `count` states have succeeded; should it then fail, the next one failed."""

    def run(count: int, **given: object) -> State:
        state: State = {"input": {**GIVEN, **given}, "failedAt": {"state": [*NAMES, "Notify"][count]}}
        for stage in STAGES[:count]:
            stage.leave(state, store)
        if "customScores" in state:
            state["deletion"] = GONE
        return state

    return run


@pytest.fixture
def result_of(store: RunStore, clock: Clock) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """The document that a run of three hours ends with; what a report needs of it is checked on the way."""
    now = clock.now() + timedelta(hours=3)

    def of(state: Mapping[str, Any]) -> dict[str, Any]:
        ending = Ending("first-run", EXECUTION, state, store, base_model("claude-3-haiku"), "local", now)
        document = json.loads(json.dumps(build(ending), allow_nan=False))
        assert document.keys() == PARTS
        assert render(document).startswith("<!doctype html>")
        return dict(document)

    return of


StateAfter = Callable[..., State]
ResultOf = Callable[[Mapping[str, Any]], dict[str, Any]]


@pytest.mark.parametrize("count", range(len(STAGES) + 1))
def test_wherever_a_run_fails_its_result_names_the_state_that_failed(
    state_after: StateAfter, result_of: ResultOf, count: int
) -> None:
    # given a run that failed after some states, and whose throughput is gone
    state = state_after(count) | {"failure": FAILURE, "deletion": GONE if count > 10 else {"gone": True, "at": at(9)}}

    result = result_of(state)

    assert (result["status"], result["verdict"]) == ("FAILED", "failed")
    assert result["failure"]["state"] == [*NAMES, "Notify"][count]
    assert (result["failure"]["error"], result["failure"]["message"]) == ("SomeError", "It broke.")
    assert result["failure"]["whatToDo"].endswith(".")
    assert not any("STILL BE ALIVE" in warning for warning in result["warnings"])


def test_a_whole_run_ends_with_everything_that_it_found_out(state_after: StateAfter, result_of: ResultOf) -> None:
    result = result_of(state_after(len(STAGES) - 1))

    assert (result["runId"], result["executionArn"]) == ("first-run", EXECUTION)
    assert (result["status"], result["failure"], result["baseModel"]) == ("SUCCEEDED", None, "claude-3-haiku")
    # Two pairs are too few for a verdict.
    assert result["verdict"] == "inconclusive"
    assert result["scores"]["correctness"]["difference"] == 5.5
    assert result["unscored"] == {"base": 0, "custom": 1}
    assert result["training"] == {**TRAINED, **CURVES}
    assert [finding["code"] for finding in result["coverage"]["findings"]] == ["leaked"]
    assert result["coverage"]["topics"] == [{**MEASURED_COVERAGE["topics"][0], "correctness": 8}]
    assert [question["coverage"] for question in result["questions"]] == COVERED
    assert [question["difference"] for question in result["questions"]] == [6, None, 6]
    assert result["questions"][1] == {
        "index": 1,
        **QUESTIONS[1],
        "language": "en",
        "coverage": COVERED[1],
        "base": {
            "answer": "base 1",
            "correctness": 3,
            "scores": [3, 3],
            "spread": 2,
            "reason": "Because.",
            **SHOWN,
        },
        "custom": {
            "answer": "custom 1",
            "correctness": None,
            "scores": [],
            "spread": None,
            "reason": "Because.",
            **SHOWN,
        },
        "difference": None,
    }
    assert result["warnings"] == [
        "3 evaluation records are few.",
        "The judge gave 1 answers of the custom model no score that can be used; they are in no mean.",
        FEW,
        "3 answers were cut off at answers.maxTokens.",
    ]
    assert [(moment["at"], moment["event"]) for moment in result["timeline"]] == [
        (at(0), "run started"),
        (at(2), "customization job created"),
        (at(122), "customization job completed"),
        (at(125), "throughput created"),
        (at(150), "throughput in service"),
        (at(154), "throughput deletion asked for"),
        (at(155), "throughput gone"),
        (at(180), "run ended"),
    ]
    assert result["provenance"]["customModelArn"] == CUSTOM_MODEL
    assert result["provenance"]["hyperParameters"]["batchSize"] == "8"
    assert result["provenance"]["dataset"]["training"]["sha256"] == "00"
    assert result["provenance"]["environment"] == "local"
    assert result["provenance"]["answers"] == {"maxTokens": 512, "temperature": 0}
    assert result["durations"] == {"runSeconds": 180 * 60, "jobSeconds": 120 * 60}
    assert [moment["elapsedSeconds"] for moment in result["timeline"]][:3] == [0, 2 * 60, 122 * 60]
    base = result["distribution"]["base"]
    assert (base["n"], base["median"], base["lowest"], base["highest"]) == (3, 2, 2, 3)
    assert {score: count for score, count in base["counts"].items() if count} == {"2": 2, "3": 1}


def test_the_cost_is_what_was_used_at_the_prices_that_are_known(state_after: StateAfter, result_of: ResultOf) -> None:
    cost = result_of(state_after(len(STAGES) - 1))["cost"]

    quantities = {item["item"]: item["quantity"] for item in cost["items"]}
    assert quantities == pytest.approx(
        {
            "trainingPer1kTokens": 7,
            "throughputPerHour": 0.5,
            "inputPer1kTokens": 0.03,
            "outputPer1kTokens": 0.06,
            # Six answers, and four of the judge's calibration.
            "judgeInputPer1kTokens": 1.0,
            "judgeOutputPer1kTokens": 0.5,
            "embeddingPer1kTokens": 0.06,
        }
    )
    assert cost["actualUsd"] == round(7 * 0.01 + 0.5 * 132 + 0.03 * 0.00025 + 0.06 * 0.00125 + 0.06 * 0.00002, 2)
    assert (cost["estimatedUsd"], cost["maxSpendUsd"], cost["throughputSeconds"]) == (140.5, 300, 1800)
    assert (cost["answeringSeconds"], cost["answeringShare"]) == (180, 0.1)
    assert cost["isLowerBound"] is True
    assert cost["unknownPrices"] == ["judgeInputPer1kTokens", "judgeOutputPer1kTokens"]


ALL_PRICES = {
    "trainingPer1kTokens": 0.01,
    "judgeInputPer1kTokens": 0.001,
    "judgeOutputPer1kTokens": 0.005,
}


@pytest.mark.parametrize(
    ("count", "changes", "is_lower_bound"),
    [
        (len(STAGES) - 1, {}, False),
        # A job that gave no metrics has a cost that nobody knows.
        (NAMES.index("GetCustomizationJob"), {"failure": FAILURE}, True),
        # A throughput that is still there goes on costing.
        (NAMES.index("GetProvisionedThroughput"), {"failure": FAILURE}, True),
    ],
)
def test_a_cost_that_may_be_more_is_a_lower_bound(
    state_after: StateAfter, result_of: ResultOf, count: int, changes: State, is_lower_bound: bool
) -> None:
    state = state_after(count, prices=ALL_PRICES)
    state["cost"]["unknownPrices"] = []

    assert result_of({**state, **changes})["cost"]["isLowerBound"] is is_lower_bound


NOT_GONE = {"gone": False, "at": at(160), "since": at(155), "createdAt": at(125)}


@pytest.mark.parametrize(
    ("completed", "changes", "alive"),
    [
        ("GetProvisionedThroughput", {"deletion": GONE}, False),
        ("GetProvisionedThroughput", {"deletion": NOT_GONE}, True),
        ("GetProvisionedThroughput", {"cleanupFailure": FAILURE}, True),
        # A create whose answer was lost, and then a deletion that failed: nobody knows.
        ("ReadTrainingMetrics", {"cleanupFailure": FAILURE}, True),
        ("ReadTrainingMetrics", {"cleanupFailure": FAILURE, "deletion": GONE}, False),
        ("ReadTrainingMetrics", {"deletion": {"gone": True, "at": at(9), "createdAt": None}}, False),
        # Before the base model's scores nothing can have been bought.
        ("CheckPrerequisites", {"cleanupFailure": FAILURE}, False),
    ],
)
def test_a_throughput_that_may_be_alive_is_the_first_warning(
    state_after: StateAfter, result_of: ResultOf, completed: str, changes: State, alive: bool
) -> None:
    state = state_after(NAMES.index(completed) + 1) | {"failure": FAILURE} | changes

    result = result_of(state)
    warnings = result["warnings"]

    assert result["cost"]["throughputAlive"] is alive
    assert ["MAY STILL BE ALIVE" in warning for warning in warnings[:1]] == ([alive] if warnings else [])
    assert alive is any("MAY STILL BE ALIVE" in warning for warning in warnings)


def test_a_throughput_that_is_not_known_to_be_gone_costs_until_now(
    state_after: StateAfter, result_of: ResultOf
) -> None:
    state = state_after(NAMES.index("GetProvisionedThroughput")) | {"failure": FAILURE}

    assert result_of(state)["cost"]["throughputSeconds"] == (180 - 125) * 60


# By minutes; the run itself saw it gone in minute 155.
@pytest.mark.parametrize(
    ("outcome", "ordered", "told", "gone"),
    [
        ("gone", 152, 153, 153),
        ("asked", 152, 153, 155),
        # Told at a later look: the run saw it first.
        ("gone", 152, 158, 155),
        # Still there when the run said that it was gone.
        ("gone", 157, 158, 158),
    ],
)
def test_a_throughput_that_the_guard_removed_is_counted_until_it_was_first_seen_to_be_gone(
    state_after: StateAfter, result_of: ResultOf, store: RunStore, outcome: str, ordered: int, told: int, gone: int
) -> None:
    state = state_after(len(STAGES) - 1) | {"failure": FAILURE, "deletion": GONE}
    times = {"createdAt": at(125), "orderedAt": at(ordered), "at": at(told)}
    removal = {"kind": "throughput", "outcome": outcome, **times}
    # Bedrock's clock, by which it is filed, is not the run's.
    store.write_json(removal_key("throughput", datetime.fromisoformat(at(125)) + timedelta(seconds=2)), removal)

    result = result_of(state)

    assert result["cost"]["throughputSeconds"] == (gone - 125) * 60
    moments = {each["event"]: each["at"] for each in result["timeline"]}
    assert moments["throughput gone"] == at(gone)
    assert ("throughput deletion asked for" in moments) == (gone >= 155)
    assert [each["at"] for each in result["timeline"]] == sorted(moments.values())


@pytest.mark.parametrize(
    ("failure", "message", "what_to_do"),
    [
        ({"Error": "States.Timeout"}, "", "AWS did not answer as it should"),
        ({"Error": "TransientError", "Cause": '{"errorMessage": "Throttled."}'}, "Throttled.", "AWS did not answer"),
        ({"Error": "Lambda.TooManyRequestsException", "Cause": "Rate."}, "Rate.", "AWS did not answer"),
        ({"Error": "Lambda.Unknown", "Cause": "It exited."}, "It exited.", "AWS did not answer"),
        ({"Error": "States.Runtime", "Cause": "plain words"}, "plain words", "Mend what the message names"),
        ({"Error": "X", "Cause": '["no", "object"]'}, '["no", "object"]', "Mend what the message names"),
        ({"Error": "X", "Cause": "17"}, "17", "Mend what the message names"),
    ],
)
def test_a_failure_is_readable_in_every_form_that_it_comes_in(
    state_after: StateAfter, result_of: ResultOf, failure: State, message: str, what_to_do: str
) -> None:
    found = result_of(state_after(3) | {"failure": failure})["failure"]

    assert found["message"] == message
    assert found["whatToDo"].startswith(what_to_do)


@pytest.mark.parametrize(
    ("failure", "completed", "said"),
    [
        ({"Error": "States.Timeout"}, "AskBaseModel", "しばらくしてから、新しい実行を開始してください。"),
        (
            {"Error": "X", "Cause": "It broke."},
            "GenerateAnswers (base)",
            '入力 {"resumeFrom": "first-run"} で新しい実行を',
        ),
        ({"Error": "OverBudget", "Cause": "費用の見積もり"}, "EstimateCost", "実行の入力で、maxSpendUsd を引き上げ"),
        (
            {"Error": "OverBudgetError", "Cause": "費用"},
            "ReadTrainingMetrics",
            "maxSpendUsd を引き上げたうえで、入力 {",
        ),
    ],
)
def test_what_a_person_must_do_is_in_the_runs_language(
    state_after: StateAfter, result_of: ResultOf, failure: State, completed: str, said: str
) -> None:
    count = NAMES.index(completed) + 1 if completed in NAMES else 4
    items = [{"item": "throughputPerHour", "usd": 132.0}]
    state = state_after(count, language="ja", maxSpendUsd=1)
    state["cost"] = {**state["cost"], "items": items}

    result = result_of(state | {"failure": failure})

    assert said in result["failure"]["whatToDo"]
    latin = set(re.findall(r"[A-Za-z]+", result["failure"]["whatToDo"]))
    assert latin <= {"AWS", "maxSpendUsd", "resumeFrom", "first", "run"}
    assert result["failure"]["message"] == failure.get("Cause", "")


def test_a_refused_input_has_a_result_too(result_of: ResultOf) -> None:
    for refused in ([1], "text", {"budget": 1}):
        result = result_of({"input": refused, "failure": FAILURE, "failedAt": {"state": "ConfigureRun"}})

        assert result["failure"]["state"] == "ConfigureRun"
        assert (result["cost"], result["questions"], result["nextSteps"]) == (None, [], [])


def test_over_budget_is_a_verdict_with_the_limit_that_would_be_enough(
    state_after: StateAfter, result_of: ResultOf
) -> None:
    failure = {"Error": "OverBudget", "Cause": "It would cost $140.50."}
    state = state_after(NAMES.index("EstimateCost") + 1, maxSpendUsd=100) | {"failure": failure}

    result = result_of(state)

    assert (result["status"], result["verdict"]) == ("FAILED", "over_budget")
    assert result["failure"]["whatToDo"].startswith("In the execution input, raise maxSpendUsd.")
    assert result["headline"] == "Nothing was bought. It would cost $140.50."
    # The rest of the input stays what it was.
    assert result["nextSteps"][0]["input"] == {**GIVEN, "maxSpendUsd": 141}


@pytest.mark.parametrize(
    ("limit", "what_to_do"),
    [
        (300, "In the execution input, give prices.throughputPerHour."),
        (100, "In the execution input, raise maxSpendUsd and give prices.throughputPerHour."),
    ],
)
def test_where_the_price_of_the_throughput_is_unknown_that_is_asked_for(
    state_after: StateAfter, result_of: ResultOf, limit: float, what_to_do: str
) -> None:
    failure = {"Error": "OverBudget", "Cause": "The price of the throughput is not known."}
    state = state_after(NAMES.index("EstimateCost") + 1, maxSpendUsd=limit) | {"failure": failure}
    state["cost"] = {**state["cost"], "unknownPrices": ["throughputPerHour"]}

    result = result_of(state)

    assert result["failure"]["whatToDo"].startswith(what_to_do)
    assert {step["input"]["maxSpendUsd"] for step in result["nextSteps"]} == {limit}


def test_over_budget_after_training_says_so_and_how_to_go_on(state_after: StateAfter, result_of: ResultOf) -> None:
    cause = json.dumps({"errorMessage": "The run has cost $70.00 so far."})
    state = state_after(NAMES.index("ReadTrainingMetrics") + 1, prices={"trainingPer1kTokens": 10})

    result = result_of(state | {"failure": {"Error": "OverBudgetError", "Cause": cause}})

    assert (result["verdict"], result["failure"]["state"]) == ("over_budget", "CreateProvisionedThroughput")
    assert result["headline"] == "No throughput was bought. The run has cost $70.00 so far."
    assert '{"resumeFrom": "first-run"}' in result["failure"]["whatToDo"]
    assert result["cost"]["actualUsd"] == pytest.approx(7 * 10, abs=0.01)
    # Training, and an hour of the throughput.
    assert result["nextSteps"][0]["input"] == {"resumeFrom": "first-run", "maxSpendUsd": 70 + 132 + 1}


def test_over_budget_after_training_asks_for_the_price_that_a_limit_needs(
    state_after: StateAfter, result_of: ResultOf
) -> None:
    state = state_after(NAMES.index("ReadTrainingMetrics") + 1)
    state["cost"] = {**state["cost"], "unknownPrices": ["throughputPerHour"]}

    result = result_of(state | {"failure": {"Error": "OverBudgetError", "Cause": "It has cost $300.00 so far."}})

    assert result["failure"]["whatToDo"].endswith("; raise maxSpendUsd and give prices.throughputPerHour in it.")


def test_what_time_did_not_suffice_for_is_told_and_never_counted_as_an_answer(
    state_after: StateAfter, result_of: ResultOf, store: RunStore
) -> None:
    # given a custom model that had not answered the last question when its time was up
    state = state_after(len(STAGES) - 1, answers={"timeLimitMinutes": 4})
    store.write_json(answers_key("custom", 1), {"answers": []})
    scores = store.read_json(scores_key("custom"))
    store.write_json(scores_key("custom"), {**scores, "unanswered": 1, "questions": scores["questions"][:2]})

    result = result_of(state)
    failed = result_of({key: state[key] for key in state if key != "customScores"} | {"failure": FAILURE})

    assert result["unanswered"] == {"base": 0, "custom": 1}
    assert result["questions"][2]["custom"] is None
    assert result["questions"][2]["difference"] is None
    assert "The custom model's time was up with 1 questions unanswered; they are in no mean." in result["warnings"]
    assert result["nextSteps"][0]["input"] == {"resumeFrom": "first-run"}
    assert failed["verdict"] == "failed"


def test_a_run_whose_coverage_was_not_measured_has_a_result_too(
    state_after: StateAfter, result_of: ResultOf, store: RunStore
) -> None:
    state = state_after(len(STAGES) - 1)
    store.write_text(COVERAGE, "null", "application/json")

    result = result_of(state)

    assert result["coverage"] is None
    assert {question["coverage"] for question in result["questions"]} == {None}


def test_what_an_earlier_run_paid_is_not_in_the_cost(state_after: StateAfter, result_of: ResultOf) -> None:
    # given a run that goes on from one that had everything, and buys nothing itself
    state = state_after(len(STAGES) - 1)
    state["run"] |= {"startedAt": at(170), "earlierRuns": ["run-0"]}
    state["dataset"] |= {"trained": True, "customModelAnswered": True}
    del state["deletion"], state["host"], state["service"]

    result = result_of(state)

    assert (result["cost"]["actualUsd"], result["cost"]["items"]) == (0, [])
    assert (result["cost"]["throughputSeconds"], result["cost"]["answeringShare"]) == (0, None)
    assert result["provenance"]["earlierRuns"] == ["run-0"]
    assert [moment["event"] for moment in result["timeline"]] == ["run started", "run ended"]


def test_a_next_step_changes_one_thing_and_keeps_the_rest_of_the_input(
    state_after: StateAfter, result_of: ResultOf, store: RunStore
) -> None:
    state = state_after(len(STAGES) - 1, hyperParameters={"batchSize": 8, "epochCount": 2})
    still_falling = {**TRAINED, "epochs": 2, "bestEpoch": 2, "stoppedEarly": False}
    store.write_json(TRAINING, still_falling | CURVES | {"findings": FINDINGS})

    steps = result_of(state | {"training": still_falling})["nextSteps"]

    by_reason = {step["why"]: step["input"] for step in steps}
    assert by_reason["It was still falling."] == {**GIVEN, "hyperParameters": {"batchSize": 8, "epochCount": 4}}


@pytest.mark.parametrize(
    ("completed", "changes", "verdict"),
    [
        ("ScoreAnswers (base)", {"baseScores": {"hasHeadroom": False, "correctness": 9.5, "spent": {}}}, "no_headroom"),
        ("ReadTrainingMetrics", {"training": {**TRAINED, "learned": False}}, "did_not_learn"),
    ],
)
def test_a_run_that_has_seen_enough_succeeds_without_a_throughput(
    state_after: StateAfter, result_of: ResultOf, completed: str, changes: State, verdict: str
) -> None:
    state = state_after(NAMES.index(completed) + 1) | changes

    result = result_of(state)

    assert (result["status"], result["verdict"]) == ("SUCCEEDED", verdict)
    assert result["cost"]["throughputSeconds"] == 0


def test_a_given_custom_model_needs_no_job(state_after: StateAfter, result_of: ResultOf) -> None:
    state = state_after(7, customModelArn=CUSTOM_MODEL) | {"failure": FAILURE}

    result = result_of(state)

    assert result["provenance"]["customModelArn"] == CUSTOM_MODEL
    assert result["training"] is None


def test_answers_that_were_half_given_are_shown(state_after: StateAfter, result_of: ResultOf, store: RunStore) -> None:
    state = state_after(5) | {"failure": FAILURE}
    store.write_json(
        answers_key("base", 0),
        {"answers": [_given(0, "x", at(1))]},
    )

    result = result_of(state)

    assert result["questions"][0]["base"] == {"answer": "x", "correctness": None, "reason": None}
    assert result["questions"][1]["base"] is None


def test_the_task_writes_the_result_and_its_report_and_says_where(
    state_after: StateAfter, store: RunStore, invoke: Callable[..., Mapping[str, Any]]
) -> None:
    written = invoke(write_report.handler, state_after(len(STAGES) - 1))

    result, page = store.read_json(RESULT), store.find_bytes(REPORT)
    assert written == {
        "verdict": result["verdict"],
        "headline": result["headline"],
        "warnings": result["warnings"],
        "resultUri": "s3://results/runs/first-run/result.json",
        "reportUri": "s3://results/runs/first-run/report.html",
        "cause": None,
    }
    assert page is not None
    assert page.decode() == render(result)


def test_after_a_failure_the_task_says_what_the_execution_ends_with(
    state_after: StateAfter, invoke: Callable[..., Mapping[str, Any]]
) -> None:
    written = invoke(write_report.handler, state_after(7) | {"failure": FAILURE})

    failed, what_to_do, report = written["cause"].split("\n")
    assert failed == f"{NAMES[7]} failed: It broke."
    assert what_to_do.startswith("What to do: Mend what the message names, then start a new execution with")
    assert report == "Report: s3://results/runs/first-run/report.html"


def test_an_execution_whose_run_did_not_begin_leaves_a_report_of_its_name_alone(
    state_after: StateAfter, store: RunStore, invoke: Callable[..., Mapping[str, Any]]
) -> None:
    # given an earlier execution of the same name
    invoke(write_report.handler, state_after(len(STAGES) - 1))
    earlier = store.find_bytes(RESULT), store.find_bytes(REPORT)

    refused = {"input": {}, "failure": FAILURE, "failedAt": {"state": "ConfigureRun"}}
    written = invoke(write_report.handler, refused)

    assert (store.find_bytes(RESULT), store.find_bytes(REPORT)) == earlier
    assert written["cause"].startswith("ConfigureRun failed: It broke.\nWhat to do: ")
    kept = "Report: s3://results/runs/first-run/report.html (it was there already and is kept"
    assert kept in written["cause"]
    assert kept in written["warnings"][-1]


def test_a_cause_is_no_longer_than_step_functions_takes(
    state_after: StateAfter, invoke: Callable[..., Mapping[str, Any]]
) -> None:
    failure = {"Error": "InvalidDatasetError", "Cause": "line 1\n" * 10_000}

    written = invoke(write_report.handler, state_after(2) | {"failure": failure})

    assert len(written["cause"]) < 32_768
    assert "What to do: " in written["cause"]


def test_a_verdict_needs_the_scores_that_it_is_about(
    state_after: StateAfter, invoke: Callable[..., Mapping[str, Any]]
) -> None:
    # given a function that answered nonsense
    state = state_after(len(STAGES) - 1) | {"customScores": "<html>"}

    with pytest.raises(KeyError, match="customScores"):
        invoke(write_report.handler, state)


def test_what_was_measured_is_told_with_how_far_it_can_be_trusted(state_after: StateAfter, result_of: ResultOf) -> None:
    result = result_of(state_after(len(STAGES) - 1, judgeRepeats=2))

    assert result["language"] == "en"
    assert result["baseScores"] == {"correctness": {"mean": 2.5, "ci95": None, "n": 3}}
    assert result["effects"]["language"]["en"]["difference"] == 5.5
    assert result["headroom"] == HEADROOM
    assert (result["power"]["minimumQuestions"], result["power"]["neededQuestions"]) == (8, 8)
    assert result["judge"] == {
        "model": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "version": "3",
        "repeats": 2,
        # Of five scored answers: 0, 2 and 4, 0 and 4.
        "spread": 2,
        "unscored": {"base": 0, "custom": 1},
        "calibration": ASSESSMENT,
    }


def test_a_run_that_ended_before_the_custom_model_answered_has_the_base_scores(
    state_after: StateAfter, result_of: ResultOf
) -> None:
    result = result_of(state_after(NAMES.index("ScoreAnswers (base)") + 1) | {"failure": FAILURE})

    assert (result["scores"], result["power"]) == ({}, None)
    assert result["effects"] == {"topic": {"numbers": {"n": 3, "base": pytest.approx(7 / 3), "difference": None}}}
    assert result["baseScores"]["correctness"]["n"] == 3
    assert result["headroom"] == HEADROOM


def test_a_judge_that_failed_its_calibration_is_shown(
    state_after: StateAfter, result_of: ResultOf, store: RunStore
) -> None:
    state = state_after(NAMES.index("EstimateCost") + 1) | {"failure": FAILURE}
    failed = {**ASSESSMENT, "passed": False, "separation": 0.0}
    store.write_json(CALIBRATION, {**failed, "cases": [CASE]})

    result = result_of(state)

    assert result["failure"]["state"] == "CalibrateJudge"
    assert result["judge"]["calibration"] == failed
    assert [item["item"] for item in result["cost"]["items"]] == ["judgeInputPer1kTokens", "judgeOutputPer1kTokens"]


def test_a_lost_calibration_does_not_cost_the_report(state_after: StateAfter, result_of: ResultOf) -> None:
    state = state_after(NAMES.index("ReadTrainingMetrics") + 1) | {"failure": FAILURE, "calibration": "<html>"}

    result = result_of(usable(state))

    assert result["judge"]["calibration"] == ASSESSMENT


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "Similarity is missing for 3 answers of the base model: the embedding model amazon.titan-embed"),
        ("ja", "ベースモデルの回答 3 件には類似度がありません。"),
    ],
)
def test_a_metric_that_is_missing_is_never_missing_silently(
    state_after: StateAfter, result_of: ResultOf, store: RunStore, language: str, said: str
) -> None:
    state = state_after(NAMES.index("ScoreAnswers (base)") + 1, language=language) | {"failure": FAILURE}
    document = store.read_json(scores_key("base"))
    questions = [{**question, "similarity": None} for question in document["questions"]]
    store.write_json(scores_key("base"), {**document, "questions": questions, "embeddingProblem": "No access."})

    result = result_of(state)

    (warning,) = [warning for warning in result["warnings"] if said in warning]
    assert "No access." in warning
    assert result["language"] == language


def test_a_datasets_pattern_is_named_and_what_took_too_long_is_told(
    state_after: StateAfter, result_of: ResultOf, store: RunStore
) -> None:
    state = state_after(len(STAGES) - 1)
    state["dataset"]["pattern"] = {"name": "ござる", "regex": "x", "description": ""}
    document = store.read_json(scores_key("custom"))
    rates = {"base": 0.0, "custom": 0.5, "difference": 0.5, "range": [0, 1]}
    document["comparison"]["pattern"] = document["comparison"]["correctness"] | rates
    document["questions"][0]["pattern"] = True
    store.write_json(scores_key("custom"), document)

    result = result_of(state)

    assert result["scores"]["pattern"]["name"] == "ござる"
    assert (result["pattern"]["base"], result["pattern"]["custom"], result["pattern"]["n"]) == (0, 1, 2)
    assert result["pattern"]["text"] in render(result)
    assert result["verdict"] == "inconclusive"
    assert result["questions"][0]["custom"]["pattern"] is True
    assert any("took too long on 2 answers of the custom model" in warning for warning in result["warnings"])


def test_a_set_that_can_hardly_show_what_there_is_to_gain_is_told(
    state_after: StateAfter, result_of: ResultOf, store: RunStore
) -> None:
    state = state_after(NAMES.index("ScoreAnswers (base)") + 1) | {"failure": FAILURE}
    document = store.read_json(scores_key("base"))
    store.write_json(scores_key("base"), {**document, "headroom": {**HEADROOM, "mean": 8.5}})

    warnings = result_of(state)["warnings"]

    assert any(warning.startswith("The base model leaves 1.5 points to gain, and 3 questions") for warning in warnings)


@pytest.mark.parametrize(("rate", "is_told"), [(0.0, True), (1.0, False)])
def test_a_run_that_went_on_for_its_style_alone_says_so(
    state_after: StateAfter, result_of: ResultOf, store: RunStore, rate: float, is_told: bool
) -> None:
    state = state_after(NAMES.index("ScoreAnswers (base)") + 1) | {"failure": FAILURE}
    state["dataset"]["pattern"] = {"name": "ござる", "regex": "x", "description": ""}
    document = store.read_json(scores_key("base"))
    metrics = {"correctness": {"mean": 9.6, "ci95": None, "n": 3}, "pattern": {"mean": rate, "ci95": None, "n": 3}}
    headroom = {**HEADROOM, "mean": 9.6}
    store.write_json(scores_key("base"), {**document, "metrics": metrics, "headroom": headroom})

    warnings = result_of(state)["warnings"]

    told = (
        "The base model already answers these questions (9.6 of 10), so correctness can hardly rise. "
        "The run went on for the style “ござる” alone."
    )
    assert (told in warnings) is is_told
