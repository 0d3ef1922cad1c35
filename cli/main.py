"""The entry point of `bedrock-ft`. Exit codes: 0 success, 1 failed or refused, 2 usage, 130 interrupted."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from cli.commands import compare, generate, index, models, prepare, reap, report, run, split, sweep, validate
from cli.errors import CommandError
from cli.output import say_error

_COMMANDS = (prepare, generate, split, validate, run, sweep, report, compare, index, models, reap)
INTERRUPTED = 130
_TERMINATIONS = (signal.SIGTERM, signal.SIGHUP)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    options = make_parser().parse_args(arguments)
    try:
        with _orderly_termination():
            exit_code: int = options.run(options)
            return exit_code
    except CommandError as error:
        say_error(str(error))
        return error.exit_code
    except (BotoCoreError, ClientError) as error:
        say_error(f"AWS: {error}")
        return 1
    except KeyboardInterrupt:
        say_error("interrupted")
        return INTERRUPTED


@contextmanager
def _orderly_termination() -> Iterator[None]:
    """Let a SIGTERM, or a terminal that is closed, also close what the command has opened."""
    before = {number: signal.signal(number, lambda got, _: sys.exit(128 + got)) for number in _TERMINATIONS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bedrock-ft", description="Does fine-tuning a model on Amazon Bedrock help, on your data?"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
