"""ValidateDataset: apply the base model's rules, then keep the run's own copy in the base model's format.

A run that goes on from an earlier one takes that run's copy over, and everything that was made with it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from finetuning import resume
from finetuning.card import Card, read_card
from finetuning.coverage import measure, read_examples
from finetuning.dataset import codes
from finetuning.dataset.copies import batches, render
from finetuning.dataset.files import FEW_EVALUATION_RECORDS, FileSummary, Source
from finetuning.dataset.records import Record
from finetuning.dataset.validation import Validation, validate
from finetuning.errors import InvalidDatasetError
from finetuning.run_store import COVERAGE, DATASET_FILES, DatasetFile, dataset_key, split_s3_uri
from finetuning.task import Task, task
from finetuning.texts import texts

if TYPE_CHECKING:
    from hashlib import _Hash

CHUNK_BYTES = 1024 * 1024
# Of a file and severity: they travel in an error's message, and in the execution's state.
MOST_FINDINGS = 20
# Said in the run's own language.
_TRANSLATED = (codes.SYSTEM_PROMPTS_DIFFER, codes.FEW_EVALUATION_RECORDS)


@task
def handler(task: Task) -> Mapping[str, Any]:
    earlier = task.run.earlier_runs
    dataset = resume.take_over(task.store, task.store_of(earlier[0]), task.run) if earlier else _capture(task)
    resume.leave(task.store, task.execution_arn, task.run, dataset)
    return dataset


def _capture(task: Task) -> Mapping[str, Any]:
    sources = {file: getattr(task.run.dataset, file) for file in DATASET_FILES}
    etags: dict[DatasetFile, str] = {}

    def read(file: DatasetFile) -> Iterator[bytes]:
        """Each pass (to check, to look at quality, to copy, to compare) reads the same object: the ETag ties them."""
        etags[file], chunks = _open(task, sources[file], etags.get(file))
        return chunks

    card = _card(task)
    tokens: Counter[DatasetFile] = Counter()

    def count(file: DatasetFile, _line: int, records: Sequence[Record]) -> None:
        tokens[file] += sum(record.tokens for record in records)

    validation = validate(
        {file: Source(f"{file}.jsonl", partial(read, file)) for file in DATASET_FILES},
        task.base_model,
        most_findings=MOST_FINDINGS,
        thin_on_purpose=card.thin_topics,
        see=count,
    )
    if validation.errors:
        raise InvalidDatasetError(
            f"The dataset {task.run.dataset.name!r} breaks {task.base_model.name}'s rules:",
            [str(finding) for finding in validation.errors],
        )
    # Nothing of a dataset that breaks a rule is kept.
    digests = {file: _copy(task, file, read(file)) for file in DATASET_FILES}
    coverage = measure(*([each.shortened() for each in read_examples(read(file))] for file in DATASET_FILES))
    task.store.write_json(COVERAGE, coverage)
    return {
        **{
            file: {
                "uri": task.store.uri(dataset_key(file)),
                "source": sources[file],
                "sha256": digests[file],
                "records": summary.records,
                "tokens": tokens[file],
            }
            for file, summary in validation.summaries.items()
        },
        "systemPrompt": _system_prompt(task, validation.summaries["training"]),
        "batches": batches(validation.summaries["evaluation"].records),
        "pattern": card.pattern.to_json() if card.pattern else None,
        "trained": False,
        "customModelAnswered": False,
        "warnings": _warnings(task, validation),
    }


def _card(task: Task) -> Card:
    """The dataset's, or one that says nothing. Raises InvalidDatasetError for a card that cannot be used."""
    card = task.store.find_bytes_at(task.run.dataset.card) if task.run.dataset.card else None
    return read_card(card) if card is not None else Card()


def _copy(task: Task, file: DatasetFile, chunks: Iterator[bytes]) -> str:
    """Writes the run's own copy; returns the source's SHA-256."""
    digest = hashlib.sha256()
    copy = _Stream(render(file, _digested(chunks, digest), task.base_model))
    task.services.s3.upload_fileobj(
        cast(IO[bytes], copy),
        task.store.bucket,
        task.store.key(dataset_key(file)),
        ExtraArgs={"ContentType": "application/jsonl; charset=utf-8"},
    )
    return digest.hexdigest()


def _open(task: Task, uri: str, etag: str | None = None) -> tuple[str, Iterator[bytes]]:
    bucket, key = split_s3_uri(uri)
    s3 = task.services.s3
    answer = s3.get_object(Bucket=bucket, Key=key, IfMatch=etag) if etag else s3.get_object(Bucket=bucket, Key=key)
    return answer["ETag"], answer["Body"].iter_chunks(CHUNK_BYTES)


def _digested(chunks: Iterator[bytes], digest: "_Hash") -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _system_prompt(task: Task, training: FileSummary) -> str | None:
    """What both models are told when they are asked: the input's, else the one that all training data shares."""
    if task.run.system_prompt:
        return task.run.system_prompt
    return next(iter(training.system_prompts)) if len(training.system_prompts) == 1 else None


def _warnings(task: Task, validation: Validation) -> list[str]:
    say, summaries = texts(task.run.language), validation.summaries
    warnings = []
    if len(summaries["training"].system_prompts) > 1 and not task.run.system_prompt:
        warnings.append(say("warnings.systemPromptsDiffer"))
    if (records := summaries["evaluation"].records) < FEW_EVALUATION_RECORDS:
        warnings.append(say("warnings.fewEvaluationRecords", n=records, aim=FEW_EVALUATION_RECORDS))
    return warnings + [str(finding) for finding in validation.warnings if finding.code not in _TRANSLATED]


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
