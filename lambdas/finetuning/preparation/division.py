"""How records are divided between a dataset's files: by shares, each topic alike, near-duplicates together."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from finetuning.run_store import DATASET_FILES, DatasetFile

Shares = Mapping[DatasetFile, int]


@dataclass(frozen=True)
class Item:
    """What counts of a record. group: records of the same group must not be parted; evaluable: whether it can be
    evaluation data, which is one question with one answer."""

    topic: str
    question: str
    group: int
    evaluable: bool = True


def divide(items: Sequence[Item], shares: Shares, seed: int) -> list[DatasetFile]:
    """The file of each item. shares: percent, together 100.

    The same items, shares and seed give the same files on every machine. A topic's first group is training data, since
    what is not trained cannot be validated. What rounding leaves over, small topics leave to larger ones.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        groups[item.group].append(index)
    topics: dict[str, list[list[int]]] = defaultdict(list)
    for members in groups.values():
        topics[items[members[0]].topic].append(members)

    files: list[DatasetFile] = ["training"] * len(items)
    wanted = dict.fromkeys(DATASET_FILES, 0.0)
    for _, of_topic in sorted(topics.items(), key=lambda topic: (sum(map(len, topic[1])), topic[0])):
        size = sum(map(len, of_topic))
        for file in DATASET_FILES:
            wanted[file] += size * shares[file] / 100
        # The largest first: what is small fills what they leave.
        of_topic.sort(key=lambda members: (-len(members), _shuffled(items[members[0]].question, seed)))
        for number, members in enumerate(of_topic):
            evaluable = all(items[index].evaluable for index in members)
            allowed = [file for file in DATASET_FILES if shares[file] and (evaluable or file != "evaluation")]
            file = allowed[0] if number == 0 else max(allowed, key=wanted.__getitem__)
            wanted[file] -= len(members)
            for index in members:
                files[index] = file
    return files


def _shuffled(question: str, seed: int) -> bytes:
    """A place among the others that hangs on the text alone: a record that is added moves few others."""
    return hashlib.sha256(f"{seed}\n{question}".encode()).digest()


def possible_shares(wanted: Shares, fits: Callable[[Shares], bool]) -> Shares | None:
    """The shares nearest to the wanted ones that fit, of the same files; None: there are none."""
    candidates: list[Shares] = [
        {"training": 100 - validation - evaluation, "validation": validation, "evaluation": evaluation}
        for evaluation in (range(1, 99) if wanted["evaluation"] else [0])
        for validation in range(1, 100 - evaluation)
    ]
    candidates.sort(key=lambda shares: sum(abs(shares[file] - wanted[file]) for file in wanted))
    return next(filter(fits, candidates), None)


def count_by_topic(items: Sequence[Item], files: Sequence[DatasetFile]) -> Mapping[str, Mapping[DatasetFile, int]]:
    """How many records of each topic went into each file; topics in the order in which they come."""
    counts: dict[str, dict[DatasetFile, int]] = {}
    for item, file in zip(items, files, strict=True):
        counts.setdefault(item.topic, dict.fromkeys(DATASET_FILES, 0))[file] += 1
    return counts
