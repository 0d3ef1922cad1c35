import json
import subprocess
import sys
from datetime import date
from pathlib import Path

from finetuning.base_models import BASE_MODELS

from stacks.assembly import Assembly
from stacks.experiment_app import experiment_app

ROOT = Path(__file__).parents[2]
MEGABYTE = 1024 * 1024


def test_a_second_synthesis_gives_the_same_templates(claude: Assembly, tmp_path: Path) -> None:
    experiment_app(claude.base_model_key, outdir=tmp_path).synth()

    for stack in ("storage", "workflow"):
        again = Assembly(tmp_path, claude.base_model_key).template_path(stack)
        assert again.read_bytes() == claude.template_path(stack).read_bytes()


def test_stacks_are_in_the_region_of_the_base_model_and_in_any_account(
    claude: Assembly, nova: Assembly, llama: Assembly
) -> None:
    assert _environments(claude) == {"aws://unknown-account/us-west-2"}
    assert _environments(llama) == _environments(claude)
    assert _environments(nova) == {"aws://unknown-account/us-east-1"}


def test_a_base_model_past_its_end_of_life_is_warned_of(tmp_path: Path) -> None:
    experiment_app("claude-3-haiku", outdir=tmp_path, today=date(2026, 9, 10)).synth()

    (warning,) = _warnings(tmp_path)
    assert "Claude 3 Haiku reached its end of life on 2026-09-10" in warning
    assert "-c baseModel=nova-micro, -c baseModel=nova-lite, -c baseModel=nova-pro" in warning
    assert "llama3-3-70b" in warning


def test_a_living_base_model_is_not_warned_of(tmp_path: Path) -> None:
    experiment_app("claude-3-haiku", outdir=tmp_path, today=date(2026, 3, 9)).synth()

    assert not _warnings(tmp_path)


def test_an_unknown_base_model_ends_with_one_line_that_names_the_known_ones(tmp_path: Path) -> None:
    result = _app_command(tmp_path, {"baseModel": "claude-9"})

    assert result.returncode != 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: base model 'claude-9'")
    assert line.endswith(f"choose one of: {', '.join(BASE_MODELS)}")


def test_the_app_command_needs_no_node_no_credentials_and_no_flags(nova: Assembly, tmp_path: Path) -> None:
    result = _app_command(tmp_path, {"baseModel": "nova-lite"})

    assert result.returncode == 0, result.stderr
    again = Assembly(tmp_path, "nova-lite").template_path("workflow")
    assert again.read_bytes() == nova.template_path("workflow").read_bytes()


def test_our_code_is_small_and_nothing_else_is_in_it(claude: Assembly) -> None:
    (folder,) = [handler.parent for handler in claude.folder.glob("asset.*/configure_run.py")]
    files = [path for path in folder.rglob("*") if path.is_file()]

    assert sum(file.stat().st_size for file in files) <= MEGABYTE
    assert {file.suffix for file in files} <= {".py", ".css", ".html", ".js", ".json"}


def _environments(assembly: Assembly) -> set[str]:
    artifacts = json.loads((assembly.folder / "manifest.json").read_text())["artifacts"].values()
    return {artifact["environment"] for artifact in artifacts if artifact["type"] == "aws:cloudformation:stack"}


def _warnings(folder: Path) -> list[str]:
    metadata = json.loads((folder / "claude-3-haiku-ft-workflow.metadata.json").read_text())
    return [entry["data"] for entries in metadata.values() for entry in entries if entry["type"] == "aws:cdk:warning"]


def _app_command(outdir: Path, context: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """`app.py` as the CDK command starts it, with an empty PATH and no AWS configuration."""
    environment = {"CDK_OUTDIR": str(outdir), "CDK_CONTEXT_JSON": json.dumps(context), "HOME": str(outdir), "PATH": ""}
    command = [sys.executable, "app.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
