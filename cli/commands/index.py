"""`bedrock-ft index`: every run of a results folder, or of a bucket, on one page with links to their reports."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from finetuning.report.comparison import Run
from finetuning.report.index import render_index
from finetuning.run_store import REPORT, RESULT, split_s3_uri
from finetuning.texts import DEFAULT_LANGUAGE, LANGUAGES, Language

from cli.errors import CommandError, UsageError
from cli.output import progress_console, say
from cli.results import download_run, find_result, save_page

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from types_boto3_s3.client import S3Client

PAGE = "index.html"
# A run id is an execution's name. What else lies in a bucket must not choose where it is saved.
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "index",
        help="list all runs of a folder or a bucket on one page",
        description=f"List all runs of a folder of results on one page, FOLDER/{PAGE}, with links to their reports. "
        "Exit code 0: the page is written, and its path is printed; 1: it could not be made; 2: wrong usage.",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, default=Path("out"), help="(default: out)")
    parser.add_argument(
        "--from", metavar="s3://BUCKET", dest="source", help="first download the runs of this bucket that FOLDER lacks"
    )
    parser.add_argument("--language", choices=LANGUAGES, default=DEFAULT_LANGUAGE, help="(default: %(default)s)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    if options.source:
        _fetch(options.source, folder)
    read = {path.parent.name: _run(path.parent, options.language) for path in sorted(folder.glob(f"*/{RESULT}"))}
    if not read:
        raise CommandError(f"{folder}: no run has left a result here: a run's lies at {folder}/<run id>/{RESULT}")
    runs = [run for run in read.values() if isinstance(run, Run)]
    unreadable = {name: why for name, why in read.items() if isinstance(why, str)}
    save_page(folder / PAGE, lambda: render_index(runs, options.language, unreadable), str(folder))
    return 0


def _run(folder: Path, language: Language) -> Run | str:
    """Where it cannot be shown: why."""
    try:
        found = find_result(str(folder))
        run = Run(found.document, f"{folder.name}/{REPORT}" if found.report else None)
        render_index([run], language)
    except CommandError as error:
        return str(error)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return run


def _fetch(source: str, folder: Path) -> None:
    bucket, key = split_s3_uri(source)
    if not source.startswith("s3://") or not bucket or key.strip("/") not in ("", "runs"):
        raise UsageError(f"--from {source}: name a results bucket, as in s3://bucket")
    s3: S3Client = boto3.client("s3")
    console = progress_console()
    for run_id in _runs(s3, bucket):
        if not (folder / run_id / RESULT).exists():
            (folder / run_id).mkdir(parents=True, exist_ok=True)
            done = download_run(s3, bucket, run_id, folder / run_id)
            say(console, f"{run_id}: {'downloaded' if done else 'no result yet'}")
            if not done and not any((folder / run_id).iterdir()):
                (folder / run_id).rmdir()


def _runs(s3: "S3Client", bucket: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="runs/", Delimiter="/")
    prefixes = [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])]
    names = [prefix.removeprefix("runs/").rstrip("/") for prefix in prefixes]
    return [name for name in names if _RUN_ID.fullmatch(name)]
