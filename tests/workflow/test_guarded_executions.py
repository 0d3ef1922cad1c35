"""The guard on the local engine: executions that end without cleaning up, and what is left of them afterwards."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import boto3
import pytest
from finetuning import names
from finetuning.customization import JobStatus
from finetuning.hosting import ProvisionedThroughput, life
from finetuning.reaper import Reaper
from runs import QUICK, called, read, result

from local.bedrock.faults import Fault
from local.engine.engine import Execution, LocalEngine
from local.engine.state_machines import HistoryEvent

FIVE_MINUTES = timedelta(minutes=5)


def aborted_at(engine: LocalEngine, state: str, execution_input: Mapping[str, Any] = QUICK) -> Execution:
    """An execution named run-1 that somebody stops as soon as it enters that state."""

    def stop(arn: str, event: HistoryEvent) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == state:
            engine.stop_execution(arn)

    engine.listen(stop)
    execution = engine.run("run-1", execution_input)
    assert execution.status == "ABORTED"
    return execution


def keys(engine: LocalEngine, prefix: str = "") -> list[str]:
    listed = engine.s3.list_objects_v2(Bucket=engine.outputs["ResultsBucketName"], Prefix=f"runs/run-1/{prefix}")
    return [found["Key"].removeprefix("runs/run-1/") for found in listed.get("Contents", [])]


def job_status() -> str:
    return boto3.client("bedrock").get_model_customization_job(jobIdentifier="claude-3-haiku-ft-job-run-1")["status"]


def assert_guard_works(engine: LocalEngine) -> None:
    assert [delivery.error for delivery in engine.deliveries if delivery.error] == []


def test_an_aborted_wait_for_a_throughput_leaves_none_alive(engine: LocalEngine) -> None:
    execution = aborted_at(engine, "WaitForProvisionedThroughput")

    [purchase] = engine.bedrock.ledger.purchases
    assert engine.bedrock.ledger.alive(engine.clock.now()) == []
    assert purchase.deleted_at is not None
    assert purchase.deleted_at - purchase.created_at < FIVE_MINUTES
    document = result(engine, "run-1")
    assert (document["status"], document["verdict"]) == ("FAILED", "failed")
    assert document["executionArn"] == execution.arn
    assert document["failure"]["state"] == "WaitForProvisionedThroughput"
    assert '{"resumeFrom": "run-1"}' in document["failure"]["whatToDo"]
    assert not [warning for warning in document["warnings"] if "ALIVE" in warning]
    assert document["questions"][0]["base"]["answer"]
    assert b"WaitForProvisionedThroughput" in read(engine, "runs/run-1/report.html")
    assert len(keys(engine, "reaped/")) == 1
    assert_guard_works(engine)


def test_an_aborted_wait_for_a_job_stops_it(engine: LocalEngine) -> None:
    aborted_at(engine, "WaitForCustomizationJob")

    assert job_status() in (JobStatus.STOPPING, JobStatus.STOPPED)
    document = result(engine, "run-1")
    assert document["failure"]["state"] == "WaitForCustomizationJob"
    assert any("gave no metrics" in warning for warning in document["warnings"])
    assert [key.rpartition("-")[2] for key in keys(engine, "reaped/")] == ["job.json"]
    assert_guard_works(engine)


@pytest.mark.parametrize(
    ("state", "records"),
    [("CaptureInput", 0), ("ValidateDataset", 0), ("GenerateAnswers (base)", 0), ("GenerateAnswers (custom)", 1)],
)
def test_an_execution_aborted_anywhere_leaves_a_report(engine: LocalEngine, state: str, records: int) -> None:
    aborted_at(engine, state)

    assert result(engine, "run-1")["failure"]["state"] == state
    assert engine.bedrock.ledger.alive(engine.clock.now()) == []
    assert len(keys(engine, "reaped/")) == records
    assert_guard_works(engine)


def bought_after_all(engine: LocalEngine) -> None:
    """An execution that is stopped, and looked after, while its throughput is only just being bought."""
    execution = aborted_at(engine, "CreateProvisionedThroughput")
    bedrock = boto3.client("bedrock")
    [custom_model] = bedrock.list_custom_models()["modelSummaries"]
    name, now = names.throughput_name("claude-3-haiku", "run-1"), engine.clock.now()
    deadline = now + timedelta(hours=1)
    throughput = ProvisionedThroughput(bedrock)
    life.create(throughput, name, custom_model["modelArn"], execution.arn, now=now, deadline=deadline)


def test_what_was_bought_while_the_execution_was_stopped_goes_at_the_next_look(engine: LocalEngine) -> None:
    bought_after_all(engine)

    engine.let_time_pass(FIVE_MINUTES)

    [purchase] = engine.bedrock.ledger.purchases
    assert purchase.deleted_at is not None
    document = result(engine, "run-1")
    assert document["failure"]["state"] == "CreateProvisionedThroughput"
    lived = (purchase.deleted_at - purchase.created_at).total_seconds()
    assert document["cost"]["throughputSeconds"] == pytest.approx(lived, abs=10)
    assert lived > 0
    assert_guard_works(engine)


def test_a_throughput_that_the_list_does_not_show_is_not_told_as_gone(engine: LocalEngine) -> None:
    state = "WaitUntilThroughputIsGone"
    engine.bedrock.settings.throughput_deletion = timedelta(minutes=3)

    def hide(_arn: str, event: HistoryEvent) -> None:
        if event.get("stateEnteredEventDetails", {}).get("name") == state:
            engine.bedrock.faults.inject("ListProvisionedModelThroughputs", Fault.malformed())

    engine.listen(hide)
    aborted_at(engine, state)
    assert result(engine, "run-1")["hosting"]["alive"]

    engine.let_time_pass(2 * FIVE_MINUTES)

    [purchase] = engine.bedrock.ledger.purchases
    assert purchase.deleted_at is not None
    hosting = result(engine, "run-1")["hosting"]
    assert not hosting["alive"]
    assert hosting["seconds"] >= (purchase.deleted_at - purchase.created_at).total_seconds()


def test_where_bedrock_does_not_say_whether_a_throughput_is_gone_the_report_leaves_that_open(
    engine: LocalEngine,
) -> None:
    engine.bedrock.faults.inject("GetProvisionedModelThroughput", Fault.access_denied())
    aborted_at(engine, "CreateProvisionedThroughput")
    assert result(engine, "run-1")["hosting"]["alive"]
    engine.bedrock.faults.clear()

    engine.let_time_pass(FIVE_MINUTES)

    assert not result(engine, "run-1")["hosting"]["alive"]


def test_a_report_that_could_not_be_corrected_at_once_is_corrected_later(engine: LocalEngine) -> None:
    # given a report that knows of no throughput although one was bought and removed
    bought_after_all(engine)
    before = read(engine, "runs/run-1/result.json")
    engine.let_time_pass(FIVE_MINUTES)
    corrected = result(engine, "run-1")
    bucket = engine.outputs["ResultsBucketName"]
    engine.s3.put_object(Bucket=bucket, Key="runs/run-1/result.json", Body=before)
    assert result(engine, "run-1")["cost"]["throughputSeconds"] == 0

    engine.let_time_pass(FIVE_MINUTES)

    assert 0 < corrected["cost"]["throughputSeconds"] == result(engine, "run-1")["cost"]["throughputSeconds"]
    assert_guard_works(engine)


def test_a_throughput_that_only_the_guard_knows_of_stands_in_the_report(engine: LocalEngine) -> None:
    # given a create whose answer is lost, and an execution that may not look for what it created
    faults = engine.bedrock.faults
    faults.inject("CreateProvisionedModelThroughput", Fault.lost_response())
    faults.inject("GetProvisionedModelThroughput", Fault.access_denied(), skip=1)
    assert engine.run("run-1", QUICK).status == "FAILED"
    [purchase] = engine.bedrock.ledger.purchases
    assert "MAY STILL BE ALIVE" in result(engine, "run-1")["warnings"][0]

    # when the next looks come
    faults.clear()
    engine.let_time_pass(2 * FIVE_MINUTES)

    assert purchase.deleted_at is not None
    document = result(engine, "run-1")
    assert not [warning for warning in document["warnings"] if "ALIVE" in warning]
    assert document["hosting"]["createdAt"] == purchase.created_at.isoformat()
    assert document["cost"]["throughputSeconds"] > 0
    assert document["failure"]["state"] == "CreateProvisionedThroughput"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The subjects of what the guard has told people."""
    publish, subjects = Reaper._publish, []

    def record(reaper: Reaper, subject: str, message: str) -> None:
        publish(reaper, subject, message)
        subjects.append(subject)

    monkeypatch.setattr(Reaper, "_publish", record)
    return subjects


