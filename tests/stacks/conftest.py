"""The app as the CDK command runs it, synthesized once for a base model of each provider, and of each hosting."""

from pathlib import Path

import pytest

from stacks.assembly import Assembly
from stacks.experiment_app import experiment_app


@pytest.fixture(scope="session")
def claude(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return _synthesize("claude-3-haiku", tmp_path_factory.mktemp("claude"))


@pytest.fixture(scope="session")
def nova(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return _synthesize("nova-lite", tmp_path_factory.mktemp("nova"))


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return _synthesize("llama3-1-8b", tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def on_demand(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Whose custom models are served in no other way; Claude's and Llama 3.1's never are, Nova's either way."""
    return _synthesize("llama3-3-70b", tmp_path_factory.mktemp("on_demand"))


@pytest.fixture(scope="session", params=["claude", "nova", "llama", "on_demand"])
def assembly(request: pytest.FixtureRequest) -> Assembly:
    """Each of them: for what must hold whatever the base model."""
    found: Assembly = request.getfixturevalue(request.param)
    return found


def _synthesize(base_model_key: str, folder: Path) -> Assembly:
    experiment_app(base_model_key, outdir=folder).synth()
    return Assembly(folder, base_model_key)
