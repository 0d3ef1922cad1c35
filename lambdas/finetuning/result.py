"""result.json: everything a run found out, put together from the execution's state and the run's objects.

Built at the end of every run, also of one that failed anywhere: what is not there yet is left empty.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from finetuning.base_models import BaseModel
from finetuning.cost import Cost, bill
from finetuning.next_steps import next_steps
from finetuning.run_config import RunConfig
from finetuning.run_store import TRAINING, AnsweringModel, RunStore, answers_key, dataset_key, scores_key
from finetuning.verdict import Ruling, Verdict, rule
from finetuning.version import code_version


@dataclass(frozen=True)
class Ending:
    """What a report is made from."""

    run_id: str
    execution_arn: str
    state: Mapping[str, Any]
    store: RunStore
    model: BaseModel
    environment: str
    now: datetime

    @cached_property
    def run(self) -> RunConfig | None:
        """None where the execution input was refused."""
        return RunConfig.from_json(self.state["run"]) if "run" in self.state else None

    @property
    def custom_model_arn(self) -> str | None:
        """The model that was trained or given; None before there is one."""
        trained: str | None = self.state.get("job", {}).get("customModelArn")
        return trained or (self.run.custom_model_arn if self.run else None)

    @cached_property
    def scores(self) -> Mapping[AnsweringModel, Mapping[str, Any]]:
        found = {model: self.store.find_json(scores_key(model)) for model in _MODELS}
        return {model: document for model, document in found.items() if document is not None}

    @cached_property
    def answers(self) -> Mapping[AnsweringModel, Mapping[int, Mapping[str, Any]]]:
        """Every answer that was given, by model and question."""
        batches = self.state.get("dataset", {}).get("batches", [])
        documents = {
            model: [self.store.find_json(answers_key(model, batch["index"])) for batch in batches] for model in _MODELS
        }
        return {
            model: {answer["index"]: answer for document in found if document for answer in document["answers"]}
            for model, found in documents.items()
        }

    @cached_property
    def comparison(self) -> Mapping[str, Any]:
        comparison: Mapping[str, Any] = self.scores.get("custom", {}).get("comparison", {})
        return comparison

    @property
    def throughput_created_at(self) -> str | None:
        """None where no throughput is known to have been."""
        deletion, throughput = self.state.get("deletion", {}), self.state.get("throughput", {})
        created_at: str | None = deletion.get("createdAt") or throughput.get("createdAt")
        return created_at

    @property
    def throughput_gone(self) -> bool:
        return bool(self.state.get("deletion", {}).get("gone"))

    @cached_property
    def throughput_seconds(self) -> float:
        """From creation until it was confirmed gone, or until now where it is not."""
        if self.throughput_created_at is None:
            return 0.0
        ended = datetime.fromisoformat(self.state["deletion"]["at"]) if self.throughput_gone else self.now
        return (ended - datetime.fromisoformat(self.throughput_created_at)).total_seconds()

    @property
    def throughput_alive(self) -> bool:
        """Also where nobody knows: a create may have had no answer, and then the deletion failed."""
        unknown = "baseScores" in self.state and "cleanupFailure" in self.state
        return (self.throughput_created_at is not None or unknown) and not self.throughput_gone

    @property
    def job_without_metrics(self) -> bool:
        """What such a job's training cost is not known."""
        return "job" in self.state and "training" not in self.state


_MODELS: tuple[AnsweringModel, ...] = ("base", "custom")


def build(ending: Ending) -> dict[str, Any]:
    """The document of result.json."""
    state = ending.state
    ruling = rule(state, ending.comparison)
    questions = _questions(ending)
    training = ending.store.find_json(TRAINING) if "training" in state else None
    estimated_usd = state.get("cost", {}).get("estimatedUsd")
    return {
        "runId": ending.run_id,
        "executionArn": ending.execution_arn,
        "status": "FAILED" if "failure" in state else "SUCCEEDED",
        "baseModel": ending.model.key,
        "verdict": ruling.verdict,
        "headline": ruling.headline,
        "scores": ending.comparison,
        "unscored": {model: document["unscored"] for model, document in ending.scores.items()},
        "training": training,
        "cost": _cost(ending, estimated_usd),
        "questions": questions,
        "nextSteps": [
            _ready_to_paste(step, state.get("input", {}))
            for step in next_steps(
                ruling.verdict, ending.model, ending.run, training, questions, estimated_usd, ending.custom_model_arn
            )
        ],
        "warnings": _warnings(ending),
        "failure": _failure(ending, ruling),
        "timeline": _timeline(ending),
        "provenance": _provenance(ending),
    }