@pytest.mark.parametrize("step", ["_tell", "_publish"])
def test_a_guard_that_dies_after_a_removal_tells_of_it_at_its_next_look(
    engine: LocalEngine, monkeypatch: pytest.MonkeyPatch, heard: list[str], step: str
) -> None:
    whole, dying = getattr(Reaper, step), [step]

    def die_once(reaper: Reaper, *about: object) -> object:
        if dying:
            raise SystemExit(dying.pop())
        return whole(reaper, *about)

    monkeypatch.setattr(Reaper, step, die_once)
    aborted_at(engine, "WaitForProvisionedThroughput")

    engine.let_time_pass(3 * FIVE_MINUTES)

    assert heard.count("bedrock-ft run-1: the guard removed a throughput") == 1
    [key] = keys(engine, "reaped/")
    note = json.loads(read(engine, f"runs/run-1/{key}"))
    assert (note["outcome"], note["told"]) == ("gone", True)
    # What it saw before it died of telling is what is told.
    assert result(engine, "run-1")["cost"]["throughputSeconds"] == note["seconds"]
    assert (note["seconds"] > 0) == (step == "_tell")


def test_a_slow_deletion_whose_answer_was_lost_is_told(engine: LocalEngine, heard: list[str]) -> None:
    engine.bedrock.settings.throughput_deletion = timedelta(minutes=3)
    engine.bedrock.faults.inject("DeleteProvisionedModelThroughput", Fault.lost_response())
    aborted_at(engine, "WaitForProvisionedThroughput")

    engine.let_time_pass(3 * FIVE_MINUTES)

    assert heard.count("bedrock-ft run-1: the guard removed a throughput") == 1


