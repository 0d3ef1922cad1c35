"""How fast files are checked, beside parsing each line with json and validating it with pydantic; `make bench`.

Both read the same files, in turns, in one process; the best of several rounds counts. The reference keeps the same
rules of the format. What comes after those (comparing records for their quality, counting tokens) is in neither.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from finetuning.base_models import DEFAULT_BASE_MODEL, base_model
from finetuning.dataset.files import Source, check_file
from pydantic import BaseModel as Model
from pydantic import ConfigDict, Field, field_validator, model_validator
from rich.console import Console
from rich.table import Table

from tests.unit.shipped_datasets import ShippedDataset

RECORDS = 10_000
ROUNDS = 7
CHUNK_BYTES = 256 * 1024
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
    assert not summary.found.listed()
    return summary.records


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk


def seconds(check: Callable[[Path], int], path: Path) -> float:
    start = time.perf_counter()
    assert check(path) == RECORDS
    return time.perf_counter() - start


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


def main() -> None:
    table = Table("records", "bytes", "ours, records/s", "json + pydantic, records/s", "ratio")
    with tempfile.TemporaryDirectory() as folder:
        for path in write_samples(Path(folder)):
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(seconds(by_us, path))
                theirs.append(seconds(by_pydantic, path))
            ratio = min(theirs) / min(ours)
            speeds = (f"{RECORDS / min(times):,.0f}" for times in (ours, theirs))
            table.add_row(f"{RECORDS:,} {path.stem}", f"{path.stat().st_size:,}", *speeds, f"{ratio:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
