"""`bedrock-ft compare`: several runs on one page."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from finetuning.report.comparison import Run, render_comparison
from finetuning.texts import DEFAULT_LANGUAGE, LANGUAGES

from cli.errors import UsageError
from cli.results import RESULT_HELP, FoundResult, find_result, page_path, save_page

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "compare",
        help="put several runs on one page",
        description="Put several runs on one page: their settings, learning curves, scores with intervals, and what a "
        "point gained cost. Exit code 0: the page is written, and its path is printed; 1: it could not be made; "
        "2: wrong usage.",
    )
    parser.add_argument("results", metavar="RESULT", nargs="+", help=RESULT_HELP)
    parser.add_argument(
        "--out", metavar="FILE.html", type=page_path, default=Path("comparison.html"), help="(default: %(default)s)"
    )
    parser.add_argument("--language", choices=LANGUAGES, default=DEFAULT_LANGUAGE, help="(default: %(default)s)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    found = [find_result(given) for given in options.results]
    ids = [each.document["runId"] for each in found]
    if len(set(ids)) < 2 or len(set(ids)) < len(ids):
        raise UsageError(f"a comparison needs two runs or more, each once; these are: {', '.join(ids)}")
    runs = [Run(each.document, _link(each, options.out)) for each in found]
    save_page(options.out, lambda: render_comparison(runs, options.language), ", ".join(options.results))
    return 0


def _link(found: FoundResult, page: Path) -> str | None:
    """From the page to the run's report."""
    return Path(os.path.relpath(found.report, page.parent)).as_posix() if found.report else None
