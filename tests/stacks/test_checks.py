"""Other people's checkers find nothing, and each of them is seen to find something that is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks
from finetuning.base_models import BASE_MODELS

from stacks import NODE
from stacks.assembly import Assembly, Definition
from stacks.experiment_app import experiment_app

CFN_LINT = Path(sys.executable).parent / "cfn-lint"
ASL_VALIDATOR = Path(__file__).parents[2] / "node_modules" / "asl-validator" / "dist" / "bin" / "asl-validator.js"
# W3005: the CDK makes every function depend on its role, which is harmless. W6001: the bucket names are outputs of both
# stacks on purpose, so that the command line needs to know one stack only.
ACCEPTED = ["W3005", "W6001"]
# The fixture `assembly` has these.
SYNTHESIZED = ("claude-3-haiku", "nova-lite", "llama3-1-8b", "llama3-3-70b")


def lint(*templates: Path) -> "subprocess.CompletedProcess[str]":
    return _run([str(CFN_LINT), "--ignore-checks", *ACCEPTED, "--template", *map(str, templates)])


def validate_definition(definition: Path) -> "subprocess.CompletedProcess[str]":
    return _run([str(NODE), str(ASL_VALIDATOR), "--json-path", str(definition)])


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("stack", ["storage", "workflow", "sweep"])
def test_cfn_lint_finds_nothing_in_a_template(assembly: Assembly, stack: str) -> None:
    result = lint(assembly.template_path(stack))

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("key", [key for key in BASE_MODELS if key not in SYNTHESIZED])
def test_cdk_nag_and_cfn_lint_find_nothing_for_the_other_base_models(key: str, tmp_path: Path) -> None:
    experiment_app(key, outdir=tmp_path).synth()

    result = lint(*(Assembly(tmp_path, key).template_path(stack) for stack in ("storage", "workflow", "sweep")))
    assert result.returncode == 0, result.stdout + result.stderr


def test_asl_validator_finds_nothing_in_the_definition(assembly: Assembly, tmp_path: Path) -> None:
    result = validate_definition(_write(tmp_path, assembly.definition))

    assert result.returncode == 0, result.stdout + result.stderr


def test_asl_validator_finds_a_transition_to_nowhere(claude: Assembly, tmp_path: Path) -> None:
    broken = json.loads(json.dumps(claude.definition))
    broken["States"]["ConfigureRun"]["Next"] = "NoSuchState"

    result = validate_definition(_write(tmp_path, broken))

    assert result.returncode != 0
    assert "NoSuchState" in result.stdout + result.stderr


def test_cfn_lint_finds_nothing_in_the_definition(assembly: Assembly, tmp_path: Path) -> None:
    result = lint(_template_with(tmp_path, assembly.definition))

    assert result.returncode == 0, result.stdout + result.stderr


def test_cfn_lint_finds_an_unknown_type_of_state(claude: Assembly, tmp_path: Path) -> None:
    broken = json.loads(json.dumps(claude.definition))
    broken["States"]["OverBudget"]["Type"] = "Pause"

    result = lint(_template_with(tmp_path, broken))

    assert "E3601" in result.stdout


def test_cdk_nag_stops_the_synthesis_at_a_finding(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    s3.Bucket(cdk.Stack(app, "Careless"), "Bucket")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))

    with pytest.raises(RuntimeError, match="Validation"):
        app.synth()


def test_cdk_nag_checks_the_app(tmp_path: Path) -> None:
    app = experiment_app("claude-3-haiku", outdir=tmp_path)
    s3.Bucket(cdk.Stack(app, "Careless"), "Bucket")

    with pytest.raises(RuntimeError, match="Validation"):
        app.synth()


def _write(folder: Path, definition: Definition) -> Path:
    path = folder / "definition.json"
    path.write_text(json.dumps(definition))
    return path


def _template_with(folder: Path, definition: Definition) -> Path:
    """cfn-lint looks into a definition only where it is one literal."""
    properties = {"RoleArn": "arn:aws:iam::123456789012:role/any", "DefinitionString": json.dumps(definition)}
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    path = folder / "template.json"
    path.write_text(json.dumps({"Resources": {"StateMachine": machine}}))
    return path
