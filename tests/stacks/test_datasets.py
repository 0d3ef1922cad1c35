from pathlib import Path

import aws_cdk as cdk
import pytest
from finetuning.errors import InvalidDatasetError

from stacks.datasets import ShippedDatasets


def test_every_file_of_every_dataset_is_an_asset(tmp_path: Path) -> None:
    for name in ("one", "two"):
        _write(tmp_path / name, "training", "validation", "evaluation")

    shipped = ShippedDatasets(cdk.Stack(), "Datasets", tmp_path)

    assert {name: list(files) for name, files in shipped.uris.items()} == {
        "one": ["training", "validation", "evaluation"],
        "two": ["training", "validation", "evaluation"],
    }
    assert len(shipped.record_arns) == 6


def test_a_card_is_an_asset_too(tmp_path: Path) -> None:
    _write(tmp_path / "styled", "training", "validation", "evaluation")
    (tmp_path / "styled" / "card.json").write_text('{"pattern": {"name": "x", "regex": "x"}}')

    shipped = ShippedDatasets(cdk.Stack(), "Datasets", tmp_path)

    assert list(shipped.uris["styled"]) == ["training", "validation", "evaluation", "card"]
    assert len([*shipped.record_arns, *shipped.card_arns]) == 4


def test_a_card_that_cannot_be_used_is_not_deployed(tmp_path: Path) -> None:
    _write(tmp_path / "styled", "training", "validation", "evaluation")
    (tmp_path / "styled" / "card.json").write_text('{"pattern": {"name": "x", "regex": "("}}')

    with pytest.raises(InvalidDatasetError, match="no regular expression"):
        ShippedDatasets(cdk.Stack(), "Datasets", tmp_path)


def test_a_dataset_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    _write(tmp_path / "half", "training", "validation")

    with pytest.raises(InvalidDatasetError, match=r"half cannot be deployed:\n- evaluation.jsonl is missing"):
        ShippedDatasets(cdk.Stack(), "Datasets", tmp_path)


def _write(folder: Path, *splits: str) -> None:
    folder.mkdir()
    for split in splits:
        (folder / f"{split}.jsonl").write_text(f"{folder.name} {split}\n")
