"""`bedrock-ft generate`: questions and answers from documents, by a model on Bedrock or by a local stand-in."""

import argparse
import hashlib
import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import boto3
from botocore.config import Config
from finetuning.base_models import DEFAULT_JUDGE_MODEL, INFERENCE_PROFILES, JUDGE_MODELS, JudgeModel, Price
from finetuning.coverage import Example, read_examples
from finetuning.errors import ExperimentError, UnreadableDocumentError
from finetuning.generation.calls import Calls
from finetuning.generation.documents import Document, read_document
from finetuning.generation.loop import Generation, Made, Wanted
from finetuning.generation.pairs import Pair, PlacedPair, RecordKind, breaks, record
from finetuning.generation.working_file import WorkingFile
from finetuning.languages import TextLanguage
from finetuning.record_formats import to_line
from finetuning.run_config import MAX_USD
from rich.console import Console
from rich.text import Text

from cli.errors import CommandError, UsageError
from cli.files import refuse_to_replace, write_files
from cli.json_documents import read
from cli.output import progress_console, say, say_result, shown

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient

_LANGUAGES: Sequence[TextLanguage] = ("en", "ja")
# The most records that any base model takes.
MAX_PAIRS = 20_000
# An answer of 4,096 tokens takes more than boto3's default of 60 s; throttling is waited for longer than by default.
_CLIENT = Config(read_timeout=300, retries={"mode": "adaptive", "total_max_attempts": 8})


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "generate",
        help="make questions and answers from documents",
        description="Make a dataset file of questions and answers from documents (PDF, Markdown, HTML, text). Every "
        "pair rests on a passage that stands in a document; the passages go to a file beside it. A call that was cut "
        "off goes on when it is given again. Exit code 0: the file is written, and its path is printed; 1: it could "
        "not be made; 2: wrong usage.",
    )
    parser.add_argument("documents", metavar="DOCUMENT", nargs="+", type=Path, help="a .pdf, .md, .html or .txt file")
    parser.add_argument("--out", metavar="FILE.jsonl", type=_jsonl_path, required=True, help="the file to be made")
    parser.add_argument("--count", metavar="N", type=_positive_whole, required=True, help="how many pairs to make")
    parser.add_argument(
        "--as",
        dest="kind",
        choices=get_args(RecordKind),
        default="validation",
        help="which file of a dataset it is to be (default: %(default)s)",
    )
    parser.add_argument("--system", metavar="TEXT", help="the system prompt of every training or validation record")
    parser.add_argument("--language", choices=_LANGUAGES, default="en", help="of the pairs (default: %(default)s)")
    parser.add_argument(
        "--against",
        metavar="FILE.jsonl",
        nargs="+",
        type=Path,
        default=[],
        help="dataset files whose questions are not asked again, such as the training data",
    )
    parser.add_argument(
        "--model", choices=tuple(JUDGE_MODELS), default=DEFAULT_JUDGE_MODEL, help="(default: %(default)s)"
    )
    parser.add_argument("--local", action="store_true", help="let a stand-in on this machine write, without AWS")
    parser.add_argument(
        "--max-spend-usd", metavar="USD", type=_dollars, help="stop before a call that could make it cost more"
    )
    for name in ("input", "output"):
        parser.add_argument(
            f"--{name}-price", metavar="USD", type=_dollars, help=f"of 1,000 {name} tokens of the model"
        )
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    request = _request(options)
    console = progress_console()
    try:
        pairs = request.make(console, local=options.local)
    except ExperimentError as error:
        raise CommandError(str(error)) from error
    provenance = [
        {"line": line, "topic": placed.topic, "document": placed.document, "passage": placed.pair.passage}
        for line, placed in enumerate(pairs, start=1)
    ]
    records = [record(request.wanted.kind, placed, request.wanted.system) for placed in pairs]
    write_files({request.passages: map(to_line, provenance), request.out: map(to_line, records)})
    request.working.unlink()
    say_result(str(request.out))
    return 0


@dataclass(frozen=True)
class Request:
    """What the user asked for, checked. settings: what has to be the same for a call to go on with another's work."""

    documents: Sequence[Document]
    wanted: Wanted
    model: JudgeModel
    prices: Mapping[str, Price]
    max_spend_usd: float | None
    out: Path
    settings: Mapping[str, Any]

    @property
    def passages(self) -> Path:
        return self.out.with_suffix(".passages.jsonl")

    @property
    def working(self) -> Path:
        return self.out.with_name(f"{self.out.name}.working")

    def make(self, console: Console, *, local: bool) -> Sequence[PlacedPair]:
        """Raises ExperimentError, and botocore's errors."""
        with _client(self.model, console, local=local) as client, console.status("asking") as status:
            file = WorkingFile(self.working, self.settings)
            if file.replies:
                say(console, f"going on with {file.replies} replies that are kept in {self.working}")
            calls = Calls(client, file, self.prices, self.max_spend_usd)

            def show(made: Made) -> None:
                progress = f"{len(made.pairs)} of {self.wanted.count} pairs; {_spent(calls)}"
                status.update(Text(progress))
                say(console, progress)

            generation = Generation(self.documents, self.model, calls, self.wanted, show)
            try:
                return generation.run()
            except BaseException:
                if calls.input_tokens or file.replies:
                    say(console, f"What was paid for is kept in {self.working}: the same command goes on from there.")
                else:
                    self.working.unlink()
                raise
            finally:
                for reason, number in generation.made.dropped.most_common():
                    say(console, f"dropped: {number} x {reason}")


