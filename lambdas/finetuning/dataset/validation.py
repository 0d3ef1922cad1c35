"""Everything there is to say of a dataset's files: what `bedrock-ft validate` and ValidateDataset both say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from finetuning.base_models import BaseModel
from finetuning.dataset.codes import Finding
from finetuning.dataset.files import FileSummary, Source, check_file, check_whole_files
from finetuning.dataset.records import Record
from finetuning.run_store import DatasetFile


@dataclass(frozen=True)
class Validation:
    """findings: file by file, and by line within each."""

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
    see: Callable[[DatasetFile, int, Sequence[Record]], None] | None = None,
) -> Validation:
    """Check the files that are given against the base model's rules, each in one pass.

    most_findings: of a file and severity; the others are counted. see: gets all records without errors, in order,
    some at a time, with their file and the line of the first.
    """
    summaries = {}
    for kind, source in sources.items():
        of_kind = partial(see, kind) if see else None
        summaries[kind] = check_file(kind, source, model, most_findings=most_findings, see=of_kind)
    findings = [finding for summary in summaries.values() for finding in summary.findings]
    return Validation(summaries, findings + check_whole_files(summaries, model))
