"""docs/cli.md: every command's options, from their parsers. `python -m cli.reference` prints it.

argparse's own help differs between versions of Python and with the terminal's width; this does not.
"""

import argparse
import sys
from collections.abc import Iterator

from cli.main import make_parser

INTRODUCTION = """# Commands

`bedrock-ft COMMAND --help` says the same. Data goes to stdout, progress and errors to stderr. Exit codes: 0 success,
1 failed or refused, 2 wrong usage, 130 interrupted.

Made by `python -m cli.reference > docs/cli.md`.
"""


def reference(parser: argparse.ArgumentParser) -> str:
    """All commands of a parser, in Markdown."""
    commands = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return "\n".join([INTRODUCTION, *("\n".join(_command(command)) for command in commands.choices.values())])


def _command(parser: argparse.ArgumentParser) -> Iterator[str]:
    actions = [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    actions.sort(key=lambda action: bool(action.option_strings))
    yield f"## {parser.prog}\n"
    yield f"```\n{' '.join([parser.prog, *map(_usage, actions)])}\n```\n"
    yield f"{parser.description}\n"
    if actions:
        yield "| argument | meaning |\n|---|---|"
    for action in actions:
        names = ", ".join(action.option_strings)
        takes = _value(action) if action.nargs != 0 else ""
        yield _row(" ".join(filter(None, [names, takes])), _meaning(action, parser.prog))
    yield ""


def _usage(action: argparse.Action) -> str:
    value = _value(action)
    if action.option_strings:
        used = action.option_strings[0] + ("" if action.nargs == 0 else f" {value}")
        return used if action.required else f"[{used}]"
    return {"?": f"[{value}]", "*": f"[{value}…]", "+": f"{value}…"}.get(str(action.nargs), value)


def _value(action: argparse.Action) -> str:
    """What stands for the value. Choices are told with the meaning: some are many."""
    return str(action.metavar or action.dest.rpartition("_")[2].upper())


def _meaning(action: argparse.Action, prog: str) -> str:
    meaning = (action.help or "") % {**vars(action), "prog": prog}
    choices = ", ".join(f"`{choice}`" for choice in action.choices or ())
    return "; ".join(filter(None, [meaning, choices and f"one of {choices}"]))


def _row(argument: str, meaning: str) -> str:
    """A pipe would end a cell, in code too; a word between < and > would be taken for markup."""
    cells = f"`{argument}`", meaning.replace("<", "\\<")
    code, text = (cell.replace("|", "\\|") for cell in cells)
    return f"| {code} | {text} |"


if __name__ == "__main__":
    sys.stdout.write(reference(make_parser()))
