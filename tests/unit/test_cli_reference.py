"""docs/cli.md says what the commands' parsers say, in any version of Python and any terminal."""

import argparse
from pathlib import Path

import pytest

from cli.main import make_parser
from cli.reference import reference

DOCUMENT = Path(__file__).parents[2] / "docs" / "cli.md"


@pytest.mark.parametrize("columns", ["20", "200"])
def test_the_document_is_what_the_parsers_say(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    assert DOCUMENT.read_text(encoding="utf-8") == reference(make_parser()), (
        "make it anew: `.venv/bin/python -m cli.reference > docs/cli.md`"
    )


def test_every_kind_of_argument_has_its_row() -> None:
    parser = argparse.ArgumentParser(prog="tool")
    command = parser.add_subparsers().add_parser("do", description="Does 100% of it.")
    command.add_argument("--all", action="store_true", help="not only <some>")
    command.add_argument("-n", "--number", type=int, default=3, metavar="N", help="how many (default: %(default)s)")
    command.add_argument("--kind", choices=("a", "b"), required=True)
    command.add_argument("first", metavar="A|B", help="100%% needed")
    command.add_argument("rest", metavar="REST", nargs="*")

    _, shown = reference(parser).split("## tool do\n\n")

    assert shown == (
        "```\ntool do A|B [REST…] [--all] [-n N] --kind KIND\n```\n\n"
        "Does 100% of it.\n\n"
        "| argument | meaning |\n"
        "|---|---|\n"
        "| `A\\|B` | 100% needed |\n"
        "| `REST` |  |\n"
        "| `--all` | not only \\<some> |\n"
        "| `-n, --number N` | how many (default: 3) |\n"
        "| `--kind KIND` | one of `a`, `b` |\n"
    )
