"""Whole executions of the synthesized state machine: every branch that does not end in a plain success."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from finetuning.base_models import BASE_MODELS, DEFAULT_JUDGE_MODEL
from finetuning.rubric import TOOL
from runs import (
    CALIBRATION,
    EVALUATION_RECORDS,
    QUICK,
    START,
    assert_failed_and_clean,
    assert_nothing_bought,
    called,
    converse_models,
    message,
    read,
    result,
    upload,
)

from cli.synthesis import synthesize
from local.bedrock.faults import Fault
from local.engine.engine import LocalEngine

BASE = BASE_MODELS["claude-3-haiku"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"epochs": 3}, ["epochs: unknown field"]),
        ({"systemPrompt": "half a \ud83d pair"}, ["systemPrompt: holds half of a surrogate pair"]),
        ({"hyperParameters": {"epochCount": 99}}, ["hyperParameters.epochCount: must be a whole number from 1 to 10"]),
        (
            {"maxSpendUsd": "much", "answers": {"maxTokens": 0}, "dataset": {}},
            ["maxSpendUsd: must be", "answers.maxTokens: must be", "dataset.training: an S3 URI"],
        ),
    ],
)
def test_a_wrong_input_is_refused_with_every_problem(
    engine: LocalEngine, given: Mapping[str, Any], said: Sequence[str]
) -> None:
    execution = engine.run("wrong", given)
    document = assert_failed_and_clean(engine, execution, "wrong")
    assert execution.error == "InvalidInputError"
    for problem in said:
        assert problem in message(execution)
        assert problem in document["failure"]["message"]
    assert document["failure"]["state"] == "ConfigureRun"
    assert_nothing_bought(engine)


@pytest.mark.parametrize("name", ["run(1)", "now!", "it's", "日本語"])
def test_a_name_that_bedrock_takes_in_no_tag_is_refused_before_anything_is_paid(engine: LocalEngine, name: str) -> None:
    execution = engine.run(name, QUICK)

    assert execution.error == "InvalidInputError"
    assert "cannot be a tag in Bedrock" in message(execution)
    assert converse_models(engine) == []


def test_a_name_that_is_used_again_is_refused_and_the_earlier_report_stays(engine: LocalEngine) -> None:
    # given a run of that name whose execution Step Functions has forgotten
    engine.run("earlier", {"minimumHeadroom": 9})
    bucket = engine.outputs["ResultsBucketName"]
    for file in ("run.json", "result.json", "report.html"):
        engine.s3.put_object(Bucket=bucket, Key=f"runs/again/{file}", Body=read(engine, f"runs/earlier/{file}"))

    execution = engine.run("again", {})

    assert (execution.status, execution.error) == ("FAILED", "InvalidInputError")
    assert "a run named 'again' is there already" in message(execution)
    assert "it was there already and is kept" in message(execution)
    for file in ("result.json", "report.html"):
        assert read(engine, f"runs/again/{file}") == read(engine, f"runs/earlier/{file}")


def test_an_input_that_is_no_object_is_refused(engine: LocalEngine) -> None:
    arn = engine.stepfunctions.start_execution(
        stateMachineArn=engine.outputs["StateMachineArn"], name="list", input="[1]"
    )["executionArn"]
    list(engine.follow(arn))
    assert engine.describe(arn)["status"] == "FAILED"
    assert engine.describe(arn)["error"] == "InvalidInputError"


def test_a_limit_that_cannot_be_kept_buys_nothing(tmp_path: Path) -> None:
    # Nova's price of a throughput is not known: without a limit the run goes on, with one it does not.
    synthesize("nova-micro", tmp_path / "cdk.out")
    with LocalEngine(tmp_path / "cdk.out", START) as engine:
        engine.deploy()
        execution = engine.run("limited", {"maxSpendUsd": 500, "hosting": "provisionedThroughput"})
        document = assert_failed_and_clean(engine, execution, "limited")
        assert document["verdict"] == "over_budget"
        assert "give it as prices.throughputPerHour" in document["failure"]["message"]
        # The limit holds also for a run that goes on from it.
        document = assert_failed_and_clean(engine, engine.run("again", {"resumeFrom": "limited"}), "again")
        assert document["verdict"] == "over_budget"
        assert_nothing_bought(engine)


def test_half_a_character_in_an_answer_does_not_cost_the_report(engine: LocalEngine) -> None:
    half = {"message": {"role": "assistant", "content": [{"text": "half a \ud83d pair"}]}}
    engine.bedrock.faults.inject("Converse", Fault.answer(output=half), skip=2 + CALIBRATION)
    engine.run("half", {"minimumHeadroom": 9})
    document = result(engine, "half")
    assert any("half a \ud83d pair" in (question["base"] or {})["answer"] for question in document["questions"])
    assert b"<h1" in read(engine, "runs/half/report.html")


def test_a_run_over_budget_buys_nothing(engine: LocalEngine) -> None:
    execution = engine.run("dear", {"maxSpendUsd": 1})
    document = assert_failed_and_clean(engine, execution, "dear")
    assert (execution.error, document["verdict"]) == ("OverBudget", "over_budget")
    assert "maxSpendUsd is $1.00" in document["headline"]
    assert document["nextSteps"][0]["input"]["maxSpendUsd"] >= document["cost"]["estimatedUsd"]
    assert document["cost"]["actualUsd"] == 0
    assert_nothing_bought(engine)


def test_a_broken_record_is_named_by_file_and_line(engine: LocalEngine) -> None:
    lines = Path("datasets/bedrock-faq/training.jsonl").read_bytes().splitlines(keepends=True)
    lines[6] = lines[6].replace(b'"assistant"', b'"robot"')
    lines[9] = lines[9][:40] + b"\n"
    upload(engine, "broken", training=b"".join(lines))
    execution = engine.run("broken", {"dataset": "broken"})
    document = assert_failed_and_clean(engine, execution, "broken")
    assert execution.error == "InvalidDatasetError"
    assert "training.jsonl line 7: messages[1].role is 'robot'" in message(execution)
    assert "training.jsonl line 10: the JSON ends before it is complete" in message(execution)
    assert document["failure"]["state"] == "ValidateDataset"
    assert_nothing_bought(engine)


def test_too_few_records_are_refused(engine: LocalEngine) -> None:
    few = b"".join(Path("datasets/bedrock-faq/training.jsonl").read_bytes().splitlines(keepends=True)[:31])
    upload(engine, "few", training=few)
    execution = engine.run("few", {"dataset": "few"})
    assert_failed_and_clean(engine, execution, "few")
    assert "training.jsonl: has 31 records; Claude 3 Haiku takes 32 to 10,000" in message(execution)


def test_prerequisites_are_listed_all_at_once(engine: LocalEngine) -> None:
    engine.bedrock.settings.model_units = 0
    engine.bedrock.faults.inject("Converse", Fault.access_denied(times=2))
    execution = engine.run("unmet", {"dataset": "nowhere"})
    document = assert_failed_and_clean(engine, execution, "unmet")
    assert execution.error == "PrerequisitesNotMetError"
    for file in ("training", "validation", "evaluation"):
        assert f"The {file} data s3://{engine.outputs['DataBucketName']}/datasets/nowhere/{file}.jsonl" in message(
            execution
        )
    assert "is 0 in this account and region" in message(execution)
    assert f"The base model {BASE.inference_id} cannot be used" in message(execution)
    assert f"The judge model {DEFAULT_JUDGE_MODEL} cannot be used" in message(execution)
    assert document["failure"]["state"] == "CheckPrerequisites"
    assert_nothing_bought(engine)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (datetime(2026, 11, 22, tzinfo=UTC), "Claude 3 Haiku reached its end of life on 2026-09-10"),
        (datetime(2026, 4, 1, tzinfo=UTC), "Claude 3 Haiku is a Legacy model"),
    ],
)
def test_a_base_model_that_is_not_active_stops_the_run(assembly: Path, day: datetime, said: str) -> None:
    with LocalEngine(assembly, day) as engine:
        engine.deploy()
        execution = engine.run("late", {})
        assert_failed_and_clean(engine, execution, "late")
        assert said in message(execution)
        assert "-c baseModel=nova-lite (us-east-1)" in message(execution)
        assert_nothing_bought(engine)


def test_a_base_model_that_knows_the_answers_is_not_trained(engine: LocalEngine) -> None:
    # Given a run that asks for more headroom than there is, the verdict comes before anything is bought.
    execution = engine.run("known", {"minimumHeadroom": 9})
    document = result(engine, "known")
    assert (execution.status, document["verdict"]) == ("SUCCEEDED", "no_headroom")
    assert document["questions"][0]["base"]["correctness"] is not None
    assert document["questions"][0]["custom"] is None
    assert_nothing_bought(engine)


def test_training_that_teaches_nothing_buys_no_throughput(engine: LocalEngine) -> None:
    nothing = {"epochCount": 2, "batchSize": 256, "learningRateMultiplier": 0.1}
    execution = engine.run("dull", {"hyperParameters": nothing})
    document = result(engine, "dull")
    assert (execution.status, document["verdict"]) == ("SUCCEEDED", "did_not_learn")
    assert document["training"]["learned"] is False
    assert "CreateProvisionedModelThroughput" not in called(engine)


def test_a_job_that_fails_is_reported_with_bedrocks_reason(engine: LocalEngine) -> None:
    failed = Fault.answer(status="Failed", failureMessage="the training data made no sense", times=None)
    engine.bedrock.faults.inject("GetModelCustomizationJob", failed)
    execution = engine.run("lost-job", QUICK)
    document = assert_failed_and_clean(engine, execution, "lost-job")
    assert execution.error == "CustomizationJobError"
    assert "the training data made no sense" in document["failure"]["message"]
    assert engine.bedrock.ledger.purchases == []


def test_a_job_that_takes_too_long_is_stopped(engine: LocalEngine) -> None:
    engine.bedrock.settings.job_duration *= 100
    execution = engine.run("slow-job", QUICK)
    assert_failed_and_clean(engine, execution, "slow-job")
    assert "still in progress after" in message(execution)
    assert len(engine.bedrock.ledger.calls_of("StopModelCustomizationJob")) == 1


def test_a_throughput_that_fails_is_deleted(engine: LocalEngine) -> None:
    failed = Fault.answer(status="Failed", failureMessage="no capacity")
    engine.bedrock.faults.inject("GetProvisionedModelThroughput", failed, skip=3)
    execution = engine.run("no-capacity", QUICK)
    document = assert_failed_and_clean(engine, execution, "no-capacity")
    assert execution.error == "ProvisionedThroughputError"
    assert "no capacity" in document["failure"]["message"]
    assert len(engine.bedrock.ledger.purchases) == 1
    # The trained model is not lost: the report says how to go on with it.
    assert document["nextSteps"][0]["input"] == {"resumeFrom": "no-capacity"}


def test_a_throughput_that_never_comes_into_service_is_deleted(engine: LocalEngine) -> None:
    engine.bedrock.settings.throughput_creation *= 100
    execution = engine.run("never-ready", QUICK)
    document = assert_failed_and_clean(engine, execution, "never-ready")
    assert "is still Creating after 1:15:00" in document["failure"]["message"]
    assert 75 * 60 <= document["cost"]["throughputSeconds"] <= 80 * 60


def test_a_custom_model_that_cannot_answer_costs_no_longer_than_it_takes_to_notice(engine: LocalEngine) -> None:
    # Two checks, the judge's calibration, the base model's answers, and their scores.
    before = 2 + CALIBRATION + 2 * EVALUATION_RECORDS
    engine.bedrock.faults.inject("Converse", Fault.access_denied(), skip=before)
    execution = engine.run("mute", QUICK)
    document = assert_failed_and_clean(engine, execution, "mute")
    [purchase] = engine.bedrock.ledger.purchases
    assert converse_models(engine)[-1] == purchase.arn
    in_service = engine.bedrock.settings.throughput_creation.total_seconds()
    assert document["cost"]["throughputSeconds"] <= in_service + 120
    assert document["questions"][0]["base"]["correctness"] is not None


def test_throttled_answers_are_asked_for_again_and_none_twice(engine: LocalEngine) -> None:
    before = 2 + CALIBRATION + 2 * EVALUATION_RECORDS
    engine.bedrock.faults.inject("Converse", Fault.throttle(times=3), skip=before + 4)
    execution = engine.run("throttled", QUICK)
    assert execution.status == "SUCCEEDED"
    [purchase] = engine.bedrock.ledger.purchases
    to_custom = [
        call for call in engine.bedrock.ledger.calls_of("Converse") if call.parameters["modelId"] == purchase.arn
    ]
    assert len([call for call in to_custom if call.error is None]) == EVALUATION_RECORDS
    assert len([call for call in to_custom if call.error]) == 3


@pytest.mark.parametrize(
    ("operation", "refused_with"),
    [
        ("CreateModelCustomizationJob", None),
        ("CreateModelCustomizationJob", "ConflictException"),
        ("CreateProvisionedModelThroughput", None),
        ("CreateProvisionedModelThroughput", "ValidationException"),
    ],
)
def test_a_lost_response_buys_nothing_twice(engine: LocalEngine, operation: str, refused_with: str | None) -> None:
    engine.bedrock.settings.refuses_repeated_create = refused_with
    engine.bedrock.faults.inject(operation, Fault.lost_response())
    execution = engine.run("lost", QUICK)
    assert execution.status == "SUCCEEDED"
    assert len(engine.bedrock.ledger.purchases) == 1
    assert engine.bedrock.ledger.alive(engine.clock.now()) == []
    tokens = {call.parameters["clientRequestToken"] for call in engine.bedrock.ledger.calls_of(operation)}
    assert len(tokens) == 1


def test_a_deletion_that_is_refused_is_asked_for_until_it_is_done(engine: LocalEngine) -> None:
    engine.bedrock.faults.inject("DeleteProvisionedModelThroughput", Fault.before("ConflictException", times=4))
    execution = engine.run("stubborn", QUICK)
    assert execution.status == "SUCCEEDED"
    assert len(engine.bedrock.ledger.calls_of("DeleteProvisionedModelThroughput")) == 5
    assert engine.bedrock.ledger.alive(engine.clock.now()) == []


def test_a_deletion_that_never_succeeds_ends_with_an_alarm_in_the_report(engine: LocalEngine) -> None:
    engine.bedrock.faults.inject("DeleteProvisionedModelThroughput", Fault.before("ConflictException", times=None))
    execution = engine.run("immortal", QUICK)
    assert execution.status == "FAILED"
    document = result(engine, "immortal")
    assert "MAY STILL BE ALIVE" in document["warnings"][0]
    assert "Delete it in the Bedrock console now" in document["failure"]["message"]


def test_a_verdict_stands_although_nobody_can_be_told(engine: LocalEngine) -> None:
    for topic in boto3.client("sns").list_topics()["Topics"]:
        boto3.client("sns").delete_topic(TopicArn=topic["TopicArn"])
    execution = engine.run("unheard", QUICK)
    assert execution.status == "SUCCEEDED"
    assert result(engine, "unheard")["status"] == "SUCCEEDED"
    assert execution.output["notifyFailure"]["Error"]


def test_a_deletion_that_keeps_failing_is_finished_by_the_guard(engine: LocalEngine) -> None:
    engine.bedrock.faults.inject("DeleteProvisionedModelThroughput", Fault.before("InternalServerException", times=25))
    execution = engine.run("late-deletion", QUICK)
    engine.let_time_pass(timedelta(hours=3))
    assert_failed_and_clean(engine, execution, "late-deletion")


def test_answers_that_the_judge_does_not_score_are_counted_not_averaged(engine: LocalEngine) -> None:
    no_tool = {"message": {"role": "assistant", "content": [{"text": "I would say nine."}]}}
    # A batch of 8 answers is judged at a time, each answer twice at most: 12 useless replies leave 4 to 6 unscored.
    useless = Fault.answer(output=no_tool, times=12)
    engine.bedrock.faults.inject("Converse", useless, skip=2 + CALIBRATION + EVALUATION_RECORDS)
    engine.run("unscored", QUICK)
    document = result(engine, "unscored")
    scored = [question for question in document["questions"] if question["base"]["correctness"] is not None]
    assert document["unscored"]["base"] == EVALUATION_RECORDS - len(scored)
    assert 4 <= document["unscored"]["base"] <= 6
    assert document["scores"]["correctness"]["n"] == len(scored)
    assert any("no score that can be used" in warning for warning in document["warnings"])


def test_a_judge_that_scores_nothing_stops_the_run_before_training(engine: LocalEngine) -> None:
    no_tool = {"message": {"role": "assistant", "content": [{"text": "No."}]}}
    useless = Fault.answer(output=no_tool, times=None)
    engine.bedrock.faults.inject("Converse", useless, skip=2 + CALIBRATION + EVALUATION_RECORDS)
    execution = engine.run("no-judge", QUICK)
    assert_failed_and_clean(engine, execution, "no-judge")
    assert execution.error == "JudgeUnusableError"
    assert_nothing_bought(engine)


def test_a_judge_that_always_says_seven_stops_the_run_before_anything_is_asked_or_trained(engine: LocalEngine) -> None:
    grade = {"score": 7, "contradictions": 0, "reason": "Fine."}
    use = {"toolUse": {"toolUseId": "tooluse_1", "name": TOOL, "input": grade}}
    always = Fault.answer(output={"message": {"role": "assistant", "content": [use]}}, times=None)
    engine.bedrock.faults.inject("Converse", always, skip=2)
    execution = engine.run("seven", QUICK)
    document = assert_failed_and_clean(engine, execution, "seven")
    assert (execution.error, document["failure"]["state"]) == ("JudgeUnusableError", "CalibrateJudge")
    assert "reference 7.0, wrong 7.0, empty 7.0, askingForTen 7.0" in document["failure"]["message"]
    assert document["judge"]["calibration"]["separation"] == 0
    assert "AskBaseModel" not in execution.entered
    assert_nothing_bought(engine)
    # What the judge was asked is paid for all the same.
    assert {item["item"] for item in document["cost"]["items"]} == {"judgeInputPer1kTokens", "judgeOutputPer1kTokens"}


@pytest.mark.parametrize("fault", [Fault.access_denied(), Fault.throttle(), Fault.malformed(times=None)])
def test_an_embedding_model_that_cannot_be_used_costs_only_its_metric(engine: LocalEngine, fault: Fault) -> None:
    engine.bedrock.faults.inject("InvokeModel", fault)
    execution = engine.run("no-embedding", {**QUICK, "language": "ja"})
    document = result(engine, "no-embedding")
    assert execution.status == "SUCCEEDED"
    assert document["verdict"] in ("improved", "no_visible_effect", "inconclusive")
    assert "similarity" not in document["scores"]
    assert document["scores"]["correctness"]["n"] == EVALUATION_RECORDS
    assert sum("類似度がありません" in warning for warning in document["warnings"]) == 2


def test_a_dataset_with_a_card_has_its_pattern_measured(engine: LocalEngine) -> None:
    card = {"pattern": {"name": "full stop", "regex": "[.。]$", "description": "Every answer ends in a full stop."}}
    upload(engine, "styled", card=json.dumps(card).encode())
    engine.run("styled", {**QUICK, "dataset": "styled"})
    pattern = result(engine, "styled")["scores"]["pattern"]
    assert (pattern["name"], pattern["unit"], pattern["n"]) == ("full stop", "%", EVALUATION_RECORDS)
    assert pattern["custom"] > 0


def test_a_card_that_cannot_be_used_stops_the_run(engine: LocalEngine) -> None:
    upload(engine, "odd", card=b'{"pattern": {"name": "odd", "regex": "("}}')
    execution = engine.run("odd", {"dataset": "odd"})
    assert_failed_and_clean(engine, execution, "odd")
    assert "card.json: pattern.regex: no regular expression" in message(execution)
    assert_nothing_bought(engine)


def test_another_base_model_gets_the_same_dataset_in_its_own_format(tmp_path: Path) -> None:
    synthesize("nova-lite", tmp_path / "cdk.out")
    with LocalEngine(tmp_path / "cdk.out", datetime(2026, 11, 22, 9, tzinfo=UTC)) as engine:
        engine.deploy()
        execution = engine.run("nova", {"hyperParameters": {"epochCount": 2}})
        assert engine.region == "us-east-1"
        assert execution.status == "SUCCEEDED", execution.cause
        record = json.loads(read(engine, "runs/nova/dataset/training.jsonl").splitlines()[0])
        shipped = json.loads(Path("datasets/bedrock-faq/training.jsonl").read_text().splitlines()[0])
        assert record["schemaVersion"] == "bedrock-conversation-2024"
        assert record["system"] == [{"text": shipped["system"]}]
        assert record["messages"][0] == {"role": "user", "content": [{"text": shipped["messages"][0]["content"]}]}
        [job] = engine.bedrock.ledger.calls_of("CreateModelCustomizationJob")
        assert job.parameters["baseModelIdentifier"] == "amazon.nova-lite-v1:0:300k"


def test_a_model_of_prompt_and_completion_is_trained_and_asked_with_the_system_prompt_in_front(tmp_path: Path) -> None:
    synthesize("llama3-1-8b", tmp_path / "cdk.out")
    with LocalEngine(tmp_path / "cdk.out", datetime(2026, 11, 22, 9, tzinfo=UTC)) as engine:
        engine.deploy()
        execution = engine.run("llama", {"hyperParameters": {"epochCount": 3}})
        assert execution.status == "SUCCEEDED", execution.cause
        record = json.loads(read(engine, "runs/llama/dataset/training.jsonl").splitlines()[0])
        shipped = json.loads(Path("datasets/bedrock-faq/training.jsonl").read_text().splitlines()[0])
        question, answer = (message["content"] for message in shipped["messages"])
        assert record == {"prompt": f"{shipped['system']}\n\n{question}", "completion": answer}
        evaluation = read(engine, "runs/llama/dataset/evaluation.jsonl").splitlines()
        questions = [json.loads(line)["question"] for line in evaluation]
        asked = Counter(
            call.parameters["messages"][0]["content"][0]["text"]
            for call in engine.bedrock.ledger.calls_of("Converse")
            if "toolConfig" not in call.parameters and not call.parameters.get("system")
        )
        # The base model and the custom model.
        assert [asked[f"{shipped['system']}\n\n{each}"] for each in questions] == [2] * len(questions)