def _ready_to_paste(step: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The step with its input completed by this run's own: only what the step is about changes."""
    if step["input"] is None:
        return step
    completed = {**given, **step["input"]}
    if "hyperParameters" in step["input"]:
        completed["hyperParameters"] = {**given.get("hyperParameters", {}), **step["input"]["hyperParameters"]}
    return {**step, "input": completed}


def _questions(ending: Ending) -> list[dict[str, Any]]:
    if "dataset" not in ending.state:
        return []
    scores = {
        model: {question["index"]: question for question in document["questions"]}
        for model, document in ending.scores.items()
    }

    def side(model: AnsweringModel, index: int) -> dict[str, Any] | None:
        answer = ending.answers[model].get(index)
        if answer is None:
            return None
        score = scores.get(model, {}).get(index, {})
        return {"answer": answer["answer"], **{key: score.get(key) for key in ("correctness", "reason", "chrf")}}

    questions = []
    for index, record in enumerate(ending.store.read_jsonl(dataset_key("evaluation"))):
        base, custom = side("base", index), side("custom", index)
        pair = [answered["correctness"] for answered in (base, custom) if answered]
        difference = pair[1] - pair[0] if len(pair) == 2 and None not in pair else None
        questions.append({"index": index, **record, "base": base, "custom": custom, "difference": difference})
    return questions


def _cost(ending: Ending, estimated_usd: float | None) -> dict[str, Any] | None:
    """None where the execution input was refused: there is nothing to pay, and no prices were chosen."""
    if ending.run is None:
        return None
    cost = _actual_cost(ending, ending.run)
    return {
        "estimatedUsd": estimated_usd,
        "actualUsd": round(cost.usd, 2),
        "isLowerBound": bool(cost.unknown) or ending.job_without_metrics or ending.throughput_alive,
        "unknownPrices": sorted({*cost.unknown, *ending.state.get("cost", {}).get("unknownPrices", [])}),
        "throughputSeconds": ending.throughput_seconds,
        "maxSpendUsd": ending.run.max_spend_usd,
        "items": [item.to_json() for item in cost.items],
    }


def _actual_cost(ending: Ending, run: RunConfig) -> Cost:
    """From what was really used; a job that did not complete is not in it (see _warnings)."""
    state = ending.state
    trained = state["dataset"]["training"]["tokens"] * state["training"]["epochs"] if "training" in state else 0
    base = ending.answers["base"].values()
    judged = [question for document in ending.scores.values() for question in document["questions"]]
    return bill(
        {
            "trainingPer1kTokens": trained / 1000,
            "throughputPerHour": ending.throughput_seconds / 3600,
            "inputPer1kTokens": sum(answer["inputTokens"] for answer in base) / 1000,
            "outputPer1kTokens": sum(answer["outputTokens"] for answer in base) / 1000,
            "judgeInputPer1kTokens": sum(question["judgeInputTokens"] for question in judged) / 1000,
            "judgeOutputPer1kTokens": sum(question["judgeOutputTokens"] for question in judged) / 1000,
        },
        run,
        ending.model,
    )


def _warnings(ending: Ending) -> list[str]:
    state = ending.state
    warnings = [*state.get("prerequisites", {}).get("warnings", []), *state.get("dataset", {}).get("warnings", [])]
    for model, document in ending.scores.items():
        if document["unscored"]:
            warnings.append(f"{document['unscored']} answers of the {model} model have no score; they are in no mean.")
    cut = sum(
        answer["stopReason"] == "max_tokens" for answers in ending.answers.values() for answer in answers.values()
    )
    if cut:
        warnings.append(f"{cut} answers were cut off at answers.maxTokens.")
    if ending.job_without_metrics:
        warnings.append("A customization job was started and gave no metrics; what its training costs is not included.")
    if ending.throughput_alive:
        warnings.insert(
            0,
            "THE PROVISIONED THROUGHPUT MAY STILL BE ALIVE, AND COSTS BY THE HOUR: delete it in the Bedrock console.",
        )
    return warnings


def _failure(ending: Ending, ruling: Ruling) -> dict[str, Any] | None:
    failure = ending.state.get("failure")
    if failure is None:
        return None
    # Step Functions gives a timeout no cause.
    error, message = failure["Error"], failure.get("Cause", "")
    try:
        # A handler's error arrives as Lambda's JSON; anything else is the state machine's own text.
        message = json.loads(message)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        message = failure.get("Cause", "")
    failed_at = _failed_at(ending)
    if ruling.verdict is Verdict.OVER_BUDGET:
        failed_at, what_to_do = "EstimateCost", "Raise maxSpendUsd in the execution input, or use less data."
    elif error in ("TransientError", "States.Timeout", "Sandbox.Timedout"):
        what_to_do = "AWS did not answer as it should, several times. Start a new execution later."
    else:
        what_to_do = "Mend what the message names, then start a new execution."
    return {"state": failed_at, "error": error, "message": message, "whatToDo": what_to_do}


def _failed_at(ending: Ending) -> str:
    """The first state that has left nothing behind."""
    state = ending.state
    asked = state.get("dataset", {}).get("evaluation", {}).get("records")
    given = ending.run is not None and ending.run.custom_model_arn is not None
    # A run that has seen enough goes on to its report at once.
    headroom, learned = state.get("baseScores", {}).get("hasHeadroom"), state.get("training", {}).get("learned")
    enough = headroom is False or learned is False
    done = {
        "ConfigureRun": "run" in state,
        "CheckPrerequisites": "prerequisites" in state,
        "ValidateDataset": "dataset" in state,
        "EstimateCost": "cost" in state,
        "GenerateAnswers (base)": len(ending.answers["base"]) == asked,
        "ScoreAnswers (base)": "baseScores" in state,
        "StartCustomizationJob": enough or given or "job" in state,
        "GetCustomizationJob": enough or given or state.get("job", {}).get("status") == "Completed",
        "ReadTrainingMetrics": enough or given or "training" in state,
        "CreateProvisionedThroughput": enough or "throughput" in state,
        "GetProvisionedThroughput": enough or state.get("throughput", {}).get("status") == "InService",
        "GenerateAnswers (custom)": enough or len(ending.answers["custom"]) == asked,
        "DeleteProvisionedThroughput or ScoreAnswers (custom)": enough or "customScores" in state,
        "WriteReport": "report" in state,
    }
    return next((name for name, is_done in done.items() if not is_done), "Notify")


def _timeline(ending: Ending) -> list[dict[str, str]]:
    state = ending.state
    job, throughput, deletion = (state.get(key, {}) for key in ("job", "throughput", "deletion"))
    moments = [
        (ending.run.started_at if ending.run else None, "run started"),
        (job.get("createdAt"), "customization job created"),
        (job.get("endedAt"), "customization job completed"),
        (ending.throughput_created_at, "throughput created"),
        (throughput.get("inServiceAt"), "throughput in service"),
        (deletion["at"] if ending.throughput_gone and ending.throughput_created_at else None, "throughput gone"),
        (ending.now.isoformat(), "run ended"),
    ]
    return [{"at": at, "event": event} for at, event in moments if at]


def _provenance(ending: Ending) -> dict[str, Any]:
    run, dataset = ending.run, ending.state.get("dataset", {})
    return {
        "dataset": {
            "name": run.dataset.name if run else None,
            **{file: dataset.get(file) for file in ("training", "validation", "evaluation")},
        },
        "hyperParameters": run.hyper_parameters if run else None,
        "baseModelId": ending.model.customization_id,
        "customModelArn": ending.custom_model_arn,
        "judgeModel": run.judge_model if run else None,
        "systemPrompt": dataset.get("systemPrompt"),
        "codeVersion": code_version(),
        "environment": ending.environment,
        "startedAt": run.started_at if run else None,
        "endedAt": ending.now.isoformat(),
    }
