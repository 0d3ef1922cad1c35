"""How fast files are checked, beside parsing each line with json and validating it with pydantic; `make bench`.

Both read the same files, in turns, in one process; the best of several rounds counts. Seconds are of the processor, so
that other programs matter little. The reference keeps the published rules of the format. Neither compares records for
their quality nor counts tokens. Then the whole command's time and memory, with a gigabyte too.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Literal

from finetuning.base_models import DEFAULT_BASE_MODEL, base_model
from finetuning.dataset.files import Source, check_file
from pydantic import BaseModel as Model
from pydantic import ConfigDict, Field, field_validator, model_validator
from records import Maker
from rich.console import Console
from rich.table import Table

from tests.unit.shipped_datasets import ShippedDataset

RECORDS = 10_000
ROUNDS = 7
GIGABYTE = 10**9
MOST_MEGABYTES = 200
CHUNK_BYTES = 128 * 1024
AT_LEAST = 5
MODEL = base_model(DEFAULT_BASE_MODEL)


class Message(Model):
    model_config = ConfigDict(extra="forbid", strict=True)

    role: Literal["user", "assistant"]
    content: str

    @field_validator("content")
    @classmethod
    def _is_text(cls, content: str) -> str:
        if not content.strip():
            raise ValueError("content is empty")
        return refuse_reserved(content)


class Conversation(Model):
    model_config = ConfigDict(extra="forbid", strict=True)

    system: str = ""
    messages: list[Message] = Field(min_length=2)

    @field_validator("system")
    @classmethod
    def _is_not_reserved(cls, system: str) -> str:
        return refuse_reserved(system)

    @model_validator(mode="after")
    def _alternate(self) -> "Conversation":
        roles = [message.role for message in self.messages]
        if roles != ["user", "assistant"] * (len(roles) // 2):
            raise ValueError("roles do not alternate")
        # As for tokens, a bound is enough here too.
        if len(self.system) + sum(len(message.content) for message in self.messages) > MODEL.limits.tokens_per_record:
            raise ValueError("too long")
        return self


def refuse_reserved(text: str) -> str:
    for word in MODEL.reserved:
        if word in text:
            raise ValueError(f"holds {word!r}")
    return text


def by_pydantic(path: Path) -> int:
    """The number of records that are right."""
    right = 0
    with path.open("rb") as lines:
        for line in lines:
            Conversation.model_validate(json.loads(line))
            right += 1
    return right


def by_us(path: Path) -> int:
    summary = check_file("training", Source(path.name, lambda: chunks(path)), MODEL, most_findings=1)
    assert not summary.found.kept
    return summary.records


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk


def seconds(check: Callable[[Path], int], path: Path) -> float:
    start = process_time()
    assert check(path) == RECORDS
    return process_time() - start


def write_samples(folder: Path) -> list[Path]:
    """10,000 different records a file, made of the shipped datasets'."""
    english = [record for record in ShippedDataset("bedrock-faq").records("training") if json.dumps(record).isascii()]
    english = [record for record in english if "\\u" not in json.dumps(record)]
    japanese = ShippedDataset("gozaru").records("training")
    paths = []
    for name, records in {"English": english, "Japanese": japanese, "mixed": english + japanese}.items():
        path = folder / f"{name}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for number in range(RECORDS):
                record = records[number % len(records)]
                question, answer = record["messages"]
                asked = {**question, "content": f"{number}. {question['content']}"}
                file.write(json.dumps({**record, "messages": [asked, answer]}, ensure_ascii=False) + "\n")
        paths.append(path)
    return paths


def compare(paths: Sequence[Path], console: Console) -> bool:
    """Whether we are as much faster as we claim to be, on every file."""
    ratios: list[float] = []
    table = Table("records", "bytes", "ours, records/s", "json + pydantic, records/s", "ratio")
    for path in paths:
        rounds = [(seconds(by_us, path), seconds(by_pydantic, path)) for _ in range(ROUNDS)]
        ours, theirs = map(min, zip(*rounds, strict=True))
        ratios.append(theirs / ours)
        speeds = (f"{RECORDS / best:,.0f}" for best in (ours, theirs))
        table.add_row(f"{RECORDS:,} {path.stem}", f"{path.stat().st_size:,}", *speeds, f"{ratios[-1]:.1f}")
    console.print(table)
    console.print(f"the ratio shall be {AT_LEAST} or more")
    return min(ratios) >= AT_LEAST


def run_command(paths: Sequence[Path], console: Console) -> bool:
    """Whether each file takes no more memory than we claim."""
    peaks: list[float] = []
    table = Table("bedrock-ft validate", "bytes", "seconds", "peak MB")
    for path in paths:
        start = perf_counter()
        process = subprocess.Popen([sys.executable, "-m", "cli.main", "validate", path], stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
        took = perf_counter() - start
        peaks.append(usage.ru_maxrss / 1024)
        table.add_row(path.stem, f"{path.stat().st_size:,}", f"{took:.1f}", f"{peaks[-1]:.0f}")
    console.print(table)
    console.print(f"the peak shall be {MOST_MEGABYTES} MB or less")
    return max(peaks) <= MOST_MEGABYTES


def write_made_up(folder: Path) -> Path:
    """As many records as Claude 3 Haiku takes, as alike as those of a real dataset."""
    path = folder / "training.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for made in Maker().examples(RECORDS):
            turns = (("user", made.question), ("assistant", made.answer))
            messages = [{"role": role, "content": content} for role, content in turns]
            file.write(json.dumps({"system": "Be brief.", "messages": messages}, ensure_ascii=False) + "\n")
    return path


def write_gigabyte(sample: Path) -> Path:
    path = sample.with_name("gigabyte.jsonl")
    content = sample.read_bytes()
    with path.open("wb") as file:
        while file.tell() < GIGABYTE:
            file.write(content)
    return path


def main() -> int:
    """0, or 1 where a claim is not kept."""
    console = Console()
    with tempfile.TemporaryDirectory() as folder:
        samples = write_samples(Path(folder))
        fast = compare(samples, console)
        small = run_command([write_made_up(Path(folder)), write_gigabyte(samples[-1])], console)
    return 0 if fast and small else 1


if __name__ == "__main__":
    sys.exit(main())
