"""result.json: everything a run found out, put together from the execution's state and the run's objects.

Built at the end of every run, also of one that failed anywhere: what is not there yet is left empty.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from finetuning.answers import answering_seconds
from finetuning.base_models import BaseModel
from finetuning.cost import Cost, bill, is_own_job, is_since, trained_tokens, usage, with_throughput
from finetuning.languages import language_of
from finetuning.measurement import Measurement
from finetuning.next_steps import next_steps
from finetuning.rubric import RUBRIC
from finetuning.run_config import RunConfig
from finetuning.run_store import CALIBRATION, TRAINING, AnsweringModel, RunStore, answers_key, dataset_key, scores_key
from finetuning.texts import DEFAULT_LANGUAGE, Texts, texts
from finetuning.tokens import estimate_tokens
from finetuning.verdict import failure_message, rule
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
    def calibration(self) -> Mapping[str, Any] | None:
        """None before the judge was calibrated."""
        return self.store.find_json(CALIBRATION)

    @cached_property
    def measurement(self) -> Measurement:
        pattern = self.state.get("dataset", {}).get("pattern")
        return Measurement(self.scores, self.calibration, pattern, self.run)

    @property
    def say(self) -> Texts:
        """What is said to people, in the run's language."""
        return texts(self.run.language if self.run else DEFAULT_LANGUAGE)

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

    @cached_property
    def answering_seconds(self) -> float:
        """The part of throughput_seconds in which it answered questions."""
        since = self.throughput_created_at
        if since is None:
            return 0.0
        # An earlier run's answers came from another throughput.
        return answering_seconds(each for each in self.answers["custom"].values() if is_since(each["askedAt"], since))

    @property
    def resume(self) -> Mapping[str, Any] | None:
        """The input of a run that goes on from this one; None where nothing has been paid for yet."""
        return {"resumeFrom": self.run_id} if self.answers["base"] else None

    @property
    def throughput_alive(self) -> bool:
        """Also where nobody knows: a create may have had no answer, and then the deletion failed."""
        unknown = "baseScores" in self.state and "cleanupFailure" in self.state
        return (self.throughput_created_at is not None or unknown) and not self.throughput_gone

    @property
    def job_without_metrics(self) -> bool:
        """What such a job's training cost is not known."""
        if self.run is None or "job" not in self.state or "training" in self.state:
            return False
        return is_own_job(self.state, self.run)


_MODELS: tuple[AnsweringModel, ...] = ("base", "custom")


def build(ending: Ending) -> dict[str, Any]:
    """The document of result.json."""
    ending = replace(ending, state=_usable(ending.state))
    state = ending.state
    training = ending.store.find_json(TRAINING) if "training" in state else None
    ruling = rule(state, ending.measurement.scores, ending.say)
    questions = _questions(ending)
    measured = ending.measurement.parts(ruling.verdict, ending.say)
    return {
        "runId": ending.run_id,
        "executionArn": ending.execution_arn,
        "status": "FAILED" if "failure" in state else "SUCCEEDED",
        "baseModel": ending.model.key,
        "language": ending.say.language,
        "verdict": ruling.verdict,
        "headline": ruling.headline,
        **measured,
        "training": training,
        "cost": _cost(ending),
        "questions": questions,
        "nextSteps": [
            _ready_to_paste(step, ending.run)
            for step in next_steps(
                ruling.verdict,
                ending.model,
                ending.run,
                training,
                questions,
                _too_much_usd(ending),
                ending.resume,
                measured["unanswered"].get("custom", 0),
            )
        ],
        "warnings": _warnings(ending),
        "failure": _failure(ending),
        "timeline": _timeline(ending),
        "provenance": _provenance(ending),
    }


