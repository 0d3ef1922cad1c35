"""`bedrock-ft validate`: everything that is wrong with files of a dataset, before anything is spent on them."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from finetuning.base_models import BASE_MODELS, DEFAULT_BASE_MODEL, base_model

from cli.errors import UsageError
from cli.findings import FORMATS

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "validate",
        help="say everything that is wrong with a dataset's files",
        description="Check training, validation and evaluation data against the rules of a base model, and say every "
        "finding with file, line, code and what to do; docs/datasets.md explains the codes. Which kind a file is says "
        "its name or, failing that, its first record. Exit code 0: nothing is wrong; 1: there are errors, or, with "
        "--strict, warnings; 2: wrong usage.",
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="a file, or a folder with training.jsonl, validation.jsonl, evaluation.jsonl; what is given together is "
        "one dataset, until a second file of the same kind begins another",
    )
    parser.add_argument(
        "--base-model",
        choices=tuple(BASE_MODELS),
        default=DEFAULT_BASE_MODEL,
        help="whose rules apply (default: %(default)s)",
    )
    parser.add_argument("--strict", action="store_true", help="warnings are reason enough for exit code 1")
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        default="text",
        help="for people, for programs, or as annotations of GitHub Actions (default: %(default)s)",
    )
    parser.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")
    parser.add_argument(
        "--fix",
        metavar="OUT",
        type=Path,
        help="write a copy of the one FILE in which everything is mended that takes no judgement (byte order mark, "
        "line ends, blank lines, space around records, order of keys, records that stand there twice), say what was "
        "done, and check the copy instead",
    )
    parser.add_argument("--force", action="store_true", help="let --fix replace a file that exists")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    # Only this command pays for loading numpy and scipy.
    from cli.validation import check, find_datasets, fix

    model = base_model(options.base_model)
    datasets = find_datasets(options.files)
    if options.fix:
        datasets = [fix(datasets, options.fix, model, force=options.force)]
    elif options.force:
        raise UsageError("--force is for --fix OUT")
    files = [file for dataset in datasets for file in check(dataset, model)]
    ok = not any(file.of("error") or (options.strict and file.of("warning")) for file in files)
    if shown := FORMATS[options.format](files, ok):
        sys.stdout.write(f"{shown}\n")
    return 0 if ok else 1
