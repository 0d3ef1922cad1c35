"""Inputs that nobody would write, against all that reads a dataset: `make fuzz`, SECONDS=300 unless said otherwise.

Random bytes, and the examples of all findings and more, mutated, go to the check with its corrected copy and its three
ways to show findings, to the reader of what prepare takes, and to the reader of a card. Only the errors that each of
them names may come. Prints how many inputs there were; the first that brings anything else is shown, and the exit code
is then 1.
"""

import argparse
import json
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from random import Random
from time import monotonic
from typing import get_args

from finetuning.base_models import BASE_MODELS
from finetuning.card import read_card
from finetuning.dataset import codes
from finetuning.dataset.codes import CODES
from finetuning.dataset.files import Source, check_file
from finetuning.dataset.fixing import fixed_lines
from finetuning.dataset.lines import MAX_LINE_BYTES
from finetuning.dataset.quality.codes import QUALITY_CODES
from finetuning.dataset.validation import validate
from finetuning.errors import InvalidDatasetError, SourceError
from finetuning.preparation.records import ExampleReader, Keys, TopicUse, line_of
from finetuning.preparation.sources import ENDINGS, read_rows
from finetuning.record_formats import Format, RecordError, from_messages, to_line
from finetuning.run_store import DATASET_FILES
from pyarrow import Table
from pyarrow.parquet import write_table

from cli.findings import FORMATS, CheckedFile

MODELS = tuple(BASE_MODELS.values())


@dataclass(frozen=True)
class Reader:
    """read: raises what it should not. weight: how often beside the others; joined: so many inputs are one for it."""

    read: Callable[[bytes, Random], None]
    weight: float = 1
    joined: int = 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    return fuzz(READERS, options.seconds, options.seed)


def fuzz(readers: Mapping[str, Reader], seconds: float, seed: int) -> int:
    """0, or 1 where a reader failed; says what was tried."""
    random, tried, end = Random(seed), Counter[str](), monotonic() + seconds  # noqa: S311 - no secret hangs on it
    names, weights = list(readers), [reader.weight for reader in readers.values()]
    while monotonic() < end:
        [name] = random.choices(names, weights)
        tried[name] += 1
        content = b"\n".join(made(random) for _ in range(readers[name].joined))
        try:
            readers[name].read(content, random)
        except Exception:
            traceback.print_exc()
            say(f"seed {seed}, input {tried.total():,}: {name} failed at these {len(content):,} bytes:\n{content!r}")
            return 1
    numbers = ", ".join(f"{number:,} to {name}" for name, number in tried.most_common())
    say(f"no crash: {tried.total():,} inputs ({numbers}), seed {seed}")
    return 0


def made(random: Random) -> bytes:
    """An input: one in ten is of random bytes; the others were whole once."""
    if random.random() < 0.1:
        return random.randbytes(random.choice([0, 1, 4, 30, 300, 5_000]))
    content = b"\n".join(random.choices(WHOLE, k=random.choice([1, 1, 3])))
    for _ in range(random.choice([0, 1, 1, 2, 4, 16])):
        content = mutated(content, random)
    return content + LONG if random.random() < 0.005 else content


def mutated(content: bytes, random: Random) -> bytes:
    """With one piece taken out, replaced or doubled."""
    start = random.randint(0, len(content))
    end = min(len(content), start + random.choice([0, 1, 2, 10, 100]))
    piece = random.choice([b"", content[start:end] * 2, random.randbytes(3), *PIECES, random.choice(WHOLE)])
    return content[:start] + piece + content[end:]


def check_dataset(content: bytes, random: Random) -> None:
    """What `validate` and `validate --fix` do, apart from files and options."""
    kind, model, most = random.choice(DATASET_FILES), random.choice(MODELS), random.choice([0, 1, 1_000])
    source = Source(f"{kind}.jsonl", partial(cut, content, 1 + len(content) // random.randint(1, 50)))
    summary = check_file(kind, source, model, most_findings=most)
    checked = CheckedFile(source.file, summary.records, summary.found.listed())
    shown = {name: show([checked], False) for name, show in FORMATS.items()}
    json.loads(shown["json"])
    "".join(shown.values()).encode()
    with suppress(InvalidDatasetError):
        # What was mended stays mended.
        lines = list(fixed_lines(kind, source, model, lambda _line, _done: None))
        again = Source(source.file, lambda: [line + b"\n" for line in lines])
        assert list(fixed_lines(kind, again, model, lambda _line, _done: None)) == lines


def check_quality(content: bytes, random: Random) -> None:
    """All of the check, of files that have everything in common."""
    sources = {kind: Source(f"{kind}.jsonl", lambda: [content]) for kind in DATASET_FILES}
    validate(sources, random.choice(MODELS), most_findings=1_000)


def prepare(content: bytes, random: Random) -> None:
    """What `prepare` does with the file, whatever its name says it is."""
    wanted, model = random.choice(get_args(Format)), random.choice(MODELS)
    told = random.choice([Keys(), Keys(question="messages", answer="topic"), Keys(topic="topic")])
    reader = ExampleReader("rows", told, random.choice(["", "Be brief."]), random.choice(get_args(TopicUse)))
    with suppress(SourceError):
        for row in read_rows(f"rows{random.choice(ENDINGS)}", BytesIO(content)):
            with suppress(RecordError):
                line_of(reader.read(row.content), wanted, model).decode()


def card(content: bytes, _: Random) -> None:
    with suppress(InvalidDatasetError):
        read_card(content)


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def parquet() -> bytes:
    stream = BytesIO()
    write_table(Table.from_pylist([{"question": "How long?", "answer": "30 days.", "topic": None}]), stream)
    return stream.getvalue()


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


READERS = {
    "the check": Reader(check_dataset),
    "prepare": Reader(prepare),
    "the card": Reader(card),
    # It loads a language model each time, for half a second.
    "the check with quality": Reader(check_quality, weight=0.001, joined=1_000),
}
LONG = b"x" * (MAX_LINE_BYTES + 1)
PIECES = [
    *(b'"', b"\\", b"\n", b"\r\n", b"\0", b"}{", b",", b"[", b"{", b"NaN", b"null", b'""', b"[" * 3_000, b"9" * 5_000),
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\\ud800", "ござる".encode(), "\u2028\ufeff".encode(), b"\nHuman:", b"1e999"),
]
WHOLE = [
    *(code.example for code in (*CODES.values(), *QUALITY_CODES.values()) if isinstance(code.example, bytes)),
    b'{"question": "How long?", "referenceAnswer": "30 days.", "topic": "returns"}\n',
    to_line(from_messages(json.loads(codes.SYSTEM_EMPTY.example), "converse")),
    '質問,回答,カテゴリ\r\n"返品は。","はい、""三十日""以内です。",返品\r\n'.encode(),
    b"question\tanswer\nHow long?\t30 days.\n",
    b'{"version": 2, "items": [{"question": "How long?", "answer": "30 days.", "topic": "returns"}]}',
    '{"pattern": {"name": "ござる", "regex": "ござる。?$"}, "thinTopics": {"topics": ["a"], "reason": "b"}}'.encode(),
    parquet(),
]

if __name__ == "__main__":
    sys.exit(main())