def _request(options: argparse.Namespace) -> Request:
    """Raises CommandError for whatever can be known to be wrong before anything is paid for."""
    model = JUDGE_MODELS[options.model]
    if options.kind == "evaluation" and options.system is not None:
        raise UsageError("evaluation data has no system prompt: leave --system out")
    sample = PlacedPair(Pair("Question?", "Answer.", "Passage."), "topic", "document")
    if problem := breaks(options.kind, sample, options.system):
        raise UsageError(f"--system: every record would be refused: {problem}")
    documents = {path: read(path) for path in options.documents}
    against = {path: read(path) for path in options.against}
    names = [path.name for path in documents]
    if len(set(names)) < len(names):
        raise UsageError(f"two documents have the same name: {', '.join(names)}: give each once, and rename them")
    wanted = Wanted(
        count=options.count,
        language=options.language,
        kind=options.kind,
        system=options.system,
        against=[example for path, content in against.items() for example in _examples(path, content)],
    )
    request = Request(
        documents=[_document(path, content) for path, content in documents.items()],
        wanted=wanted,
        model=model,
        prices=_prices(options, model),
        max_spend_usd=options.max_spend_usd,
        out=options.out,
        settings={
            "documents": {path.name: hashlib.sha256(content).hexdigest() for path, content in documents.items()},
            "--against": [hashlib.sha256(content).hexdigest() for content in against.values()],
            "--as": options.kind,
            "--system": options.system,
            "--language": options.language,
            "--model": model.id,
            "--local": options.local,
        },
    )
    refuse_to_replace((request.out, request.passages), options.force)
    return request


def _document(path: Path, content: bytes) -> Document:
    try:
        return read_document(shown(path.name), content)
    except UnreadableDocumentError as error:
        raise CommandError(str(error)) from error


def _examples(path: Path, content: bytes) -> Sequence[Example]:
    """The records of a dataset file of any kind. Raises CommandError."""
    found: list[Example] = []
    try:
        found.extend(example.shortened() for example in read_examples([content]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        where = f"{shown(path)} line {len(found) + 1}"
        advice = f"`bedrock-ft validate {shlex.quote(shown(path))}` says what is wrong with it"
        raise CommandError(f"{where}: no record of a dataset: {advice}") from error
    return found


def _prices(options: argparse.Namespace, model: JudgeModel) -> Mapping[str, Price]:
    given = {"judgeInputPer1kTokens": options.input_price, "judgeOutputPer1kTokens": options.output_price}
    prices = {**model.prices, **{name: Price(usd, "command line") for name, usd in given.items() if usd is not None}}
    if options.max_spend_usd is not None and any(price.usd is None for price in prices.values()):
        raise UsageError(
            f"--max-spend-usd: the prices of {model.id} are not known, so no limit can be kept: give --input-price and "
            "--output-price"
        )
    return prices


@contextmanager
def _client(model: JudgeModel, console: Console, *, local: bool) -> Iterator["BedrockRuntimeClient"]:
    regions = INFERENCE_PROFILES[model.id].regions
    if not local:
        session = boto3.Session()
        if session.region_name not in regions:
            raise CommandError(f"{model.id} answers in {', '.join(regions)}: set AWS_REGION to one of them")
        yield session.client("bedrock-runtime", config=_CLIENT)
        return
    # Only this needs moto, which takes a second to load.
    from local.engine.bedrock_only import bedrock_only

    region = regions[0]
    say(
        console,
        f"Local call: a stand-in writes in place of {model.id}, sentence by sentence and by rule, and nothing is "
        "spent. The pairs show how the command works, not how good the real model is.",
    )
    with bedrock_only(region):
        yield boto3.client("bedrock-runtime", region_name=region, config=_CLIENT)


def _spent(calls: Calls) -> str:
    cost = calls.cost
    usd = "price unknown" if cost.unknown else f"${cost.usd:,.4f}"
    return f"{calls.input_tokens:,} input and {calls.output_tokens:,} output tokens, {usd}"


def _jsonl_path(text: str) -> Path:
    path = Path(text)
    if path.suffix != ".jsonl":
        raise argparse.ArgumentTypeError(f"{text}: a dataset file's name ends in .jsonl")
    return path


def _positive_whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_PAIRS:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {MAX_PAIRS:,}")
    return int(text)


def _dollars(text: str) -> float:
    try:
        usd = float(text)
    except ValueError:
        usd = math.nan
    if not 0 <= usd <= MAX_USD:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of dollars from 0 to {MAX_USD:,}")
    return usd
