"""`bedrock-ft reap`: the guard's own look, now, for a person in a hurry."""

import argparse
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from finetuning.base_models import BASE_MODELS, DEFAULT_BASE_MODEL, BaseModel
from finetuning.guard import Kind, Outcome, Reap
from finetuning.reaper import Findings, Reaper
from finetuning.removals import describe
from finetuning.services import SystemClock

from cli.deployment import Deployment
from cli.output import say_error, say_result

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "reap",
        help="delete what executions left behind that are no longer running",
        description="Look for Provisioned Throughputs and customization jobs of this app whose execution is no longer "
        "running, or that are past their deadline, and delete or stop them, as the guard does every 5 minutes. Exit "
        "code 0: everything could be seen and removed; 1: something could not; 2: wrong usage.",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    parser.add_argument(
        "--base-model",
        choices=tuple(BASE_MODELS),
        default=DEFAULT_BASE_MODEL,
        help="the deployment to look after is the one for this base model (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    model = BASE_MODELS[options.base_model]
    reaper = _reaper(model, Deployment.find(model, poll_seconds=0))
    findings = reaper.look() if options.dry_run else reaper.reap()
    say_result(_summary(findings, dry_run=options.dry_run))
    for problem in findings.problems:
        say_error(problem)
    refused = any(removal.outcome is Outcome.NOT_YET for removal in findings.removals)
    return 1 if findings.problems or refused else 0


def _reaper(model: BaseModel, deployment: Deployment) -> Reaper:
    # As the guard's function: whoever repeats an order, or a note, whose answer was lost hears of what came first.
    once = Config(retries={"total_max_attempts": 1})
    return Reaper(
        bedrock=boto3.client("bedrock", region_name=deployment.region, config=once),
        stepfunctions=deployment.stepfunctions,
        s3=boto3.client("s3", region_name=deployment.region, config=once),
        sns=boto3.client("sns", region_name=deployment.region),
        clock=SystemClock(),
        environment="aws",
        model=model,
        state_machine_arn=deployment.state_machine_arn,
        results_bucket=deployment.results_bucket,
        topic_arn=deployment.topic_arn,
    )


def _summary(findings: Findings, *, dry_run: bool) -> str:
    kinds = [resource.kind for resource in findings.resources]
    counts = [f"{kinds.count(kind)} {kind}s" for kind in (Kind.THROUGHPUT, Kind.DEPLOYMENT)]
    found = f"{', '.join(counts)} and {kinds.count(Kind.JOB)} running jobs of this deployment"
    if dry_run:
        lines = [_plan(reap) for reap in findings.decided]
    else:
        lines = [describe(removal) for removal in findings.removals]
        lines += [f"Wrote the missing report of run {run_id}." for run_id in findings.reports]
    return "\n".join([f"{found}; {len(findings.decided)} to be removed.", *lines])


def _plan(reap: Reap) -> str:
    resource = reap.resource
    return f"Would remove the {resource.kind} {resource.name} ({resource.arn}): {reap.reason} ({resource.owner})."
