"""Every template as a whole, so that no change of what is deployed goes unseen."""

import json
import re

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from stacks.assembly import Assembly


@pytest.mark.parametrize("stack", ["storage", "workflow", "sweep"])
def test_template_is_the_recorded_one(assembly: Assembly, stack: str, snapshot: SnapshotAssertion) -> None:
    template = json.loads(_mask_asset_hashes(assembly.template_path(stack).read_text()))

    assert template == snapshot(extension_class=JSONSnapshotExtension)


def _mask_asset_hashes(template: str) -> str:
    return re.sub(r"[0-9a-f]{64}", "<asset hash>", template)
