"""The layout of a sweep in the results bucket: sweeps/<sweep id>/…"""

from finetuning.run_store import RunStore
from finetuning.services import Services

FOLDER = "sweeps"
# What it runs, and where their results are; written before anything starts.
PLAN = "plan.json"
# What goes on from the best runs; written before that starts.
EVALUATIONS = "evaluations.json"
SWEEP = "sweep.json"
COMPARISON = "comparison.html"


def sweep_store(services: Services, results_bucket: str, sweep: str) -> RunStore:
    return RunStore(services.s3, results_bucket, sweep, folder=FOLDER)
