"""ValidateDataset: apply the base model's rules, then keep the run's own copy in the base model's format.

A run that goes on from an earlier one takes that run's copy over, and everything that was made with it.
"""

from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

from finetuning import resume
from finetuning.card import Pattern, read_pattern
from finetuning.coverage import measure, read_examples
from finetuning.coverage_findings import Coverage, record_findings
from finetuning.dataset import FEW_EVALUATION_RECORDS, FileSummary, batches, check_counts, check_file, render
from finetuning.errors import InvalidDatasetError
from finetuning.run_store import COVERAGE, DATASET_FILES, DatasetFile, dataset_key, split_s3_uri
from finetuning.task import Task, task
from finetuning.texts import texts

CHUNK_BYTES = 1024 * 1024


@task
def handler(task: Task) -> Mapping[str, Any]:
    earlier = task.run.earlier_runs
    dataset = resume.take_over(task.store, task.store_of(earlier[0]), task.run) if earlier else _capture(task)
    resume.leave(task.store, task.run, dataset)
    return dataset


def _capture(task: Task) -> Mapping[str, Any]:
    sources = {file: getattr(task.run.dataset, file) for file in DATASET_FILES}
    # A pass to check, one to copy, one to compare: nothing of a dataset that breaks a rule is kept. The ETag ties them.
    etags, summaries = {}, {}
    for file, uri in sources.items():
        etags[file], chunks = _open(task, uri)
        summaries[file] = check_file(file, chunks, task.base_model)
    findings = [finding for summary in summaries.values() for finding in summary.findings]
    findings += check_counts(summaries, task.base_model)
    if findings:
        raise InvalidDatasetError(
            f"The dataset {task.run.dataset.name!r} breaks {task.base_model.name}'s rules:", [str(f) for f in findings]
        )
    pattern = _pattern(task)
    for file, uri in sources.items():
        _, chunks = _open(task, uri, etags[file])
        source = _Stream(render(file, chunks, task.base_model))
        task.services.s3.upload_fileobj(
            cast(IO[bytes], source),
            task.store.bucket,
            task.store.key(dataset_key(file)),
            ExtraArgs={"ContentType": "application/jsonl; charset=utf-8"},
        )
    coverage = measure(
        *(
            [each.shortened() for each in read_examples(_open(task, uri, etags[file])[1])]
            for file, uri in sources.items()
        )
    )
    task.store.write_json(COVERAGE, coverage)
    return {
        **{file: _describe(task, file, summary) for file, summary in summaries.items()},
        "systemPrompt": _system_prompt(task, summaries["training"]),
        "batches": batches(summaries["evaluation"].records),
        "pattern": pattern.to_json() if pattern else None,
        "trained": False,
        "customModelAnswered": False,
        "warnings": _warnings(task, summaries, coverage),
    }


def _pattern(task: Task) -> Pattern | None:
    """Of the dataset's card, where there is one. Raises InvalidDatasetError for a card that cannot be used."""
    card = task.store.find_bytes_at(task.run.dataset.card) if task.run.dataset.card else None
    return read_pattern(card) if card is not None else None


def _open(task: Task, uri: str, etag: str | None = None) -> tuple[str, Iterator[bytes]]:
    bucket, key = split_s3_uri(uri)
    s3 = task.services.s3
    answer = s3.get_object(Bucket=bucket, Key=key, IfMatch=etag) if etag else s3.get_object(Bucket=bucket, Key=key)
    return answer["ETag"], answer["Body"].iter_chunks(CHUNK_BYTES)


def _describe(task: Task, file: DatasetFile, summary: FileSummary) -> Mapping[str, Any]:
    return {
        "uri": task.store.uri(dataset_key(file)),
        "source": getattr(task.run.dataset, file),
        "sha256": summary.sha256,
        "records": summary.records,
        "tokens": summary.tokens,
    }


def _system_prompt(task: Task, training: FileSummary) -> str | None:
    """What both models are told when they are asked: the input's, else the one that all training data shares."""
    if task.run.system_prompt:
        return task.run.system_prompt
    return next(iter(training.system_prompts)) if len(training.system_prompts) == 1 else None


def _warnings(task: Task, summaries: Mapping[DatasetFile, FileSummary], coverage: Coverage) -> list[str]:
    say, warnings = texts(task.run.language), []
    if len(summaries["training"].system_prompts) > 1 and not task.run.system_prompt:
        warnings.append(say("warnings.systemPromptsDiffer"))
    if (records := summaries["evaluation"].records) < FEW_EVALUATION_RECORDS:
        warnings.append(say("warnings.fewEvaluationRecords", n=records, aim=FEW_EVALUATION_RECORDS))
    return warnings + [finding["text"] for finding in record_findings(coverage, say)]


class _Stream:
    """A file object over pieces of bytes, for boto3's managed upload, which holds a few parts in memory at most."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b""

    def read(self, size: int = -1) -> bytes:
        held = [self._held]
        length = len(self._held)
        while size < 0 or length < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            held.append(piece)
            length += len(piece)
        joined = b"".join(held)
        end = len(joined) if size < 0 else size
        self._held = joined[end:]
        return joined[:end]
