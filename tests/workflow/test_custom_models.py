"""Custom models that runs leave: kept or deleted by the run, listed and deleted by `bedrock-ft models`."""

import json
from collections.abc import Callable

import boto3
import pytest
from runs import QUICK, called, result

from cli.main import main
from local.bedrock.faults import Fault
from local.engine.engine import LocalEngine

NAME = "claude-3-haiku-ft-model-run-1"
# The local Bedrock is in one region; the command looks into those of all base models otherwise.
HAIKU = ("--base-model", "claude-3-haiku")


def models() -> list[str]:
    return [model["modelName"] for model in boto3.client("bedrock").list_custom_models()["modelSummaries"]]


def test_a_run_keeps_its_model_and_says_what_that_costs(engine: LocalEngine) -> None:
    engine.run("run-1", QUICK)

    assert models() == [NAME]
    kept = result(engine, "run-1")["customModel"]
    assert (kept["kept"], kept["usdPerMonth"]) == (True, 1.95)
    assert "DeleteCustomModel" not in called(engine)


def test_a_run_that_is_not_to_keep_its_model_deletes_it_once_nothing_serves_it(engine: LocalEngine) -> None:
    execution = engine.run("run-1", {**QUICK, "keepCustomModel": False})

    assert execution.status == "SUCCEEDED"
    assert models() == []
    document = result(engine, "run-1")
    assert (document["customModel"]["kept"], document["customModel"]["usdPerMonth"]) == (False, 0)
    assert not any("customModelArn" in step["input"] for step in document["nextSteps"])
    # Everything is answered: what goes on from it needs no model.
    assert engine.run("run-2", {"resumeFrom": "run-1"}).status == "SUCCEEDED"


def test_a_model_that_cannot_be_deleted_is_told_of_and_the_verdict_stands(engine: LocalEngine) -> None:
    engine.bedrock.faults.inject("DeleteCustomModel", Fault.access_denied())

    execution = engine.run("run-1", {**QUICK, "keepCustomModel": False})

    assert execution.status == "SUCCEEDED"
    document = result(engine, "run-1")
    assert document["customModel"]["kept"] is True
    assert any("bedrock-ft models delete arn:aws:bedrock" in warning for warning in document["warnings"])


@pytest.fixture
def left(engine: LocalEngine) -> LocalEngine:
    """With the model of a run, and one that is named alike but not ours."""
    engine.run("run-1", QUICK)
    [ours] = boto3.client("bedrock").list_custom_models()["modelSummaries"]
    engine.run("run-2", QUICK)
    other = next(
        model["modelArn"]
        for model in boto3.client("bedrock").list_custom_models()["modelSummaries"]
        if model["modelArn"] != ours["modelArn"]
    )
    boto3.client("bedrock").untag_resource(resourceARN=other, tagKeys=["bedrock-ft:app"])
    return engine


@pytest.mark.usefixtures("left")
def test_models_are_listed_with_what_they_cost(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", *HAIKU]) == 0

    said = capsys.readouterr().out
    assert f"{NAME}  run run-1" in said
    assert "run-2" not in said
    assert "1 custom models, $1.95 a month" in said

    assert main(["models", "list", "--json", *HAIKU]) == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert (listed["name"], listed["runId"], listed["usdPerMonth"]) == (NAME, "run-1", 1.95)

    assert main(["models", "list", "--base-model", "llama3-1-8b"]) == 0
    assert "0 custom models, $0.00 a month" in capsys.readouterr().out


@pytest.mark.usefixtures("left")
def test_a_model_is_deleted_once_a_person_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Callable[[], str]] = [lambda: "n", lambda: "y"]
    monkeypatch.setattr("builtins.input", lambda: answers.pop(0)())

    assert main(["models", "delete", *HAIKU, "--", NAME]) == 1
    assert "nothing was deleted" in capsys.readouterr().err
    assert NAME in models()

    assert main(["models", "delete", *HAIKU, "--", NAME]) == 0
    assert f"deleted {NAME}" in capsys.readouterr().out
    assert NAME not in models()


@pytest.mark.usefixtures("left")
def test_what_is_not_ours_is_not_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "delete", "--yes", *HAIKU, "--", "claude-3-haiku-ft-model-run-2", NAME]) == 1

    assert "no custom model of this app is called claude-3-haiku-ft-model-run-2" in capsys.readouterr().err
    assert len(models()) == 2


def test_a_model_in_use_stays(left: LocalEngine, capsys: pytest.CaptureFixture[str]) -> None:
    left.bedrock.settings.model_units = 2
    boto3.client("bedrock").create_provisioned_model_throughput(
        provisionedModelName="other", modelId=NAME, modelUnits=1
    )

    assert main(["models", "delete", "--yes", *HAIKU, "--", NAME]) == 1

    assert "uses it: delete that first" in capsys.readouterr().err
    assert NAME in models()
