"""The shipped datasets as S3 assets: they travel with the deployment, so that the input `{}` finds its data."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct
from finetuning.card import CARD, read_card
from finetuning.errors import InvalidDatasetError

DATASETS = Path(__file__).parent.parent / "datasets"
SPLITS = ("training", "validation", "evaluation")


class ShippedDatasets(Construct):
    """One asset for each file of each dataset, a folder under `datasets`.

    uris: {"<dataset>": {"training": "s3://…", "validation": …, "evaluation": …}}, and "card" where there is one
    record_arns, card_arns: of every file, for grants.
    Raises InvalidDatasetError where a folder lacks one of the three files, or its card cannot be used.
    """

    def __init__(self, scope: Construct, construct_id: str, datasets: Path = DATASETS) -> None:
        super().__init__(scope, construct_id)
        assets = {folder.name: self._assets(folder) for folder in sorted(datasets.iterdir()) if folder.is_dir()}
        self.uris: Mapping[str, Mapping[str, str]] = {
            name: {split: asset.s3_object_url for split, asset in files.items()} for name, files in assets.items()
        }
        arns = [
            (name, asset.bucket.arn_for_objects(asset.s3_object_key))
            for files in assets.values()
            for name, asset in files.items()
        ]
        self.record_arns = [arn for name, arn in arns if name in SPLITS]
        self.card_arns = [arn for name, arn in arns if name not in SPLITS]

    def _assets(self, folder: Path) -> dict[str, s3_assets.Asset]:
        missing = [f"{split}.jsonl is missing" for split in SPLITS if not (folder / f"{split}.jsonl").exists()]
        if missing:
            raise InvalidDatasetError(f"The dataset {folder} cannot be deployed:", missing)
        files = {split: folder / f"{split}.jsonl" for split in SPLITS}
        if (card := folder / CARD).exists():
            read_card(card.read_bytes())
            files["card"] = card
        return {name: s3_assets.Asset(self, f"{folder.name}-{name}", path=str(path)) for name, path in files.items()}
