"""`bedrock-ft sweep`: a grid of runs, of which the best of each base model is evaluated, compared on one page."""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetuning.base_models import BASE_MODELS, DEFAULT_BASE_MODEL
from finetuning.sweep.store import COMPARISON, FOLDER, SWEEP
from finetuning.verdict import failure_message

from cli.commands.run import AWS_POLL_SECONDS, CALENDAR_START, add_date_to, make_folder
from cli.deployment import Deployment
from cli.errors import CommandError, UsageError
from cli.json_documents import read_input
from cli.local_deployment import local_deployment
from cli.output import progress_console, say, say_error, say_result
from cli.progress import Progress
from cli.run_ids import new_run_id

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "sweep",
        help="run a grid of experiments, evaluate the best, and compare all",
        description="Start one run for each combination of base models, datasets and hyperparameters in FILE, two at a "
        "time; of each base model evaluate the one with the lowest validation loss; save the comparison. Exit code 0: "
        "the sweep succeeded; 1: it failed or was refused; 2: wrong usage.",
    )
    parser.add_argument("file", metavar="FILE.json", type=Path, help="the sweep's input")
    parser.add_argument("--local", action="store_true", help="run on this machine, without AWS, with stand-in models")
    add_date_to(parser)
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("out"),
        help=f"{COMPARISON} and {SWEEP} go to DIR/<sweep id>/ (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.date and not options.local:
        raise UsageError("--date sets the virtual calendar of a local sweep: add --local")
    given = read_input(options.file)
    keys = _base_models(given)
    if not options.local:
        return _sweep(given, Deployment.find_sweep(BASE_MODELS[keys[0]], AWS_POLL_SECONDS), options.out)
    if len({BASE_MODELS[key].region for key in keys}) > 1:
        raise CommandError(
            f"a local sweep is in one region, and {', '.join(keys)} are in several: sweep over those of one region"
        )
    start = datetime.combine(options.date or CALENDAR_START, time(9), UTC)
    models = [BASE_MODELS[key] for key in keys]
    with local_deployment(models, start, progress_console(), Deployment.find_sweep) as deployment:
        return _sweep(given, deployment, options.out)


def _base_models(given: Mapping[str, Any]) -> list[str]:
    """Those of the catalogue; whatever else is wrong with the input, the sweep itself says."""
    named = given.get("baseModels")
    known = [key for key in named if key in BASE_MODELS] if isinstance(named, list) else []
    return known or [DEFAULT_BASE_MODEL]


def _sweep(given: Mapping[str, Any], deployment: Deployment, out: Path) -> int:
    console, name = progress_console(), new_run_id("sweep", datetime.now(UTC))
    folder = make_folder(out / name)
    arn = deployment.start(name, given)
    say(console, f"sweep {name}")
    Progress(console).show(deployment.follow(arn))
    execution = deployment.describe(arn)
    if execution["status"] != "SUCCEEDED":
        folder.rmdir()
        say_error(failure_message(execution.get("cause", "")) or execution["status"])
        return 1
    for file in (COMPARISON, SWEEP):
        key = f"{FOLDER}/{name}/{file}"
        deployment.s3.download_file(deployment.results_bucket, key, str(folder / file))
    say_result(_summary(json.loads((folder / SWEEP).read_text(encoding="utf-8")), folder))
    return 0


def _summary(sweep: Mapping[str, Any], folder: Path) -> str:
    best = set(sweep["best"].values())
    lines = [_line(run, is_best=run["runId"] in best) for run in sweep["runs"]]
    lines += [f"warning  {warning}" for warning in sweep["warnings"]]
    at_least = "at least " if sweep["isLowerBound"] else ""
    spent = f"spent    {at_least}${sweep['actualUsd']:,.2f} of ${sweep['maxSpendUsd']:,.2f}"
    return "\n".join([*lines, spent, f"page     {folder / COMPARISON}", f"result   {folder / SWEEP}"])


def _line(run: Mapping[str, Any], *, is_best: bool) -> str:
    loss = "no loss" if run["validationLoss"] is None else f"validation loss {run['validationLoss']:.3f}"
    parameters = json.dumps(run["input"].get("hyperParameters") or {})
    mark = "best" if is_best else "    "
    return f"{mark}  {run['runId']}  {run['baseModel']}  {parameters}  {loss}  {run['verdict']}"
