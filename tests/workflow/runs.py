"""Looking at what a run left behind, for the tests of whole executions."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetuning.calibration import KINDS, QUESTIONS

from local.engine.engine import Execution, LocalEngine

# Claude 3 Haiku was active then.
START = datetime(2026, 2, 2, 9, tzinfo=UTC)
# How often the judge is asked before anything else.
CALIBRATION = len(KINDS) * QUESTIONS
EVALUATION_RECORDS = len(Path("datasets/bedrock-faq/evaluation.jsonl").read_text().splitlines())
# Enough to learn something, in half a second.
QUICK: Mapping[str, Any] = {"hyperParameters": {"epochCount": 2, "learningRateMultiplier": 2}}


def result(engine: LocalEngine, run: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(read(engine, f"runs/{run}/result.json"))
    return document


def read(engine: LocalEngine, key: str) -> bytes:
    return engine.s3.get_object(Bucket=engine.outputs["ResultsBucketName"], Key=key)["Body"].read()


def upload(engine: LocalEngine, name: str, card: bytes | None = None, **files: bytes) -> None:
    """A dataset in the data bucket: the shipped one, with some files replaced, and perhaps a card."""
    for file in ("training", "validation", "evaluation"):
        body = files.get(file) or Path(f"datasets/bedrock-faq/{file}.jsonl").read_bytes()
        key = f"datasets/{name}/{file}.jsonl"
        engine.s3.put_object(Bucket=engine.outputs["DataBucketName"], Key=key, Body=body)
    if card is not None:
        engine.s3.put_object(Bucket=engine.outputs["DataBucketName"], Key=f"datasets/{name}/card.json", Body=card)


def called(engine: LocalEngine) -> list[str]:
    return [call.operation for call in engine.bedrock.ledger.calls]


def converse_models(engine: LocalEngine) -> list[str]:
    return [call.parameters["modelId"] for call in engine.bedrock.ledger.calls_of("Converse")]


def message(execution: Execution) -> str:
    """What a failed execution says."""
    assert execution.cause is not None
    return execution.cause


def assert_nothing_bought(engine: LocalEngine) -> None:
    assert "CreateProvisionedModelThroughput" not in called(engine)
    assert "CreateModelCustomizationJob" not in called(engine)


def assert_failed_and_clean(engine: LocalEngine, execution: Execution, run: str) -> dict[str, Any]:
    """The execution failed, no throughput is alive, and there is a report that says so."""
    assert execution.status == "FAILED"
    assert execution.entered[-1] == "ExperimentFailed"
    assert engine.bedrock.ledger.alive(engine.clock.now()) == []
    document = result(engine, run)
    assert document["status"] == "FAILED"
    failure = document["failure"]
    assert message(execution).startswith(f"{failure['state']} failed: {failure['message']}")
    assert f"What to do: {failure['whatToDo']}" in message(execution)
    assert b"<h1" in read(engine, f"runs/{run}/report.html")
    return document