@pytest.mark.parametrize(("name", "reported"), [("theirs", True), ("claude-3-haiku-ft-pt-run-0", False)])
def test_only_a_throughput_that_may_be_ours_holds_up_reports(engine: LocalEngine, name: str, reported: bool) -> None:
    assert engine.run("run-0", {**QUICK, "minimumHeadroom": 1}).status == "SUCCEEDED"
    bedrock = boto3.client("bedrock")
    [custom_model] = bedrock.list_custom_models()["modelSummaries"]
    bedrock.create_provisioned_model_throughput(
        provisionedModelName=name, modelId=custom_model["modelArn"], modelUnits=1
    )
    engine.bedrock.faults.inject("ListTagsForResource", Fault.access_denied())

    aborted_at(engine, "ValidateDataset")

    assert ("result.json" in keys(engine)) is reported


def test_an_input_made_to_confuse_the_report_does_not(engine: LocalEngine) -> None:
    aborted_at(engine, "CaptureInput", {"state": 1, "run": {"dataset": "x"}, "failure": "none", "batch": []})

    assert result(engine, "run-1")["failure"]["state"] == "CaptureInput"
    assert_guard_works(engine)


def test_an_execution_that_timed_out_is_cleaned_up_and_reported(engine: LocalEngine) -> None:
    arn = engine.start_execution("run-1", QUICK)
    engine.time_out(arn, engine.clock.now() + timedelta(hours=1))
    list(engine.follow(arn))

    assert engine.describe(arn)["status"] == "TIMED_OUT"
    engine.let_time_pass(FIVE_MINUTES)
    assert job_status() in (JobStatus.STOPPING, JobStatus.STOPPED)
    assert "time limit" in result(engine, "run-1")["failure"]["message"]
    assert_guard_works(engine)


def test_a_deletion_that_fails_is_made_up_for_and_the_report_corrected(engine: LocalEngine) -> None:
    # given a Bedrock that throttles the guard's first deletion
    engine.bedrock.faults.inject("DeleteProvisionedModelThroughput", Fault.throttle(times=1))
    aborted_at(engine, "WaitForProvisionedThroughput")
    [purchase] = engine.bedrock.ledger.alive(engine.clock.now())
    assert "MAY STILL BE ALIVE" in result(engine, "run-1")["warnings"][0]

    # when the next looks come
    engine.let_time_pass(3 * FIVE_MINUTES)

    assert purchase.deleted_at is not None
    assert purchase.deleted_at - purchase.created_at <= 2 * FIVE_MINUTES
    document = result(engine, "run-1")
    assert not [warning for warning in document["warnings"] if "ALIVE" in warning]
    assert 0 < document["cost"]["throughputSeconds"] <= 600


def test_a_throughput_past_its_deadline_goes_although_its_execution_runs(engine: LocalEngine) -> None:
    engine.bedrock.settings.throughput_creation = timedelta(minutes=70)
    execution = engine.run("run-1", {**QUICK, "deadlineMinutes": 30})

    assert execution.status == "FAILED"
    [purchase] = engine.bedrock.ledger.purchases
    assert purchase.deleted_at is not None
    assert purchase.deleted_at - purchase.created_at <= timedelta(minutes=35)
    assert result(engine, "run-1")["verdict"] == "failed"


def test_what_belongs_to_nobody_here_stays(engine: LocalEngine) -> None:
    model = engine.run("run-1", {**QUICK, "minimumHeadroom": 1})
    assert model.status == "SUCCEEDED"
    bedrock = boto3.client("bedrock")
    [custom_model] = bedrock.list_custom_models()["modelSummaries"]
    bedrock.create_provisioned_model_throughput(
        provisionedModelName="claude-3-haiku-ft-pt-run-1", modelId=custom_model["modelArn"], modelUnits=1
    )

    engine.let_time_pass(timedelta(hours=11))

    assert len(engine.bedrock.ledger.alive(engine.clock.now())) == 1
    assert_guard_works(engine)


def test_a_run_that_succeeds_gives_the_guard_nothing_to_do(engine: LocalEngine) -> None:
    assert engine.run("run-1", QUICK).status == "SUCCEEDED"

    before = result(engine, "run-1")
    engine.let_time_pass(3 * FIVE_MINUTES)
    assert result(engine, "run-1") == before
    assert keys(engine, "reaped/") == []
    assert called(engine).count("DeleteProvisionedModelThroughput") == 1
    assert_guard_works(engine)


def test_a_failed_run_keeps_the_report_that_it_wrote_itself(engine: LocalEngine) -> None:
    engine.bedrock.faults.inject("GetModelCustomizationJob", Fault.answer(status="Failed", times=None))
    engine.run("run-1", QUICK)

    before = result(engine, "run-1")
    engine.let_time_pass(FIVE_MINUTES)
    assert result(engine, "run-1") == before
    assert before["failure"]["error"] == "CustomizationJobError"
    assert_guard_works(engine)
