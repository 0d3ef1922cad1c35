"""What a run pays for: no minute of a throughput too many, nothing over the budget, nothing a second time."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from finetuning.base_models import BASE_MODELS, DEFAULT_JUDGE_MODEL
from runs import (
    CALIBRATION,
    EVALUATION_RECORDS,
    QUICK,
    START,
    assert_failed_and_clean,
    assert_nothing_bought,
    called,
    message,
    read,
    result,
)

from local.bedrock.faults import Fault
from local.engine.engine import LocalEngine

BASE = BASE_MODELS["claude-3-haiku"]
# Two checks, the judge's calibration, the base model's answers, and their scores.
BEFORE_THE_CUSTOM_MODEL = 2 + CALIBRATION + 2 * EVALUATION_RECORDS


def answered(engine: LocalEngine, model_id: str) -> int:
    calls = engine.bedrock.ledger.calls_of("Converse")
    return len([call for call in calls if call.parameters["modelId"] == model_id and call.error is None])


def answered_by_custom_models(engine: LocalEngine) -> int:
    return sum(answered(engine, purchase.arn) for purchase in engine.bedrock.ledger.purchases)


@pytest.fixture(scope="module")
def uninterrupted(assembly: Path) -> dict[str, Any]:
    """The result of a run with that input that nothing stops."""
    with LocalEngine(assembly, START) as engine:
        engine.deploy()
        engine.run("whole", QUICK)
        return result(engine, "whole")


@pytest.mark.parametrize("creation", [timedelta(minutes=15), timedelta(minutes=43, seconds=3)])
def test_a_throughput_lives_for_its_creation_for_the_answers_and_seconds_more(
    engine: LocalEngine, creation: timedelta
) -> None:
    engine.bedrock.settings.throughput_creation = creation
    engine.run("thrifty", QUICK)

    cost = result(engine, "thrifty")["cost"]
    [purchase] = engine.bedrock.ledger.purchases
    assert purchase.deleted_at is not None
    asked = [call.at for call in engine.bedrock.ledger.calls_of("Converse") if purchase.arn in call.parameters.values()]
    answering = timedelta(seconds=cost["answeringSeconds"])
    lived = purchase.deleted_at - purchase.created_at
    assert timedelta(0) <= asked[0] - (purchase.created_at + creation) <= timedelta(seconds=30)
    assert purchase.deleted_at - (asked[0] + answering) <= timedelta(seconds=5)
    assert lived <= creation + answering + timedelta(minutes=2)
    # Measured until it was confirmed gone.
    assert lived.total_seconds() <= cost["throughputSeconds"] <= lived.total_seconds() + 5
    assert cost["answeringShare"] == pytest.approx(cost["answeringSeconds"] / cost["throughputSeconds"])


def test_waiting_long_leaves_room_in_the_executions_history(engine: LocalEngine) -> None:
    engine.bedrock.settings.job_duration = timedelta(hours=35)
    engine.bedrock.settings.throughput_creation = timedelta(minutes=74)
    engine.bedrock.settings.throughput_deletion = timedelta(minutes=55)

    execution = engine.run("patient", QUICK)

    assert execution.status == "SUCCEEDED"
    assert len(execution.events) < 25_000 / 3


def test_the_deadline_is_a_tag_from_the_purchase_on(engine: LocalEngine) -> None:
    engine.run("dated", {**QUICK, "deadlineMinutes": 45})

    [call] = engine.bedrock.ledger.calls_of("CreateProvisionedModelThroughput")
    tags = {tag["key"]: tag["value"] for tag in call.parameters["tags"]}
    assert tags["bedrock-ft:deadline"] == (call.at + timedelta(minutes=45)).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("epochs", "in_time", "verdict"), [(2, 4, "inconclusive"), (10, EVALUATION_RECORDS // 2 + 4, "improved")]
)
def test_when_time_for_answers_is_up_the_throughput_goes_and_the_rest_is_unanswered(
    engine: LocalEngine, epochs: int, in_time: int, verdict: str
) -> None:
    # given a custom model that becomes slow after some answers
    engine.bedrock.faults.inject("Converse", Fault.delay(700), skip=BEFORE_THE_CUSTOM_MODEL + in_time)
    limited = {"timeLimitMinutes": 5, "concurrency": 1}
    execution = engine.run("slow", {"hyperParameters": {"epochCount": epochs}, "answers": limited})

    document = result(engine, "slow")
    [purchase] = engine.bedrock.ledger.purchases
    assert (execution.status, document["verdict"]) == ("SUCCEEDED", verdict)
    assert purchase.deleted_at is not None
    assert purchase.deleted_at - purchase.created_at <= timedelta(minutes=15 + 5, seconds=700 + 60)
    left = EVALUATION_RECORDS - in_time - 1
    assert document["unanswered"] == {"base": 0, "custom": left}
    assert [question["custom"] is None for question in document["questions"]].count(True) == left
    assert document["scores"]["correctness"]["n"] == in_time + 1
    assert any(f"with {left} questions unanswered" in warning for warning in document["warnings"])

    # when the run that it proposes goes on
    [step] = [step for step in document["nextSteps"] if step["input"] == {"resumeFrom": "slow"}]
    engine.run("rest", step["input"])

    assert result(engine, "rest")["unanswered"] == {"base": 0, "custom": 0}
    assert answered_by_custom_models(engine) == EVALUATION_RECORDS


def test_training_that_took_more_than_was_planned_buys_no_throughput(engine: LocalEngine) -> None:
    # given a job that took 50 epochs instead of the 2 it was asked for, at $1 a thousand tokens
    def take_longer(_arn: str, event: Mapping[str, Any]) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") != "ReadTrainingMetrics":
            return
        bucket = engine.outputs["ResultsBucketName"]
        for found in engine.s3.list_objects_v2(Bucket=bucket, Prefix="runs/dear/job/")["Contents"]:
            if found["Key"].endswith("validation_metrics.csv"):
                *rows, last = read(engine, found["Key"]).decode().splitlines()
                step, _, loss = last.split(",")[:3]
                text = "\n".join([*rows, ",".join([step, "50", loss, *last.split(",")[3:]])])
                engine.s3.put_object(Bucket=bucket, Key=found["Key"], Body=text.encode())

    engine.listen(take_longer)
    execution = engine.run("dear", {**QUICK, "prices": {"trainingPer1kTokens": 1}})

    document = assert_failed_and_clean(engine, execution, "dear")
    assert (execution.error, document["verdict"]) == ("OverBudgetError", "over_budget")
    assert document["headline"].startswith("No throughput was bought. The run has cost $")
    assert "maxSpendUsd is $200.00" in document["headline"]
    assert document["failure"]["state"] == "CreateProvisionedThroughput"
    assert "CreateProvisionedModelThroughput" not in called(engine)

    # when its proposal is followed, only the throughput is paid for
    proposed = document["nextSteps"][0]["input"]
    assert proposed["maxSpendUsd"] > 200
    execution = engine.run("anyway", proposed)
    document = result(engine, "anyway")
    assert execution.status == "SUCCEEDED"
    assert called(engine).count("CreateModelCustomizationJob") == 1
    assert "trainingPer1kTokens" not in {item["item"] for item in document["cost"]["items"]}


@pytest.mark.parametrize(
    ("operation", "skip", "purchases", "jobs"),
    [
        ("Converse", 2 + CALIBRATION + 10, 1, 1),
        ("Converse", 2 + CALIBRATION + EVALUATION_RECORDS, 1, 1),
        ("CreateModelCustomizationJob", 0, 1, 2),
        ("GetModelCustomizationJob", 1, 1, 2),
        ("CreateProvisionedModelThroughput", 0, 1, 1),
        ("GetProvisionedModelThroughput", 5, 2, 1),
        ("Converse", BEFORE_THE_CUSTOM_MODEL + 20, 2, 1),
        # A judgement of the second batch.
        ("Converse", BEFORE_THE_CUSTOM_MODEL + EVALUATION_RECORDS + 8, 1, 1),
    ],
)
def test_a_run_that_failed_is_gone_on_from_and_nothing_is_paid_twice(
    engine: LocalEngine,
    uninterrupted: Mapping[str, Any],
    operation: str,
    skip: int,
    purchases: int,
    jobs: int,
) -> None:
    # given a run that is refused something
    engine.bedrock.faults.inject(operation, Fault.before("AccessDeniedException", times=1), skip=skip)
    failed = assert_failed_and_clean(engine, engine.run("first", QUICK), "first")
    assert '{"resumeFrom": "first"}' in failed["failure"]["whatToDo"]
    assert failed["nextSteps"][0]["input"] == {"resumeFrom": "first"}

    # when a new execution goes on from it
    execution = engine.run("second", {"resumeFrom": "first"})

    document = result(engine, "second")
    assert (execution.status, document["verdict"]) == ("SUCCEEDED", uninterrupted["verdict"])
    assert document["scores"] == uninterrupted["scores"]
    assert document["coverage"] == uninterrupted["coverage"]
    assert document["provenance"]["earlierRuns"] == ["first"]
    # Each run checks once that the base model and the judge answer at all.
    assert answered(engine, BASE.inference_id) == EVALUATION_RECORDS + 2
    assert answered_by_custom_models(engine) == EVALUATION_RECORDS
    # A batch whose judgements were cut off is judged again.
    assert 0 <= answered(engine, DEFAULT_JUDGE_MODEL) - (2 * EVALUATION_RECORDS + 2 + 2 * CALIBRATION) <= 8
    assert len(engine.bedrock.ledger.purchases) == purchases
    assert called(engine).count("CreateModelCustomizationJob") == jobs
    # Together they cost what one run costs, but for a second throughput, a second job or a few judgements.
    spent = [sum(_usd(run, item) for run in (failed, document)) for item in ("inputPer1kTokens", "outputPer1kTokens")]
    assert spent == [pytest.approx(_usd(uninterrupted, item)) for item in ("inputPer1kTokens", "outputPer1kTokens")]


def _usd(document: Mapping[str, Any], name: str) -> float:
    return sum(item["usd"] or 0 for item in document["cost"]["items"] if item["item"] == name)


def test_a_run_that_still_goes_on_is_not_gone_on_from(engine: LocalEngine) -> None:
    started: list[str] = []

    def go_on(arn: str, event: Mapping[str, Any]) -> None:
        entered = event.get("stateEnteredEventDetails", {}).get("name")
        if entered == "WaitForCustomizationJob" and arn.endswith(":first") and not started:
            started.append(engine.start_execution("second", {"resumeFrom": "first"}))

    engine.listen(go_on)
    assert engine.run("first", QUICK).status == "SUCCEEDED"

    list(engine.follow(started[0]))
    assert engine.describe(started[0])["status"] == "FAILED"
    assert "the run 'first' still goes on" in result(engine, "second")["failure"]["message"]
    assert len(engine.bedrock.ledger.purchases) == 1


def test_a_run_can_be_gone_on_from_twice_and_judged_by_another_model(engine: LocalEngine) -> None:
    for run in ("first", "second"):
        engine.bedrock.faults.inject("CreateProvisionedModelThroughput", Fault.before("AccessDeniedException"))
        given = QUICK if run == "first" else {"resumeFrom": "first"}
        assert_failed_and_clean(engine, engine.run(run, given), run)
    engine.run("third", {"resumeFrom": "second"})
    execution = engine.run("fourth", {"resumeFrom": "third", "judgeModel": "us.amazon.nova-2-lite-v1:0"})

    document = result(engine, "fourth")
    assert document["provenance"]["earlierRuns"] == ["third", "second", "first"]
    assert document["provenance"]["judgeModel"] == "us.amazon.nova-2-lite-v1:0"
    assert "CreateProvisionedThroughput" not in execution.entered
    assert called(engine).count("CreateModelCustomizationJob") == 1
    assert len(engine.bedrock.ledger.purchases) == 1
    assert answered_by_custom_models(engine) == EVALUATION_RECORDS

    # Judged once is not judged twice: all answers are judged anew.
    engine.run("fifth", {"resumeFrom": "fourth", "judgeRepeats": 2})
    document = result(engine, "fifth")
    assert document["judge"]["repeats"] == 2
    assert {len(question["custom"]["scores"]) for question in document["questions"]} == {2}


def test_only_what_fits_is_gone_on_from(engine: LocalEngine) -> None:
    engine.run("known", {"minimumHeadroom": 9})

    unknown = engine.run("one", {"resumeFrom": "never-ran"})
    different = engine.run("two", {"resumeFrom": "known", "hyperParameters": {"epochCount": 2}, "systemPrompt": "Hi."})

    assert (unknown.error, different.error) == ("InvalidInputError", "InvalidInputError")
    assert "resumeFrom: there is nothing of a run 'never-ran' to go on from" in message(unknown)
    assert "- hyperParameters: differs from the run 'known'" in message(different)
    assert "- systemPrompt: differs from the run 'known'" in message(different)
    assert_nothing_bought(engine)
