"""The real CDK command deploys the real templates, to an emulator that knows nothing of this project."""

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

LAMBDAS = Path(__file__).parents[2] / "lambdas"
STACKS = ("claude-3-haiku-ft-storage", "claude-3-haiku-ft-workflow", "claude-3-haiku-ft-sweep")


def test_all_stacks_are_deployed_and_destroyed(ministack: str, cdk: Callable[..., None], tmp_path: Path) -> None:
    session = boto3.Session("any", "any", region_name="us-west-2")
    cloudformation = session.client("cloudformation", endpoint_url=ministack)
    states = session.client("stepfunctions", endpoint_url=ministack)
    functions = session.client("lambda", endpoint_url=ministack)
    assembly = str(tmp_path / "assembly")

    cdk("synth", "--quiet", "--output", assembly)
    cdk("bootstrap", "aws://000000000000/us-west-2", "--app", assembly)
    cdk("deploy", "--all", "--require-approval", "never", "--app", assembly)

    for stack in STACKS:
        (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        assert found["StackStatus"] == "CREATE_COMPLETE"
    machines = {machine["name"] for machine in states.list_state_machines()["stateMachines"]}
    assert machines == {"claude-3-haiku-ft-experiment", "claude-3-haiku-ft-sweep"}
    handlers = {function["Handler"] for function in functions.list_functions()["Functions"]}
    # Its custom models are not served on demand.
    tasks = {file.stem for file in LAMBDAS.glob("*.py") if not file.stem.endswith("custom_model_deployment")}
    assert handlers == {f"{task}.handler" for task in tasks}

    cdk("destroy", "--all", "--force", "--app", assembly)

    for stack in STACKS:
        with pytest.raises(ClientError, match="does not exist"):
            cloudformation.describe_stacks(StackName=stack)
    assert not states.list_state_machines()["stateMachines"]
    assert not functions.list_functions()["Functions"]
