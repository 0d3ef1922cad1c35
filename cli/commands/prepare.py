"""`bedrock-ft prepare`: a file of questions and answers, as people have it, in the format that a base model takes."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from finetuning.base_models import base_model
from finetuning.preparation.records import line_of
from finetuning.record_formats import Format

from cli.errors import UsageError
from cli.files import refuse_to_replace, write_files
from cli.output import progress_console, say_result
from cli.preparation import add_source_options, each_row, reader_of, say_what_was_taken

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "prepare",
        help="make training or evaluation data of a JSON, JSONL, CSV, TSV or Parquet file",
        description="Convert a file of questions and answers, with keys of any name, to the record format of a base "
        "model, or to evaluation data. Files in one of these formats are recognised and converted. Every row is "
        "checked by the base model's rules. A run takes the format messages for every base model. Exit code 0: the "
        "file is written, and its path is printed; 1: rows are wrong (all are listed), and nothing was written; "
        "2: wrong usage.",
    )
    add_source_options(parser)
    parser.add_argument("--out", metavar="OUT.jsonl", type=Path, required=True, help="the file to write")
    parser.add_argument(
        "--as", dest="format", choices=get_args(Format), help="the format to write (default: the base model's)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    model = base_model(options.base_model)
    wanted: Format = options.format or model.record_format
    if wanted != "evaluation" and options.topic_key:
        raise UsageError("--topic-key is for --as evaluation: training data has no topics")
    if wanted == "evaluation" and options.system:
        raise UsageError("--system is for training data: evaluation data has no system prompt")
    refuse_to_replace([options.out], options.force)
    console, reader = progress_console(), reader_of(options, "required" if wanted == "evaluation" else "unused")
    records = 0

    def lines() -> Iterator[bytes]:
        nonlocal records
        for line in each_row(options.source, lambda row: line_of(reader.read(row), wanted, model), console):
            records += 1
            yield line

    write_files({options.out: lines()})
    say_what_was_taken(reader, console)
    say_result(f"{options.out}: {records:,} records ({wanted})")
    return 0
