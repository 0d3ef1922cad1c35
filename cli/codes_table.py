"""The table of codes in docs/datasets.md, from their catalogues. `python -m cli.codes_table` prints it."""

import sys

from finetuning.dataset.codes import CODES, Code
from finetuning.dataset.quality.codes import QUALITY_CODES

EVERY_CODE = (*CODES.values(), *QUALITY_CODES.values())


def table() -> str:
    rows = [
        f"| `{code.name}` | {code.severity} | {_text(code.meaning)} | {_example(code)} | {_text(code.fix)} |"
        for code in EVERY_CODE
    ]
    return "\n".join(["| code | severity | meaning | example | what to do |", "|---|---|---|---|---|", *rows]) + "\n"


def _example(code: Code) -> str:
    """A file's content stands in one line, with escapes for what cannot be seen."""
    if isinstance(code.example, str):
        return _text(code.example)
    shown = code.example.removesuffix(b"\n").decode(errors="backslashreplace")
    visible = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in shown)
    return f"`{visible}`".replace("|", "\\|")


def _text(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


if __name__ == "__main__":
    sys.stdout.write(table())
