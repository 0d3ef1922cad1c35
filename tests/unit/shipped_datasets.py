"""Reads the datasets that ship with the app, and the tables of their data cards."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetuning.run_store import DatasetFile

DATASETS = Path(__file__).parents[2] / "datasets"


@dataclass(frozen=True)
class ShippedDataset:
    """A folder below datasets/."""

    name: str

    @property
    def folder(self) -> Path:
        return DATASETS / self.name

    def content(self, split: DatasetFile) -> bytes:
        return (self.folder / f"{split}.jsonl").read_bytes()

    def records(self, split: DatasetFile) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.content(split).decode().removesuffix("\n").split("\n")]

    def questions(self, split: DatasetFile) -> list[str]:
        if split == "evaluation":
            return [record["question"] for record in self.records(split)]
        return [record["messages"][0]["content"] for record in self.records(split)]

    def answers(self, split: DatasetFile) -> list[str]:
        if split == "evaluation":
            return [record["referenceAnswer"] for record in self.records(split)]
        return [record["messages"][1]["content"] for record in self.records(split)]

    def card_table(self, header: str) -> dict[str, list[int]]:
        """The rows of the data card's table that starts with `header`: first cell -> its numbers."""
        lines = (self.folder / "README.md").read_text(encoding="utf-8").splitlines()
        start = next(i for i, line in enumerate(lines) if line.startswith(header)) + 2
        rows = {}
        for line in lines[start:]:
            if not line.startswith("|"):
                break
            name, *cells = (cell.strip(" *`") for cell in line.strip("|").split("|"))
            rows[name] = [int(cell) for cell in cells if cell.isdecimal()]
        return rows


def normalised(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of the sets of 5-character sequences."""
    first, second = ({text[i : i + 5] for i in range(len(text) - 4)} for text in map(normalised, (one, other)))
    return len(first & second) / len(first | second)
