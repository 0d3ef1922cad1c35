"""The whole execution with input {}: what it does, in which order, and what it leaves behind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from runs import EVALUATION_RECORDS, START, read, result

from local.engine.engine import Execution, LocalEngine

Done = tuple[LocalEngine, Execution, dict[str, Any]]


@pytest.fixture(scope="module")
def done(assembly: Path) -> Iterator[Done]:
    """The engine, the execution with input {}, and its result.json."""
    with LocalEngine(assembly, START) as engine:
        engine.deploy()
        execution = engine.run("run-1", {})
        yield engine, execution, result(engine, "run-1")


def test_the_default_input_ends_improved(done: Done) -> None:
    _, execution, document = done
    assert (execution.status, document["verdict"]) == ("SUCCEEDED", "improved")
    correctness = document["scores"]["correctness"]
    assert correctness["n"] == EVALUATION_RECORDS
    assert correctness["ci95"][0] > 0
    assert correctness["custom"] - correctness["base"] == pytest.approx(correctness["difference"])
    assert document["provenance"]["environment"] == "local"
    assert document["provenance"]["hyperParameters"]["epochCount"] == "10"


def test_the_states_come_in_the_order_of_the_design(done: Done) -> None:
    _, execution, _ = done
    seen = list(dict.fromkeys(name for name in execution.entered if not name.startswith("Wait") and "?" not in name))
    assert seen == [
        "CaptureInput",
        "ConfigureRun",
        "CheckPrerequisites",
        "ValidateDataset",
        "EstimateCost",
        "CalibrateJudge",
        "AskBaseModel",
        "GenerateAnswers (base)",
        "ScoreAnswers (base)",
        "StartCustomizationJob",
        "GetCustomizationJob",
        "ReadTrainingMetrics",
        "CreateProvisionedThroughput",
        "GetProvisionedThroughput",
        "AskCustomModel",
        "GenerateAnswers (custom)",
        "DeleteProvisionedThroughput",
        "ScoreAnswers (custom)",
        "WriteReport",
        "Notify",
        "ExperimentEnded",
    ]


def test_the_throughput_lives_only_while_the_custom_model_answers(
    done: tuple[LocalEngine, Execution, dict[str, Any]],
) -> None:
    engine, _, document = done
    [purchase] = engine.bedrock.ledger.purchases
    assert purchase.deleted_at is not None
    during = [
        call
        for call in engine.bedrock.ledger.calls_of("Converse")
        if purchase.created_at <= call.at <= purchase.deleted_at
    ]
    assert {call.parameters["modelId"] for call in during} == {purchase.arn}
    assert len(during) == EVALUATION_RECORDS
    # Confirmed gone one poll after it was deleted.
    lived = (purchase.deleted_at - purchase.created_at).total_seconds()
    assert lived <= document["cost"]["throughputSeconds"] <= lived + 30


def test_the_bill_has_what_was_used_and_names_what_has_no_price(
    done: tuple[LocalEngine, Execution, dict[str, Any]],
) -> None:
    _, _, document = done
    items = {item["item"]: item for item in document["cost"]["items"]}
    hours = document["cost"]["throughputSeconds"] / 3600
    assert items["throughputPerHour"]["usd"] == pytest.approx(hours * 132)
    assert items["trainingPer1kTokens"]["usd"] is None
    assert "trainingPer1kTokens" in document["cost"]["unknownPrices"]
    assert document["cost"]["isLowerBound"] is True
    known = sum(item["usd"] or 0 for item in items.values())
    assert document["cost"]["actualUsd"] == pytest.approx(known, abs=0.01)


def test_the_run_keeps_its_own_copy_of_the_dataset(done: Done) -> None:
    engine, _, document = done
    for file in ("training", "validation", "evaluation"):
        shipped = Path(f"datasets/bedrock-faq/{file}.jsonl").read_bytes()
        assert read(engine, f"runs/run-1/dataset/{file}.jsonl") == shipped
        assert document["provenance"]["dataset"][file]["records"] == len(shipped.splitlines())


def test_what_was_created_carries_its_owner(done: Done) -> None:
    engine, execution, _ = done
    [throughput] = engine.bedrock.ledger.calls_of("CreateProvisionedModelThroughput")
    [job] = engine.bedrock.ledger.calls_of("CreateModelCustomizationJob")
    for tags in (throughput.parameters["tags"], job.parameters["jobTags"], job.parameters["customModelTags"]):
        assert {tag["key"]: tag["value"] for tag in tags}["bedrock-ft:execution-arn"] == execution.arn
    assert throughput.parameters["modelUnits"] == 1
    assert "commitmentDuration" not in throughput.parameters
    assert job.parameters["jobName"] == "claude-3-haiku-ft-job-run-1"
    assert job.parameters["customModelName"] == "claude-3-haiku-ft-model-run-1"
    assert job.parameters["roleArn"].endswith(":role/claude-3-haiku-ft-role")


def test_a_custom_model_that_exists_is_evaluated_without_training(
    done: tuple[LocalEngine, Execution, dict[str, Any]],
) -> None:
    engine, _, first = done
    arn = first["provenance"]["customModelArn"]
    execution = engine.run("run-2", {"customModelArn": arn})
    document = result(engine, "run-2")
    assert execution.status == "SUCCEEDED"
    assert "StartCustomizationJob" not in execution.entered
    assert document["training"] is None
    assert document["verdict"] == "improved"
    # Same model, same questions, same seed: the same scores.
    assert document["scores"] == first["scores"]
    assert engine.bedrock.ledger.alive(engine.clock.now()) == []
