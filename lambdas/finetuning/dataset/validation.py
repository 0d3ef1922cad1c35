"""Everything there is to say of a dataset's files: what `bedrock-ft validate` and ValidateDataset both say.

This module needs the scoring layer.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from finetuning.base_models import BASE_MODELS, BaseModel
from finetuning.coverage import Example, example
from finetuning.dataset import codes
from finetuning.dataset.codes import Finding
from finetuning.dataset.fast import right_records
from finetuning.dataset.files import FileSummary, Source, check_file, check_whole_files
from finetuning.dataset.lines import read_blocks
from finetuning.dataset.quality import quality_findings
from finetuning.dataset.records import Record
from finetuning.dataset.rules import check_line
from finetuning.run_store import DatasetFile

# Of all files together: more records than any base model takes, and as many bytes as are compared in a few minutes.
MOST_COMPARED_RECORDS = max(model.limits.total_max for model in BASE_MODELS.values())
MOST_COMPARED_BYTES = 100_000_000


@dataclass(frozen=True)
class Validation:
    """findings: file by file; those of its lines before those of the whole file and of its quality."""

    summaries: Mapping[DatasetFile, FileSummary]
    findings: Sequence[Finding]

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "warning"]


def validate(
    sources: Mapping[DatasetFile, Source],
    model: BaseModel,
    *,
    most_findings: int,
    thin_on_purpose: Collection[str] = (),
    see: Callable[[DatasetFile, int, Sequence[Record]], None] | None = None,
) -> Validation:
    """Check the files that are given against the base model's rules, and then what their right records say.

    most_findings: of a file and severity; the others are counted. thin_on_purpose: as the dataset's card has it. see:
    gets all records without errors, in order, some at a time, with their file and the line of the first.
    """
    summaries = {}
    for kind, source in sources.items():
        of_kind = partial(see, kind) if see else None
        summaries[kind] = check_file(kind, source, model, most_findings=most_findings, see=of_kind)
    by_name = {summary.file: summary for summary in summaries.values()}
    for finding in check_whole_files(summaries, model):
        by_name[finding.file].found.keep(finding)
    for kind, finding in _quality(sources, summaries, model, thin_on_purpose):
        summaries[kind].found.keep(replace(finding, file=sources[kind].file))
    return Validation(summaries, [each for summary in summaries.values() for each in summary.found.listed()])


def _quality(
    sources: Mapping[DatasetFile, Source],
    summaries: Mapping[DatasetFile, FileSummary],
    model: BaseModel,
    thin_on_purpose: Collection[str],
) -> Iterator[tuple[DatasetFile, Finding]]:
    records, size = (sum(getattr(each, what) for each in summaries.values()) for what in ("records", "size"))
    if records > MOST_COMPARED_RECORDS or size > MOST_COMPARED_BYTES:
        message = (
            f"{records:,} records and {size:,} bytes in all; {MOST_COMPARED_RECORDS:,} and {MOST_COMPARED_BYTES:,} "
            "are compared at most"
        )
        for kind, summary in summaries.items():
            yield kind, codes.QUALITY_SKIPPED.at(summary.file, 0, message)
        return
    kinds = {f"{kind}.jsonl": kind for kind in sources}
    examples = {kind: _right_examples(kind, source, model) for kind, source in sources.items()}
    for finding in quality_findings(examples, thin_on_purpose):
        yield kinds[finding.file], finding


def _right_examples(kind: DatasetFile, source: Source, model: BaseModel) -> Iterator[Example]:
    """The records that have no errors, with their lines."""
    number = 0
    for block in read_blocks(source.read()):
        for line in [None] if block is None else block.removesuffix(b"\n").split(b"\n"):
            number += 1
            records = right_records(line, kind, model) if line is not None else None
            if line and (records or check_line(line, kind, model).record):
                yield example(json.loads(line), number)
