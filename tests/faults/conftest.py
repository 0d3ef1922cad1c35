"""The app, synthesized once for the tests of its faults."""

import pytest
from finetuning.base_models import DEFAULT_BASE_MODEL

from cli.synthesis import synthesize
from stacks.assembly import Assembly


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    folder = tmp_path_factory.mktemp("faults") / "cdk.out"
    synthesize(DEFAULT_BASE_MODEL, folder)
    return Assembly(folder, DEFAULT_BASE_MODEL)
