"""The layout of a run in the results bucket: runs/<run id>/…"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

AnsweringModel = Literal["base", "custom"]
DatasetFile = Literal["training", "validation", "evaluation"]
DATASET_FILES: tuple[DatasetFile, ...] = ("training", "validation", "evaluation")

RESULT = "result.json"
REPORT = "report.html"
# What a later run needs to go on from this one; written once the dataset is captured.
RUN = "run.json"
TRAINING = "training.json"
# What its training data holds on each of its questions; below dataset/, since it is the dataset's.
COVERAGE = "dataset/coverage.json"
CALIBRATION = "scores/calibration.json"
JOB_OUTPUT = "job/"
# The life of what served the custom model.
HOST = "host.json"
# The folder of what the guard removed.
REAPED = "reaped/"


# What S3 answers to a write over an object that is another one now, is being written at this moment, or is gone.
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")


def dataset_key(file: DatasetFile) -> str:
    return f"dataset/{file}.jsonl"


def answers_key(model: AnsweringModel, batch: int) -> str:
    return f"answers/{model}/{batch:03d}.json"


def judgements_key(model: AnsweringModel, batch: int) -> str:
    return f"scores/{model}/{batch:03d}.json"


def scores_key(model: AnsweringModel) -> str:
    return f"scores/{model}.json"


def removal_key(kind: str, created_at: datetime) -> str:
    """Of what the guard removed: a host or a job, by when Bedrock created it."""
    return f"{REAPED}{created_at:%Y%m%dT%H%M%SZ}-{kind}.json"


def split_s3_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` → (bucket, key). No URL parser: in a key, `?` and `#` are characters like any other."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


@dataclass(frozen=True)
class Version:
    """A document as it was read, and S3's ETag of it."""

    document: dict[str, Any]
    etag: str


class RunStore:
    """Reads and writes the objects of one run, or of one sweep; keys are relative to its prefix."""

    def __init__(self, s3: "S3Client", bucket: str, run_id: str, *, folder: str = "runs") -> None:
        self._s3, self.bucket, self._prefix = s3, bucket, f"{folder}/{run_id}/"

    def key(self, key: str) -> str:
        return self._prefix + key

    def uri(self, key: str) -> str:
        return f"s3://{self.bucket}/{self._prefix}{key}"

    def write_text(self, key: str, text: str, content_type: str) -> None:
        """Half a surrogate pair, which a model may answer and UTF-8 has no place for, is written as JSON's \\udXXX."""
        self._put(key, text, content_type)

    def write_json(self, key: str, document: Mapping[str, Any]) -> None:
        self._put(key, _json(document), "application/json")

    def write_version(self, key: str, document: Mapping[str, Any], earlier: str | None) -> str | None:
        """Its ETag; None, and nothing is written, where the object is no longer that of the ETag `earlier`.

        earlier: None where there is no such object.
        """
        condition = {"IfMatch": earlier} if earlier else {"IfNoneMatch": "*"}
        try:
            return self._put(key, _json(document), "application/json", **condition)
        except self._s3.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _CHANGED:
                return None
            raise

    def _put(self, key: str, text: str, content_type: str, **condition: Any) -> str:  # noqa: ANN401 - put_object's
        return self._s3.put_object(
            Bucket=self.bucket,
            Key=self.key(key),
            Body=text.encode(errors="backslashreplace"),
            ContentType=f"{content_type}; charset=utf-8",
            **condition,
        )["ETag"]

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys of all objects below a prefix."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key(prefix))
        for page in pages:
            for found in page.get("Contents", []):
                yield found["Key"].removeprefix(self._prefix)

    def copy_from(self, other: "RunStore", key: str) -> None:
        """Inside S3, also what is larger than one copy may be. Raises ClientError where there is no such object."""
        self._s3.copy({"Bucket": other.bucket, "Key": other.key(key)}, self.bucket, self.key(key))

    def find_bytes(self, key: str) -> bytes | None:
        """The object's bytes, or None where there is no such object."""
        return self.find_bytes_at(self.uri(key))

    def find_bytes_at(self, uri: str) -> bytes | None:
        """The same for any object that the function may read."""
        try:
            return self._read(*split_s3_uri(uri))
        except self._s3.exceptions.NoSuchKey:
            return None

    def find_version(self, key: str) -> Version | None:
        """The parsed document with what write_version must be told; None where there is no such object."""
        try:
            found = self._s3.get_object(Bucket=self.bucket, Key=self.key(key))
        except self._s3.exceptions.NoSuchKey:
            return None
        return Version(json.loads(found["Body"].read()), found["ETag"])

    def find_json(self, key: str) -> dict[str, Any] | None:
        """The parsed document, or None where there is no such object."""
        found = self.find_version(key)
        return found.document if found else None

    def read_json(self, key: str) -> dict[str, Any]:
        """The parsed document. Raises NoSuchKey where there is no such object."""
        document: dict[str, Any] = json.loads(self._read(self.bucket, self.key(key)))
        return document

    def read_jsonl(self, key: str) -> list[Any]:
        """One value a line. Raises NoSuchKey where there is no such object."""
        # Not splitlines: a carriage return may stand inside a line of JSON.
        return [json.loads(line) for line in self._read(self.bucket, self.key(key)).split(b"\n") if line]

    def _read(self, bucket: str, key: str) -> bytes:
        return self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
