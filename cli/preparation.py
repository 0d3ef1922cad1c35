"""What `prepare` and `split` share: options that say what a file's rows mean, and the way through its rows."""

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from finetuning.base_models import BASE_MODELS, DEFAULT_BASE_MODEL
from finetuning.errors import SourceError
from finetuning.preparation.records import ExampleReader, Keys, TopicUse
from finetuning.preparation.sources import ENDINGS, read_rows
from finetuning.record_formats import RecordError
from rich.console import Console

from cli.errors import CommandError, UsageError
from cli.output import say

Made = TypeVar("Made")

READABLE = f"{', '.join(ENDINGS)} (Parquet: pip install 'bedrock-ft[parquet]')"
_ROWS_BETWEEN_SIGNS = 500


def add_source_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="FILE", type=Path, help=f"{READABLE}; text files in UTF-8")
    parser.add_argument(
        "--base-model",
        choices=tuple(BASE_MODELS),
        default=DEFAULT_BASE_MODEL,
        help="whose rules the records keep (default: %(default)s)",
    )
    for what in ("question", "answer", "topic"):
        parser.add_argument(
            f"--{what}-key", metavar="KEY", help=f"holds the {what} (default: a usual name, if just one)"
        )
    parser.add_argument("--system", metavar="TEXT", default="", help="the system prompt that every record gets")
    parser.add_argument("--force", action="store_true", help="replace files that exist")


def reader_of(options: argparse.Namespace, topic: TopicUse) -> ExampleReader:
    """Raises UsageError where the options contradict each other."""
    told = Keys(options.question_key, options.answer_key, options.topic_key)
    named = [key for key in (told.question, told.answer, told.topic) if key]
    if len(set(named)) < len(named):
        raise UsageError("--question-key, --answer-key and --topic-key must name different keys")
    return ExampleReader(str(options.source), told, options.system, topic)


def each_row(source: Path, make: Callable[[Mapping[str, Any] | RecordError], Made], console: Console) -> Iterator[Made]:
    """What `make` makes of each row of a file. Bad rows are said as they are found.

    Raises CommandError where the file cannot be read, and after its last row where rows were bad.
    """
    bad = number = 0
    try:
        with source.open("rb") as stream, console.status("reading") as status:
            for number, row in enumerate(read_rows(str(source), stream), start=1):
                if number % _ROWS_BETWEEN_SIGNS == 0:
                    status.update(f"reading: {number:,} rows")
                try:
                    made = make(row.content)
                except RecordError as error:
                    say(console, f"{source} {row.place}: {error}", "yellow")
                    bad += 1
                    continue
                yield made
    except OSError as error:
        raise CommandError(f"cannot read {source}: {error.strerror}") from error
    except SourceError as error:
        raise CommandError(str(error)) from error
    if bad:
        raise CommandError(f"{source}: {bad:,} of {number:,} rows cannot be used; nothing was written")
    if not number:
        raise CommandError(f"{source}: there is no row in it")


def say_what_was_taken(reader: ExampleReader, console: Console) -> None:
    taken = [f"{what} = {key}" for what, key in vars(reader.taken).items() if key]
    if taken:
        say(console, f"taken: {', '.join(taken)}")
    if reader.left_out:
        say(console, f"left out: {', '.join(sorted(reader.left_out))}")
