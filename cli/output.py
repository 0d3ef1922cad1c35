"""Data goes to stdout, progress and errors to stderr; text from outside is shown as it is, never as markup."""

import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

# Everything that moves a cursor or colours a terminal; line ends and tabs are harmless.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Text from outside without what a terminal would obey."""
    return _CONTROL_CHARACTERS.sub("\N{REPLACEMENT CHARACTER}", text)


def shown(path: Path | str) -> str:
    """Bytes of a file's name that are not UTF-8 are replaced, since no text can hold them."""
    return str(path).encode(errors="replace").decode()


def progress_console() -> Console:
    return Console(stderr=True, highlight=False)


def say(console: Console, text: str, style: str = "") -> None:
    """One message, in lines as long as they are: paths stay whole for copying."""
    console.print(Text(plain(text), style), soft_wrap=True)


def say_result(text: str) -> None:
    say(Console(highlight=False), text)


def say_error(text: str) -> None:
    say(progress_console(), f"error: {text}", "bold red")
