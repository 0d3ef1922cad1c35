"""A dataset's files, each checked in one pass as a stream, and the rules about whole files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from finetuning.base_models import BaseModel
from finetuning.dataset import codes
from finetuning.dataset.codes import Code, Finding, Severity
from finetuning.dataset.fast import right_records
from finetuning.dataset.lines import read_blocks
from finetuning.dataset.records import Record
from finetuning.dataset.rules import check_line
from finetuning.run_config import MAX_SYSTEM_PROMPT
from finetuning.run_store import DatasetFile

# Scoring ends within a Lambda function's 15 minutes: this project's own limit.
MAX_EVALUATION_RECORDS = 500
# Below this, no difference that people would care about can be told from chance.
FEW_EVALUATION_RECORDS = 20

_system_of = attrgetter("system")
See = Callable[[int, Sequence[Record]], None]
"""Is given right records that follow each other, and the line of the first."""


@dataclass
class Findings:
    """The first of a file's findings of each severity, and how many more there are: memory is bounded."""

    file: str
    most: int
    kept: list[Finding] = field(default_factory=list)
    seen: Counter[Severity] = field(default_factory=Counter)

    def add(self, line: int, code: Code, message: str) -> None:
        self.keep(code.at(self.file, line, message))

    def keep(self, finding: Finding) -> None:
        self.seen[finding.severity] += 1
        if self.seen[finding.severity] <= self.most:
            self.kept.append(finding)

    def listed(self) -> list[Finding]:
        listed = list(self.kept)
        for code in (codes.MORE_ERRORS, codes.MORE_WARNINGS):
            if (more := self.seen[code.severity] - self.most) > 0:
                listed.append(code.at(self.file, 0, f"has {more:,} more {code.severity}s than are listed"))
        return listed


@dataclass
class FileSummary:
    """What one pass over a file found. `system_prompts` holds at most two, enough to know whether there is just one."""

    found: Findings
    records: int = 0
    size: int = 0
    system_prompts: set[str | None] = field(default_factory=set)

    @property
    def file(self) -> str:
        return self.found.file


@dataclass(frozen=True)
class Source:
    """A file's name in findings, and what gives its bytes in order, each time from the start."""

    file: str
    read: Callable[[], Iterable[bytes]]


def check_file(
    kind: DatasetFile, source: Source, model: BaseModel, *, most_findings: int, see: See | None = None
) -> FileSummary:
    """Apply the base model's rules to every line of a file, in one pass. Records are lines, right or not.

    most_findings: of each severity; the others are counted. see: gets the records that have no error.
    """
    findings = Findings(source.file, most_findings)
    summary = FileSummary(findings)
    ends_in_cr_lf, first_cr_lf, ended = 0, 0, True

    def take(line: int, records: Sequence[Record]) -> None:
        if len(summary.system_prompts) < 2:
            found = dict.fromkeys(map(_system_of, records))
            for prompt in found:
                if len(summary.system_prompts) < 2:
                    summary.system_prompts.add(prompt or None)
        if see:
            see(line, records)

    def counted() -> Iterator[bytes]:
        for chunk in source.read():
            summary.size += len(chunk)
            yield chunk

    for block in read_blocks(counted()):
        first_line = summary.records + 1
        if block is None:
            summary.records += 1
            _explain(first_line, None, kind, model, findings)
            continue
        ended = block.endswith(b"\n")
        if b"\r" in block and b"\r\n" in block:
            ends_in_cr_lf += block.count(b"\r\n")
            first_cr_lf = first_cr_lf or first_line + block[: block.index(b"\r\n")].count(b"\n")
            block = block.replace(b"\r\n", b"\n")
        records = right_records(block, kind, model)
        if records is not None:
            summary.records += len(records)
            take(first_line, records)
            continue
        for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), start=first_line):
            summary.records += 1
            records = right_records(line, kind, model) or _explain(number, line, kind, model, findings)
            if records:
                take(number, records)
    if ends_in_cr_lf:
        findings.add(0, codes.CRLF, f"lines that end in CR LF: {ends_in_cr_lf:,}, the first is line {first_cr_lf}")
    if not ended:
        findings.add(summary.records, codes.NO_FINAL_NEWLINE, "the last line has no line end")
    return summary


def _explain(
    number: int, line: bytes | None, kind: DatasetFile, model: BaseModel, findings: Findings
) -> Sequence[Record]:
    checked = check_line(line, kind, model)
    for code, message in checked.problems:
        findings.add(number, code, message)
    return [checked.record] if checked.record else []


def check_whole_files(summaries: Mapping[DatasetFile, FileSummary], model: BaseModel) -> list[Finding]:
    """The rules about the files that are there: how many records, how many bytes, which system prompts."""
    findings = []
    for kind, summary in summaries.items():
        minimum, maximum, size = _ranges(model)[kind]
        if not minimum <= summary.records <= maximum:
            who = "a run" if kind == "evaluation" else model.name
            message = f"has {summary.records:,} records; {who} takes {minimum:,} to {maximum:,}"
            findings.append(codes.RECORD_COUNT.at(summary.file, 0, message))
        if summary.size > size:
            message = f"has {summary.size:,} bytes; at most {size:,} are allowed"
            findings.append(codes.FILE_SIZE.at(summary.file, 0, message))
    if training := summaries.get("training"):
        findings += _check_system_prompts(training, model)
        findings += _check_total(training, summaries.get("validation"), model)
    evaluation = summaries.get("evaluation")
    if evaluation and 0 < evaluation.records < FEW_EVALUATION_RECORDS:
        message = f"has {evaluation.records} records; {FEW_EVALUATION_RECORDS} or more are better"
        findings.append(codes.FEW_EVALUATION_RECORDS.at(evaluation.file, 0, message))
    return findings


def _ranges(model: BaseModel) -> Mapping[DatasetFile, tuple[int, int, int]]:
    """Fewest records, most records, most bytes."""
    limits = model.limits
    return {
        "training": (limits.training_min, limits.training_max, limits.training_bytes),
        "validation": (limits.validation_min, limits.validation_max, limits.validation_bytes),
        "evaluation": (1, MAX_EVALUATION_RECORDS, limits.validation_bytes),
    }


def _check_system_prompts(training: FileSummary, model: BaseModel) -> Iterator[Finding]:
    if model.record_format == "promptCompletion" and training.system_prompts - {None}:
        message = f"its system prompt will stand in front of each question: {model.name} has no other place for it"
        yield codes.SYSTEM_IN_FRONT.at(training.file, 0, message)
    if len(training.system_prompts) > 1:
        yield codes.SYSTEM_PROMPTS_DIFFER.at(training.file, 0, "its records have different system prompts")
        return
    # Where all records share it, both models are told it, and it travels in the execution's state.
    prompt = next(iter(training.system_prompts), None)
    if prompt and len(prompt) > MAX_SYSTEM_PROMPT:
        message = f"its system prompt has {len(prompt):,} characters; at most {MAX_SYSTEM_PROMPT:,} are allowed"
        yield codes.SYSTEM_PROMPT.at(training.file, 0, message)


def _check_total(training: FileSummary, validation: FileSummary | None, model: BaseModel) -> Iterator[Finding]:
    total = training.records + (validation.records if validation else 0)
    if validation and total > model.limits.total_max:
        message = (
            f"training and validation data have {total:,} records together; "
            f"at most {model.limits.total_max:,} are allowed"
        )
        yield codes.RECORD_COUNT.at(training.file, 0, message)
