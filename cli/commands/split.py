"""`bedrock-ft split`: one file of questions and answers, divided into the files of a dataset."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetuning.base_models import base_model
from finetuning.errors import ExperimentError
from finetuning.preparation.records import Example
from finetuning.preparation.rules import check_training
from finetuning.preparation.split import Split, split
from finetuning.record_formats import RecordError
from finetuning.run_store import DATASET_FILES, DatasetFile
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.errors import CommandError, UsageError
from cli.files import refuse_to_replace, write_files
from cli.output import plain, progress_console, say
from cli.preparation import add_source_options, each_row, reader_of, say_what_was_taken

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_DEFAULT_SHARES: Mapping[DatasetFile, int] = {"training": 85, "validation": 15, "evaluation": 0}


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "split",
        help="divide a file into training, validation and evaluation data",
        description="Divide a file that prepare can read into FOLDER/training.jsonl, validation.jsonl and, if its "
        "share is above 0, evaluation.jsonl. Every topic is divided alike, and questions that are nearly the same stay "
        "in one file. The same file, shares and seed give the same result; the order within a file is kept. Records "
        "are written in the format messages, which a run takes for every base model. Exit code 0: the files are "
        "written, and a table says what went where; 1: rows are wrong, or a file would have fewer or more records than "
        "the base model takes, and nothing was written; 2: wrong usage.",
    )
    add_source_options(parser)
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="where the files go")
    for file, share in _DEFAULT_SHARES.items():
        parser.add_argument(
            f"--{file}", metavar="PERCENT", type=int, default=share, help="share of the records (default: %(default)s)"
        )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="another one divides differently (default: 0)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    shares: dict[DatasetFile, int] = {file: getattr(options, file) for file in DATASET_FILES}
    if min(shares.values()) < 0 or sum(shares.values()) != 100 or not shares["training"] or not shares["validation"]:
        given = ", ".join(f"--{file} {share}" for file, share in shares.items())
        raise UsageError(f"{given}: shares must add up to 100, with some for training and some for validation")
    paths = {file: options.out / f"{file}.jsonl" for file, share in shares.items() if share}
    refuse_to_replace(paths.values(), options.force)
    model, console = base_model(options.base_model), progress_console()
    reader = reader_of(options, "required" if shares["evaluation"] else "optional")

    def example(row: Mapping[str, Any] | RecordError) -> Example:
        read = reader.read(row)
        check_training(read.record, model)
        return read

    examples = list(each_row(options.source, example, console))
    say_what_was_taken(reader, console)
    try:
        with console.status(f"comparing {len(examples):,} questions"):
            divided = split(examples, shares, options.seed, model)
    except ExperimentError as error:
        raise CommandError(f"{options.source}: {error}") from error
    write_files({path: divided.lines[file] for file, path in paths.items()})
    if divided.kept_together:
        say(console, f"{divided.kept_together:,} records ask the same as another: they stay in one file with it")
    if divided.not_evaluable:
        say(
            console,
            f"{divided.not_evaluable:,} records of several turns, or with a system prompt that not all share, "
            "cannot be evaluation data",
        )
    Console(highlight=False).print(_table(divided, paths))
    return 0


def _table(divided: Split, paths: Mapping[DatasetFile, Path]) -> Table:
    """Records by topic and file; the last row is of all topics."""
    table = Table("topic", box=None, pad_edge=False, show_footer=True)
    table.columns[0].footer = "all"
    for file, path in paths.items():
        table.add_column(Text(plain(path.name)), Text(str(len(divided.lines[file]))), justify="right")
    for topic, counts in divided.counts.items():
        table.add_row(Text(plain(topic)) if topic else "(no topic)", *(str(counts[file]) for file in paths))
    return table
