"""The S3 objects of a model customization job: the data it reads, the metrics it writes where Bedrock writes them."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from finetuning.base_models import BaseModel

from local.bedrock.errors import AwsError, validation_error
from local.bedrock.models import Learnt
from local.bedrock.training_data import InvalidDataError, read_records
from local.stand_in import TrainingRecord

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


@dataclass(frozen=True)
class S3Uri:
    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> "S3Uri":
        parts = urlsplit(uri)
        return cls(parts.netloc, parts.path.strip("/"))

    def __truediv__(self, name: str) -> "S3Uri":
        return S3Uri(self.bucket, f"{self.key}/{name}" if self.key else name)


@dataclass(frozen=True)
class JobData:
    """What a job learns from; problem: why it will fail instead."""

    training: Sequence[TrainingRecord] = ()
    validation: Sequence[TrainingRecord] = ()
    problem: str | None = None


def read_job_data(s3: "S3Client", training_uri: str, validation_uris: Iterable[str], base_model: BaseModel) -> JobData:
    """Unfit data is a problem that the job meets later; data that cannot be read raises ValidationException now."""
    training_file = _read(s3, training_uri)
    validation_files = [_read(s3, uri) for uri in validation_uris]
    limits = base_model.limits
    try:
        training = _checked(training_file, base_model, "training", limits.training_bytes)
        _check_count(len(training), limits.training_min, limits.training_max, f"{base_model.name}: training")
        validation = [
            record
            for file in validation_files
            for record in _checked(file, base_model, "validation", limits.validation_bytes)
        ]
        if validation_files:
            _check_count(
                len(validation), limits.validation_min, limits.validation_max, f"{base_model.name}: validation"
            )
        _check_count(
            len(training) + len(validation), 0, limits.total_max, f"{base_model.name}: training and validation"
        )
    except InvalidDataError as error:
        return JobData(problem=str(error))
    return JobData(training, validation)


def _checked(file: bytes, base_model: BaseModel, kind: str, most_bytes: int) -> list[TrainingRecord]:
    if len(file) > most_bytes:
        raise InvalidDataError(f"The {kind} data is larger than {most_bytes} bytes.")
    try:
        return read_records(file, base_model)
    except InvalidDataError as error:
        raise InvalidDataError(f"The {kind} data is malformed: {error}.") from error


def _check_count(count: int, least: int, most: int, of: str) -> None:
    if not least <= count <= most:
        raise InvalidDataError(f"{of} data has {count} records; allowed are {least} to {most}.")


def _read(s3: "S3Client", uri: str) -> bytes:
    source = S3Uri.parse(uri)
    try:
        return s3.get_object(Bucket=source.bucket, Key=source.key)["Body"].read()
    except ClientError as error:
        raise _no_permission("GetObject", source, error) from error


def check_output(s3: "S3Client", uri: str) -> None:
    """Leaves the file that Bedrock leaves. Raises ValidationException if nothing can be written there."""
    target = S3Uri.parse(uri) / ".write_access_check_file.tmp"
    try:
        s3.put_object(Bucket=target.bucket, Key=target.key, Body=b"")
    except ClientError as error:
        raise _no_permission("PutObject", target, error) from error


def _no_permission(action: str, where: S3Uri, error: ClientError) -> AwsError:
    code = error.response["Error"]["Code"]
    return validation_error(
        f"Could not validate {action} permissions to access Amazon S3 bucket {where.bucket} at key {where.key}: {code}."
    )


def write_metrics(s3: "S3Client", output_uri: str, job_id: str, base_model: BaseModel, learnt: Learnt) -> None:
    """The two CSV files of a completed job; that of the validation only if there was any."""
    job = S3Uri.parse(output_uri) / f"model-customization-job-{job_id}"
    training = job / "training_artifacts" / "step_wise_training_metrics.csv"
    steps = ((each.step, each.epoch, each.training_loss) for each in learnt.steps)
    _write_csv(s3, training, "training_loss", steps, perplexity=base_model.perplexity)
    if learnt.epochs:
        validation = job / "validation_artifacts" / "post_fine_tuning_validation" / "validation_metrics.csv"
        epochs = ((each.step, each.epoch, each.validation_loss) for each in learnt.epochs)
        _write_csv(s3, validation, "validation_loss", epochs, perplexity=base_model.perplexity)


def _write_csv(
    s3: "S3Client", target: S3Uri, loss: str, rows: Iterable[tuple[int, int, float]], *, perplexity: bool
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("step_number", "epoch_number", loss, *(("perplexity",) if perplexity else ())))
    writer.writerows((*row, *((math.exp(row[-1]),) if perplexity else ())) for row in rows)
    s3.put_object(Bucket=target.bucket, Key=target.key, Body=text.getvalue().encode(), ContentType="text/csv")
