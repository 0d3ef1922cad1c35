"""`bedrock-ft run`: the whole experiment, on AWS or on this machine, from dataset to verdict."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from finetuning.base_models import BASE_MODELS, DEFAULT_BASE_MODEL, BaseModel, base_model
from finetuning.run_config import DEFAULT_DATASET
from finetuning.verdict import failure_message
from rich.console import Console

from cli.datasets import DatasetFolder, find_dataset
from cli.deployment import Deployment
from cli.errors import CommandError, UsageError
from cli.json_documents import read_input
from cli.local_deployment import local_deployment
from cli.output import progress_console, say, say_error, say_result
from cli.progress import Progress
from cli.run_ids import new_run_id
from cli.verdict import failure, summary

if TYPE_CHECKING:
    from argparse import _SubParsersAction

# Claude 3 Haiku, the default base model, was active then: a month later it became Legacy.
CALENDAR_START = date(2026, 2, 2)
# Fine-tuning on Bedrock began in 2023; and a run needs days after its first one.
_FIRST_DAY, _LAST_DAY = date(2023, 1, 1), date(2099, 12, 31)

AWS_POLL_SECONDS = 5.0
# On AWS five minutes, in which the guard runs at least once.
_LOOKS_FOR_REPORT = 60


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "run",
        help="run the whole experiment, from dataset to verdict",
        description="Start the experiment, follow it to the end, and save its report. Exit code 0: the run succeeded; "
        "1: it failed or was refused; 2: wrong usage.",
    )
    parser.add_argument("--local", action="store_true", help="run on this machine, without AWS, with a stand-in model")
    parser.add_argument(
        "--base-model",
        choices=tuple(BASE_MODELS),
        default=DEFAULT_BASE_MODEL,
        help="the deployment to use is the one for this base model (default: %(default)s)",
    )
    parser.add_argument(
        "--dataset",
        metavar="NAME|FOLDER",
        help="a shipped dataset, or a folder with training.jsonl, validation.jsonl and evaluation.jsonl "
        f"(default: {DEFAULT_DATASET})",
    )
    parser.add_argument("--input", metavar="FILE.json", type=Path, help="execution input (default: {})")
    add_date_to(parser)
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("out"),
        help="report.html and result.json go to DIR/<run id>/ (default: %(default)s)",
    )
    parser.set_defaults(run=run)


def add_date_to(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--date",
        metavar="YYYY-MM-DD",
        type=calendar_day,
        help=f"with --local: the day on which the virtual calendar starts (default: {CALENDAR_START})",
    )


def calendar_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write YYYY-MM-DD") from None
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise argparse.ArgumentTypeError(f"{day} is not from {_FIRST_DAY} to {_LAST_DAY}")
    return day


@dataclass(frozen=True)
class Request:
    """What the user asked for, checked."""

    model: BaseModel
    dataset: str | DatasetFolder | None
    execution_input: Mapping[str, Any]
    out: Path

    @property
    def dataset_name(self) -> str:
        if isinstance(self.dataset, DatasetFolder):
            return self.dataset.name
        given = self.dataset or self.execution_input.get("dataset", DEFAULT_DATASET)
        return given if isinstance(given, str) else "dataset"


def run(options: argparse.Namespace) -> int:
    if options.date and not options.local:
        raise UsageError("--date sets the virtual calendar of a local run: add --local")
    request = Request(
        model=base_model(options.base_model),
        dataset=find_dataset(options.dataset) if options.dataset else None,
        execution_input=read_input(options.input) if options.input else {},
        out=options.out,
    )
    if request.dataset and "dataset" in request.execution_input:
        raise UsageError(f"--dataset and the field dataset in {options.input} both name a dataset: use one of them")
    console = progress_console()
    if not options.local:
        deployment = Deployment.find(request.model, AWS_POLL_SECONDS)
        try:
            return experiment(request, deployment, console)
        except (KeyboardInterrupt, SystemExit, BotoCoreError, ClientError):
            say(console, f"An execution that was started goes on in AWS: {deployment.console_url}")
            raise
    start = datetime.combine(options.date or CALENDAR_START, time(9), UTC)
    with local_deployment([request.model], start, console) as deployment:
        return experiment(request, deployment, console)


def experiment(request: Request, deployment: Deployment, console: Console) -> int:
    """Run one experiment on a deployment; returns the exit code."""
    execution_input = dict(request.execution_input)
    if isinstance(request.dataset, DatasetFolder):
        execution_input["dataset"] = request.dataset.upload(deployment.s3, deployment.data_bucket)
    elif request.dataset:
        execution_input["dataset"] = request.dataset
    run_id = new_run_id(request.dataset_name, datetime.now(UTC))
    folder = make_folder(request.out / run_id)
    execution_arn = deployment.start(run_id, execution_input)
    say(console, f"run {run_id}")
    Progress(console).show(deployment.follow(execution_arn))
    return _conclude(folder, run_id, deployment, execution_arn)


def make_folder(path: Path) -> Path:
    """Made before anything starts: a report that cannot be saved should not be paid for first."""
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise CommandError(f"cannot make the folder {path} for the report: {error.strerror}") from error
    return path


def _conclude(folder: Path, run_id: str, deployment: Deployment, execution_arn: str) -> int:
    execution = deployment.describe(execution_arn)
    result = deployment.download(run_id, folder)
    for _ in range(_LOOKS_FOR_REPORT if execution["status"] != "SUCCEEDED" else 0):
        if result is not None:
            break
        # The guard writes the report of an execution that could not do so itself.
        sleep(deployment.poll_seconds)
        result = deployment.download(run_id, folder)
    if result is None:
        reason = failure_message(execution.get("cause", "")) or execution.get("error") or "no cause given"
        raise CommandError(f"execution {execution_arn} ended {execution['status']} without a result: {reason}")
    say_result(summary(result, folder))
    if execution["status"] == "SUCCEEDED":
        return 0
    # A report that was written before the execution failed tells of no failure.
    say_error(failure(result) or failure_message(execution.get("cause", "")) or execution["status"])
    return 1
