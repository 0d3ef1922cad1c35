"""`bedrock-ft report`: a run's page, made again from its result.json."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from finetuning.report import render
from finetuning.run_store import REPORT

from cli.results import RESULT_HELP, find_result, page_path, save_page

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "report",
        help="make a run's report again",
        description="Make the report of a run again from its result. Exit code 0: the page is written, and its path is "
        "printed; 1: it could not be made; 2: wrong usage.",
    )
    parser.add_argument("result", metavar="RESULT", help=RESULT_HELP)
    parser.add_argument(
        "--out",
        metavar="FILE.html",
        type=page_path,
        help=f"(default: {REPORT} beside the result; of a result in S3, in this folder)",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    found = find_result(options.result)
    save_page(options.out or (found.folder or Path()) / REPORT, lambda: render(found.document), found.given)
    return 0
