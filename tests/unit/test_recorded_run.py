"""The numbers of a real run (recorded_run/README.md), through the tasks that would have read them, to the page."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import read_training_metrics
import score_answers
import write_report
from botocore.exceptions import ClientError
from finetuning.base_models import base_model
from finetuning.cost import usage
from finetuning.run_config import configure
from finetuning.run_store import REPORT, RESULT, RunStore, answers_key, dataset_key
from finetuning.training_metrics import metrics_keys
from report_pages import Page

RECORDED = Path("tests/unit/recorded_run")
SCORES: dict[str, list[int]] = json.loads((RECORDED / "scores.json").read_text(encoding="utf-8"))
JOB = "arn:aws:bedrock:us-west-2:123456789012:model-customization-job/recorded"
NOT_RECORDED = {"askedAt": "2026-02-01T09:00:00+00:00", "inputTokens": 0, "outputTokens": 0, "latencyMs": 0}

Invoke = Callable[..., Mapping[str, Any]]


@dataclass
class RecordedJudge:
    """Knows an answer by its text, and the score that was recorded of it. Nobody recorded embeddings."""

    error: Callable[..., ClientError]

    def converse(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        asked = request["messages"][0]["content"][0]["text"]
        [score] = [
            score for model, scores in SCORES.items() for n, score in enumerate(scores) if answer_of(model, n) in asked
        ]
        grade = {"score": score, "contradictions": 0, "reason": "(not recorded)"}
        content = [{"toolUse": {"toolUseId": "1", "name": "record_score", "input": grade}}]
        return {"output": {"message": {"content": content}}, "usage": {"inputTokens": 0, "outputTokens": 0}}

    def invoke_model(self, **_: object) -> None:
        raise self.error("bedrock-runtime", "AccessDeniedException")


def answer_of(model: str, index: int) -> str:
    return f"(the {model} model's answer {index}, not recorded)"


@pytest.fixture(params=["en", "ja"])
def recorded(
    request: pytest.FixtureRequest, store: RunStore, invoke: Invoke, aws_error: Callable[..., ClientError]
) -> tuple[dict[str, Any], Page]:
    """result.json and the page of that run, in either language."""
    question = {"question": "(not recorded)", "referenceAnswer": "(not recorded)", "topic": "(not recorded)"}
    store.write_text(dataset_key("evaluation"), 4 * f"{json.dumps(question)}\n", "application/jsonl")
    for model, scores in SCORES.items():
        answers = [
            {"index": n, "answer": answer_of(model, n), "stopReason": "end_turn", **NOT_RECORDED}
            for n in range(len(scores))
        ]
        store.write_json(answers_key("base" if model == "base" else "custom", 0), {"answers": answers})
    for key in metrics_keys(JOB).values():
        store.write_text(f"job/{key}", (RECORDED / Path(key).name).read_text(), "text/csv")

    given = {"hyperParameters": {"epochCount": 10, "batchSize": 32}, "language": request.param}
    files = {
        "training": "s3://data/training",
        "validation": "s3://data/validation",
        "evaluation": "s3://data/evaluation",
    }
    run = configure(given, base_model("claude-3-haiku"), {"bedrock-faq": files}, "data", "2026-02-01T09:00:00+00:00")
    records = {"training": 85, "validation": 32, "evaluation": 4}
    state: dict[str, Any] = {
        "input": given,
        "run": run.to_json(),
        "dataset": {
            **{file: {"uri": files[file], "sha256": "", "records": n, "tokens": 0} for file, n in records.items()},
            "batches": [{"index": 0, "first": 0, "count": 4}],
            "trained": False,
            "customModelAnswered": False,
            "warnings": [],
        },
        # That run's judge was not calibrated.
        "calibration": {"spent": usage([], [], since=run.started_at)},
        "job": {
            "arn": JOB,
            "status": "Completed",
            "outputUri": store.uri("job/"),
            "createdAt": NOT_RECORDED["askedAt"],
        },
    }
    judge = RecordedJudge(aws_error)
    state["baseScores"] = invoke(score_answers.handler, state, {"model": "base"}, bedrock_runtime=judge)
    state["training"] = invoke(read_training_metrics.handler, state)
    state["customScores"] = invoke(score_answers.handler, state, {"model": "custom"}, bedrock_runtime=judge)
    invoke(write_report.handler, state)
    page = store.find_bytes(REPORT)
    assert page is not None
    return store.read_json(RESULT), Page(page.decode())


Recorded = tuple[dict[str, Any], Page]


def test_it_had_headroom(recorded: Recorded) -> None:
    result, _ = recorded
    assert result["baseScores"]["correctness"]["mean"] == 2.5
    assert result["headroom"]["questionsWithHeadroom"] == [0, 1, 2, 3]


def test_it_learned_best_at_epoch_6_and_stopped_early_after_7(recorded: Recorded) -> None:
    result, page = recorded
    training = result["training"]
    assert (training["steps"], training["epochs"], training["epochsAsked"]) == (21, 7, 10)
    assert training["bestEpoch"] == 6
    assert training["stoppedEarly"] is True
    assert training["learned"] is True
    assert [finding["code"] for finding in training["findings"]] == ["saturated"]
    assert training["diagnosis"] in page.text


def test_it_gained_four_and_a_half_points_and_four_questions_are_too_few_for_a_verdict(recorded: Recorded) -> None:
    result, page = recorded
    correctness = result["scores"]["correctness"]
    assert (correctness["base"], correctness["custom"], correctness["difference"]) == (2.5, 7.0, 4.5)
    assert correctness["n"] == 4
    # No mean of four of these differences is outside 2 to 6; with so few the smallest p-value there can be is 2/16.
    low, high = correctness["ci95"]
    assert 2 <= low < 4.5 < high <= 6
    assert correctness["pValue"] == 0.125

    assert result["verdict"] == "inconclusive"
    few = [text for text in result["warnings"] if "4" in text and "8" in text]
    assert len(few) == 1
    assert few[0] in page.text
    assert result["headline"] in page.text
    assert "+4.50" in page.text