def _usable(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the parts that a broken answer of a function left: a report is written all the same."""
    return {name: part for name, part in state.items() if isinstance(part, Mapping) or name == "input"}


def _ready_to_paste(step: Mapping[str, Any], run: RunConfig | None) -> Mapping[str, Any]:
    """The step with its input completed by this run's own: only what the step is about changes."""
    if step["input"] is None or run is None or "resumeFrom" in step["input"]:
        return step
    completed = {**run.given, **step["input"]}
    if "hyperParameters" in step["input"]:
        completed["hyperParameters"] = {**run.given.get("hyperParameters", {}), **step["input"]["hyperParameters"]}
    return {**step, "input": completed}


def _too_much_usd(ending: Ending) -> float | None:
    """What the run would cost, as was known when its budget was last looked at."""
    if ending.run is None or "baseScores" not in ending.state:
        estimated_usd: float | None = ending.state.get("cost", {}).get("estimatedUsd")
        return estimated_usd
    _, total = with_throughput(ending.state, ending.run, ending.model, estimate_tokens(RUBRIC))
    return total.usd


def _questions(ending: Ending) -> list[dict[str, Any]]:
    if "dataset" not in ending.state:
        return []

    def side(model: AnsweringModel, index: int) -> dict[str, Any] | None:
        answer = ending.answers[model].get(index)
        return {"answer": answer["answer"], **ending.measurement.of_answer(model, index)} if answer else None

    questions = []
    for index, record in enumerate(ending.store.read_jsonl(dataset_key("evaluation"))):
        base, custom = side("base", index), side("custom", index)
        pair = [answered["correctness"] for answered in (base, custom) if answered]
        difference = pair[1] - pair[0] if len(pair) == 2 and None not in pair else None
        asked = {"index": index, **record, "language": language_of(record["question"])}
        questions.append({**asked, "base": base, "custom": custom, "difference": difference})
    return questions


def _cost(ending: Ending) -> dict[str, Any] | None:
    """None where the execution input was refused: there is nothing to pay, and no prices were chosen."""
    if ending.run is None:
        return None
    cost = _actual_cost(ending, ending.run)
    seconds, answering = ending.throughput_seconds, ending.answering_seconds
    return {
        "estimatedUsd": ending.state.get("cost", {}).get("estimatedUsd"),
        "actualUsd": round(cost.usd, 2),
        "isLowerBound": bool(cost.unknown) or ending.job_without_metrics or ending.throughput_alive,
        "unknownPrices": sorted({*cost.unknown, *ending.state.get("cost", {}).get("unknownPrices", [])}),
        "throughputSeconds": seconds,
        "answeringSeconds": answering,
        "answeringShare": answering / seconds if seconds else None,
        "maxSpendUsd": ending.run.max_spend_usd,
        "items": [item.to_json() for item in cost.items],
    }


def _actual_cost(ending: Ending, run: RunConfig) -> Cost:
    """From what was really used; a job that did not complete is not in it (see _warnings)."""
    judged = [question for document in ending.scores.values() for question in document["questions"]]
    judged += ending.calibration["cases"] if ending.calibration else []
    quantities = {
        "trainingPer1kTokens": trained_tokens(ending.state, run) / 1000,
        "throughputPerHour": ending.throughput_seconds / 3600,
        **usage(ending.answers["base"].values(), judged, since=run.started_at),
    }
    return bill(quantities, run, ending.model)


def _warnings(ending: Ending) -> list[str]:
    state = ending.state
    warnings = [*state.get("prerequisites", {}).get("warnings", []), *state.get("dataset", {}).get("warnings", [])]
    warnings += ending.measurement.warnings(ending.say)
    cut = sum(
        answer["stopReason"] == "max_tokens" for answers in ending.answers.values() for answer in answers.values()
    )
    if cut:
        warnings.append(ending.say("verdict.cutOff", count=cut))
    if ending.job_without_metrics:
        warnings.append(ending.say("verdict.jobWithoutMetrics"))
    if ending.throughput_alive:
        warnings.insert(0, ending.say("verdict.throughputAlive"))
    return warnings


def _failure(ending: Ending) -> dict[str, Any] | None:
    failure = ending.state.get("failure")
    if failure is None:
        return None
    error, go_on = failure["Error"], "start a new execution"
    if ending.resume is not None:
        go_on += f" with the input {json.dumps(ending.resume)}: what this run has made and paid for is used again"
    if error == "OverBudget":
        failed_at, what_to_do = "EstimateCost", _cheaper(ending)
    else:
        failed_at, what_to_do = _failed_at(ending), f"Mend what the message names, then {go_on}."
    if error == "OverBudgetError":
        what_to_do = f"To spend more, {go_on}; raise maxSpendUsd in it."
    elif error in ("TransientError", "States.Timeout", "Sandbox.Timedout"):
        what_to_do = f"AWS did not answer as it should, several times. Later, {go_on}."
    return {"state": failed_at, "error": error, "message": failure_message(failure), "whatToDo": what_to_do}


def _cheaper(ending: Ending) -> str:
    """Where the money would have gone, since that is where a change helps."""
    items = ending.state.get("cost", {}).get("items", [])
    dearest = max(items, key=lambda item: item["usd"] or 0, default=None)
    most = f" Most of the estimate is {dearest['item']}: ${dearest['usd']:,.2f}." if dearest and dearest["usd"] else ""
    return f"Raise maxSpendUsd in the execution input.{most}"


def _failed_at(ending: Ending) -> str:
    """The first state that has left nothing behind."""
    state = ending.state
    given = ending.run is not None and ending.run.custom_model_arn is not None
    # A run that has seen enough goes on to its report at once.
    headroom, learned = state.get("baseScores", {}).get("hasHeadroom"), state.get("training", {}).get("learned")
    enough = headroom is False or learned is False
    # Neither does one whose earlier run had every answer already buy a throughput.
    answered = enough or state.get("dataset", {}).get("customModelAnswered") is True
    done = {
        "ConfigureRun": "run" in state,
        "CheckPrerequisites": "prerequisites" in state,
        "ValidateDataset": "dataset" in state,
        "EstimateCost": "cost" in state,
        "CalibrateJudge": "calibration" in state,
        "GenerateAnswers (base)": "baseAnswers" in state,
        "ScoreAnswers (base)": "baseScores" in state,
        "StartCustomizationJob": enough or given or "job" in state,
        "GetCustomizationJob": enough or given or state.get("job", {}).get("status") == "Completed",
        "ReadTrainingMetrics": enough or given or "training" in state,
        "CreateProvisionedThroughput": answered or "throughput" in state,
        "GetProvisionedThroughput": answered or state.get("throughput", {}).get("status") == "InService",
        "GenerateAnswers (custom)": answered or "customAnswers" in state,
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
        (deletion.get("since") if ending.throughput_created_at else None, "throughput deletion asked for"),
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
        "earlierRuns": list(run.earlier_runs) if run else [],
    }
