"""Results of runs, on this machine or in S3, and the pages that are made of them."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from finetuning.run_store import REPORT, RESULT, split_s3_uri

from cli.errors import CommandError
from cli.json_documents import parse, read
from cli.output import say_result

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

RESULT_HELP = f"a {RESULT}, a run's folder, or the S3 URI of either"
_MISSING = ("404", "NoSuchKey", "NoSuchBucket")


@dataclass(frozen=True)
class FoundResult:
    """given: how it was named; folder: where it lies, None in S3."""

    given: str
    document: Mapping[str, Any]
    folder: Path | None

    @property
    def report(self) -> Path | None:
        """The report that lies beside it."""
        return self.folder / REPORT if self.folder and (self.folder / REPORT).is_file() else None


def find_result(given: str) -> FoundResult:
    """Raises CommandError where there is none, or where it is no result of a run."""
    if given.startswith("s3://"):
        return FoundResult(given, _checked(_download(given), given), None)
    path = Path(given)
    if path.is_dir():
        path /= RESULT
    return FoundResult(given, _checked(read(path), str(path)), path.parent)


def _download(uri: str) -> bytes:
    bucket, key = split_s3_uri(uri)
    if not key.endswith(".json"):
        key = f"{key.rstrip('/')}/{RESULT}".lstrip("/")
    try:
        return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING:
            raise
        raise CommandError(f"there is no s3://{bucket}/{key}: a run's result lies at runs/<run id>/{RESULT}") from error


def _checked(content: bytes, name: str) -> Mapping[str, Any]:
    document = parse(content, name, "result")
    missing = [key for key in ("runId", "verdict") if not isinstance(document.get(key), str)]
    if missing:
        raise CommandError(f"{name}: no result of a run: it has no {' and no '.join(missing)}")
    return document


def download_run(s3: "S3Client", bucket: str, run_id: str, folder: Path) -> bool:
    """Save a run's report and result there. False if the run left none."""
    for name in (REPORT, RESULT):
        try:
            s3.download_file(bucket, f"runs/{run_id}/{name}", str(folder / name))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            return False
    return True


def page_path(text: str) -> Path:
    """The value of --out. Nothing but a page may be replaced by a page."""
    path = Path(text)
    if path.suffix != ".html":
        raise argparse.ArgumentTypeError(f"{text}: a page's name ends in .html")
    return path


def save_page(path: Path, render: Callable[[], str], shows: str) -> None:
    """Raises CommandError where the page cannot be made of `shows`, or not be saved."""
    try:
        html = render()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CommandError(f"{shows}: not what bedrock-ft writes: {type(error).__name__}: {error}") from error
    replaced = " (replaced the one that was there)" if path.exists() else ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error
    say_result(f"{path}{replaced}")
