"""What a sweep says at its end: which run was best, and all of them on one page."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetuning.report.comparison import Run, render_comparison
from finetuning.sweep.best import Results, best_runs, validation_loss
from finetuning.sweep.plan import Plan, PlannedRun
from finetuning.texts import DEFAULT_LANGUAGE, LANGUAGES, Language


def summary(sweep: str, plan: Plan, runs: Sequence[PlannedRun], results: Results) -> dict[str, Any]:
    """The document of sweep.json. runs: those of the plan, then those that went on from the best."""
    best = best_runs(plan.runs, results)
    found = [_summary_of(run, results.get(run.name)) for run in runs]
    spent = sum(run["actualUsd"] or 0.0 for run in found)
    return {
        "sweepId": sweep,
        "evaluate": plan.evaluate,
        "maxSpendUsd": plan.max_spend_usd,
        "actualUsd": round(spent, 2),
        "isLowerBound": any(_is_lower_bound(results.get(run.name)) for run in runs),
        "best": best,
        "runs": found,
        "warnings": list(_warnings(plan, runs, results, best)),
    }


def _is_lower_bound(result: Mapping[str, Any] | None) -> bool:
    """What it cost is at least what is known: of a run without a result nothing is."""
    return result is None or bool((result.get("cost") or {}).get("isLowerBound"))


def _summary_of(run: PlannedRun, result: Mapping[str, Any] | None) -> dict[str, Any]:
    result = result or {}
    return {
        "runId": run.name,
        "baseModel": run.base_model,
        "input": run.input,
        "verdict": result.get("verdict"),
        "headline": result.get("headline"),
        "validationLoss": validation_loss(result),
        "correctness": (result.get("scores") or {}).get("correctness"),
        "actualUsd": (result.get("cost") or {}).get("actualUsd"),
    }


def _warnings(plan: Plan, runs: Sequence[PlannedRun], results: Results, best: Mapping[str, str]) -> list[str]:
    said = [f"The run {run.name} left no result." for run in runs if results.get(run.name) is None]
    over = [run.name for run in runs if (results.get(run.name) or {}).get("verdict") == "over_budget"]
    if over:
        said.append(f"Not within its share of maxSpendUsd, and so not made: {', '.join(over)}.")
    nothing = [key for key in dict.fromkeys(run.base_model for run in plan.runs) if key not in best]
    if nothing:
        said.append(f"No run of these base models learned anything, so none was evaluated: {', '.join(nothing)}.")
    return said


def headline(said: Mapping[str, Any]) -> str:
    """One line for people: the best run of each base model."""
    by_name = {run["runId"]: run for run in said["runs"]}
    parts = [
        f"{base_model}: {name} (validation loss {by_name[name]['validationLoss']:.3f})"
        for base_model, name in said["best"].items()
    ]
    return f"Best by validation loss: {'; '.join(parts) or 'none'}."


def page(plan: Plan, runs: Sequence[PlannedRun], results: Results) -> str:
    """In the language of the runs, the best ones marked."""
    known = [(run, result) for run in runs if (result := results.get(run.name)) is not None]
    language: Language = next((each for each in LANGUAGES for _, result in known if result["language"] == each), "en")
    best = best_runs(plan.runs, results)
    return render_comparison([Run(result, None) for _, result in known], language or DEFAULT_LANGUAGE, best)
