"""result.json: everything a run found out, put together from the execution's state and the run's objects.

Built at the end of every run, also of one that failed anywhere: what is not there yet is left empty.
"""

from collections.abc import Mapping
from typing import Any

from finetuning.cost import Cost, bill, is_own_job, is_since, served, trained_tokens, usage, with_host
from finetuning.coverage_findings import describe
from finetuning.ending import Ending
from finetuning.failure import describe_failure
from finetuning.languages import language_of
from finetuning.next_steps import next_steps
from finetuning.outcome import Outcome
from finetuning.report.completed import completed
from finetuning.rubric import RUBRIC
from finetuning.run_config import RunConfig
from finetuning.run_store import TRAINING, AnsweringModel, dataset_key
from finetuning.tokens import estimate_tokens
from finetuning.verdict import Verdict, rule
from finetuning.version import code_version


def build(ending: Ending) -> dict[str, Any]:
    """The document of result.json."""
    state = ending.state
    ruling = rule(state, ending.measurement.scores, ending.say)
    questions = _questions(ending)
    result = {
        "runId": ending.run_id,
        "executionArn": ending.execution_arn,
        "status": "FAILED" if "failure" in state else "SUCCEEDED",
        "baseModel": ending.model.key,
        "language": ending.say.language,
        "verdict": ruling.verdict,
        "headline": ruling.headline,
        **ending.measurement.parts(ruling.verdict, ending.say),
        "training": ending.store.find_json(TRAINING) if "training" in state else None,
        "coverage": describe(ending.coverage, questions, ending.say) if ending.coverage else None,
        "cost": _cost(ending),
        "hosting": ending.hosting,
        "customModel": ending.custom_model,
        "questions": questions,
        "warnings": _warnings(ending),
        "failure": describe_failure(ending),
        "timeline": _timeline(ending),
        "provenance": _provenance(ending),
    }
    result = completed(result)
    return {**result, "nextSteps": _next_steps(ending, ruling.verdict, result)}


def _next_steps(ending: Ending, verdict: Verdict, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """None at all where the execution input was refused."""
    if ending.run is None:
        return []
    return next_steps(
        Outcome(
            verdict=verdict,
            model=ending.model,
            run=ending.run,
            result=result,
            too_much_usd=_too_much_usd(ending, ending.run),
            resume=ending.resume,
            custom_model_arn=ending.custom_model_arn if ending.custom_model and ending.custom_model["kept"] else None,
            say=ending.say,
        )
    )


def _too_much_usd(ending: Ending, run: RunConfig) -> float | None:
    """What the run would cost, as was known when its budget was last looked at."""
    if "baseScores" not in ending.state:
        estimated_usd: float | None = ending.state.get("cost", {}).get("estimatedUsd")
        return estimated_usd
    _, total = with_host(ending.state, run, ending.model, estimate_tokens(RUBRIC))
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
        covered = ending.coverage["questions"][index] if ending.coverage else None
        asked = {"index": index, **record, "language": language_of(record["question"]), "coverage": covered}
        questions.append({**asked, "base": base, "custom": custom, "difference": difference})
    return questions


def _cost(ending: Ending) -> dict[str, Any] | None:
    """None where the execution input was refused: there is nothing to pay, and no prices were chosen."""
    if ending.run is None:
        return None
    cost = _actual_cost(ending, ending.run)
    seconds, answering = ending.hosted_seconds, ending.answering_seconds
    # Billed by the hour: nobody knows how many it will have been.
    running_on = ending.host_alive and ending.run.hosting == "provisionedThroughput"
    return {
        "estimatedUsd": ending.state.get("cost", {}).get("estimatedUsd"),
        "actualUsd": round(cost.usd, 2),
        "throughputAlive": running_on,
        "isLowerBound": bool(cost.unknown) or ending.job_without_metrics or running_on,
        "unknownPrices": sorted({*cost.unknown, *ending.state.get("cost", {}).get("unknownPrices", [])}),
        "throughputSeconds": ending.throughput_seconds,
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
        **served(ending.answers["custom"].values(), ending.hosted_seconds, run),
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
    if ending.run and not ending.run.keep_custom_model and "modelDeletionFailure" in state:
        warnings.append(ending.say("verdict.customModelNotDeleted", arn=ending.custom_model_arn))
    if ending.host_alive:
        on_demand = ending.run is not None and ending.run.hosting == "onDemand"
        warnings.insert(0, ending.say("verdict.deploymentAlive" if on_demand else "verdict.throughputAlive"))
    return warnings


def _timeline(ending: Ending) -> list[dict[str, str]]:
    state = ending.state
    job, service, deletion = (state.get(key, {}) for key in ("job", "service", "deletion"))
    host = "deployment" if ending.run and ending.run.hosting == "onDemand" else "throughput"
    if ending.run and job and not is_own_job(state, ending.run):
        job = {}
    gone_at, asked_at = ending.host_gone_at, deletion.get("since")
    if asked_at and gone_at and is_since(asked_at, gone_at):
        # The run asked when the guard had deleted it already.
        asked_at = None
    moments = [
        (ending.run.started_at if ending.run else None, "run started"),
        (job.get("createdAt"), "customization job created"),
        (job.get("endedAt"), "customization job completed"),
        (ending.host_created_at, f"{host} created"),
        (service.get("inServiceAt"), f"{host} in service"),
        (asked_at if ending.host_created_at else None, f"{host} deletion asked for"),
        (gone_at if ending.host_created_at else None, f"{host} gone"),
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
        "answers": {"maxTokens": run.answers.max_tokens, "temperature": run.answers.temperature} if run else None,
        "systemPrompt": dataset.get("systemPrompt"),
        "pattern": dataset.get("pattern"),
        "codeVersion": code_version(),
        "environment": ending.environment,
        "startedAt": run.started_at if run else None,
        "endedAt": ending.now.isoformat(),
        "earlierRuns": list(run.earlier_runs) if run else [],
    }
