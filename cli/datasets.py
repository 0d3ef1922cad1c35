"""Which dataset a run uses: one that ships with the app, or a folder that is uploaded first."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from finetuning.card import CARD
from finetuning.run_store import DATASET_FILES

from cli.errors import CommandError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

SHIPPED = Path(__file__).parent.parent / "datasets"


@dataclass(frozen=True)
class DatasetFolder:
    """A folder with training.jsonl, validation.jsonl, evaluation.jsonl and, if it likes, card.json."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name as far as S3 URIs may hold it."""
        return re.sub(r"[^a-z0-9]+", "-", self.path.resolve().name.lower()).strip("-") or "dataset"

    def upload(self, s3: "S3Client", bucket: str) -> dict[str, str]:
        """Returns the S3 URI of each file, below datasets/ in the data bucket; the same content has the same place."""
        prefix = f"datasets/{self.name}-{self._fingerprint()}"
        for file in self._files():
            s3.upload_file(str(file), bucket, f"{prefix}/{file.name}")
        return {file: f"s3://{bucket}/{prefix}/{file}.jsonl" for file in DATASET_FILES}

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for file in self._files():
            with file.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
        return digest.hexdigest()[:12]

    def _files(self) -> list[Path]:
        card = self.path / CARD
        return [*(self.path / f"{file}.jsonl" for file in DATASET_FILES), *([card] if card.is_file() else [])]


def find_dataset(given: str) -> str | DatasetFolder:
    """A shipped dataset's name as it is, otherwise the folder of that path.

    Raises CommandError if there is no such folder, or if it lacks a file.
    """
    shipped = sorted(folder.name for folder in SHIPPED.iterdir() if folder.is_dir())
    if given in shipped:
        return given
    path = Path(given)
    if not path.is_dir():
        raise CommandError(f"dataset {given}: no such folder, and the shipped datasets are: {', '.join(shipped)}")
    missing = [f"{file}.jsonl" for file in DATASET_FILES if not (path / f"{file}.jsonl").is_file()]
    if missing:
        raise CommandError(f"dataset {given}: {', '.join(missing)} missing in {path.resolve()}")
    return DatasetFolder(path)
