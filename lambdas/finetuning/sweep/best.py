"""Which run of a sweep is worth evaluating: the best of each base model by validation loss."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from finetuning.sweep.plan import Plan, PlannedRun

Results = Mapping[str, Mapping[str, Any] | None]
"""By the name of a run: its result.json; None where it has none."""


def best_runs(runs: Sequence[PlannedRun], results: Results) -> dict[str, str]:
    """By base model the name of the run with the lowest validation loss of those that learned something.

    A base model none of whose runs did is missing. Of equals the first: it comes first in the sweep's input.
    """
    best: dict[str, tuple[float, str]] = {}
    for run in runs:
        loss = validation_loss(results.get(run.name))
        if loss is not None and (run.base_model not in best or loss < best[run.base_model][0]):
            best[run.base_model] = loss, run.name
    return {base_model: name for base_model, (_, name) in best.items()}


def validation_loss(result: Mapping[str, Any] | None) -> float | None:
    """At the best epoch; None where the run did not learn, or has no validation loss."""
    training = (result or {}).get("training") or {}
    losses = [row["loss"] for row in training.get("validationLoss") or []]
    return min(losses) if losses and training.get("learned") else None


def evaluations(plan: Plan, results: Results) -> list[PlannedRun]:
    """The runs that go on from the best ones; they share what the others have left of the budget.

    One without a result may have spent all that it had.
    """
    if plan.evaluate == "all":
        return []
    best = best_runs(plan.runs, results)
    spent = sum(_spent(run, results.get(run.name)) for run in plan.runs)
    share = max(0.0, plan.max_spend_usd - spent) / max(1, len(best))
    by_name = {run.name: run for run in plan.runs}
    return [
        replace(by_name[name], name=f"{name}-best", input={"resumeFrom": name, "maxSpendUsd": share})
        for name in best.values()
    ]


def _spent(run: PlannedRun, result: Mapping[str, Any] | None) -> float:
    usd: float = ((result or {}).get("cost") or {}).get("actualUsd", run.input["maxSpendUsd"])
    return usd
