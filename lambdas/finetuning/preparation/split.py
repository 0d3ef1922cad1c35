"""Checked examples, divided into the files of a dataset, in the messages format: a run takes it for every base model.

This module needs the scoring layer (scipy, numpy).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from finetuning import coverage
from finetuning.base_models import BaseModel
from finetuning.dataset import codes
from finetuning.errors import InvalidDatasetError
from finetuning.preparation.division import Item, Shares, count_by_topic, divide, possible_shares
from finetuning.preparation.groups import same_questions
from finetuning.preparation.records import Example, line_of
from finetuning.preparation.rules import problems_of_counts
from finetuning.record_formats import RecordError, to_line
from finetuning.run_store import DATASET_FILES, DatasetFile


@dataclass(frozen=True)
class Split:
    """lines: of each file that is wanted, in the order of the source; counts: topic → file → records ("": no topic).

    kept_together: records that ask the same as another; not_evaluable: those that evaluation data has no place for.
    """

    lines: Mapping[DatasetFile, Sequence[bytes]]
    counts: Mapping[str, Mapping[DatasetFile, int]]
    kept_together: int
    not_evaluable: int


def split(examples: Sequence[Example], shares: Shares, seed: int, model: BaseModel) -> Split:
    """examples: with records that keep the base model's rules, and topics where evaluation data is wanted.
    shares: percent of all three files, together 100.

    Raises InvalidDatasetError where a file would have fewer or more records than the base model takes, also where no
    shares are better: a run refuses such a dataset anyway. The error says which shares would do, or that none would.
    """
    as_evaluation = _evaluation_lines(examples, model) if shares["evaluation"] else [b"" for _ in examples]
    asked = [coverage.example(each.record, line).shortened() for line, each in enumerate(examples, start=1)]
    groups = same_questions(asked)
    items = [
        Item(each.topic, of_record.question, group, line is not None)
        for each, of_record, group, line in zip(examples, asked, groups, as_evaluation, strict=True)
    ]
    files = divide(items, shares, seed)
    lines: dict[DatasetFile, list[bytes]] = {file: [] for file in DATASET_FILES if shares[file]}
    for example, evaluation, file in zip(examples, as_evaluation, files, strict=True):
        lines[file].append(evaluation if file == "evaluation" and evaluation else to_line(example.record))
    sizes = Counter(groups)
    counts = count_by_topic(items, files)
    kept = (
        f"records that ask the same stay together (up to {max(sizes.values()):,} of them), "
        f"and one of each topic in training ({len(counts):,} topics)"
    )
    _check({file: len(of_file) for file, of_file in lines.items()}, shares, kept, model)
    together = sum(size for size in sizes.values() if size > 1)
    return Split(lines, counts, together, sum(line is None for line in as_evaluation))


def _evaluation_lines(examples: Sequence[Example], model: BaseModel) -> list[bytes | None]:
    """None where evaluation data has no place for a record. A system prompt that all share is the run's, not lost."""
    prompts = {example.record.get("system") for example in examples}
    lines: list[bytes | None] = []
    for example in examples:
        record = example.record
        if len(prompts) == 1:
            record = {key: value for key, value in record.items() if key != "system"}
        try:
            lines.append(line_of(replace(example, record=record), "evaluation", model))
        except RecordError as error:
            if error.code is not codes.LOSSY:
                raise
            lines.append(None)
    return lines


def _check(counts: Mapping[DatasetFile, int], shares: Shares, kept: str, model: BaseModel) -> None:
    """Raises InvalidDatasetError where a file would have fewer or more records than it may.

    kept: what moved the numbers of records away from the shares.
    """
    problems = problems_of_counts(counts, model)
    if not problems:
        return
    records, limits = sum(counts.values()), model.limits
    others = possible_shares(
        shares, lambda each: not problems_of_counts({f: records * each[f] // 100 for f in counts}, model)
    )
    if others is None:
        advice = (
            f"No shares of {records:,} records would do: {model.name} takes at least {limits.training_min:,} + "
            f"{limits.validation_min:,} records for training and validation, and at most {limits.total_max:,}"
        )
    elif others == shares:
        advice = f"The shares would do, but {kept}: add records, or remove some"
    else:
        options = " ".join(f"--{file} {share}" for file, share in others.items())
        advice = f"Other shares would do, such as {options}"
    raise InvalidDatasetError("divided like this, no run would take the dataset:", [*problems, advice])
