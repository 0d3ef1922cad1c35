"""The app: three stacks for a base model, in the region where Bedrock customizes it."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks
from finetuning.base_models import DEFAULT_BASE_MODEL, BaseModel, base_model, living

from stacks.storage_stack import StorageStack
from stacks.sweep_stack import SweepStack
from stacks.workflow_stack import WorkflowStack

CDK_JSON = Path(__file__).parent.parent / "cdk.json"


def experiment_app(
    base_model_keys: str | None = None, *, outdir: Path | None = None, today: date | None = None
) -> cdk.App:
    """The app, ready for `synth()`.

    base_model_keys: keys of the catalogue, with commas between them; by default the context value `baseModel`
    (`cdk -c baseModel=…`).
    outdir: where the assembly goes; by default where the CDK command wants it.
    Raises UnknownBaseModelError.
    Needs no credentials: the account is the one that the CDK command deploys to.
    """
    # The CDK command passes cdk.json's feature flags along; a plain call must give the same templates.
    app = cdk.App(context=json.loads(CDK_JSON.read_text())["context"], outdir=str(outdir) if outdir else None)
    keys: str = base_model_keys or app.node.try_get_context("baseModel") or DEFAULT_BASE_MODEL
    for model in map(base_model, dict.fromkeys(keys.split(","))):
        workflow = _add_stacks(app, model)
        _warn_of_end_of_life(workflow, model, today or datetime.now(UTC).date())
    cdk.Tags.of(app).add("application", "bedrock-ft")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return app


def _add_stacks(app: cdk.App, model: BaseModel) -> WorkflowStack:
    environment, name = cdk.Environment(region=model.region), f"{model.key}-ft"
    storage = StorageStack(app, f"{name}-storage", base_model=model, env=environment)
    workflow = WorkflowStack(app, f"{name}-workflow", base_model=model, storage=storage, env=environment)
    SweepStack(app, f"{name}-sweep", base_model=model, storage=storage, workflow=workflow, env=environment)
    return workflow


def _warn_of_end_of_life(workflow: WorkflowStack, model: BaseModel, today: date) -> None:
    if model.lifecycle.is_past_end_of_life(today):
        alternatives = ", ".join(f"-c baseModel={alternative.key}" for alternative in living(today))
        cdk.Annotations.of(workflow).add_warning_v2(
            "bedrock-ft:end-of-life",
            f"{model.name} reached its end of life on {model.lifecycle.end_of_life}: Bedrock neither customizes it nor "
            f"runs it, and an execution will stop at its prerequisites. Base models that live: {alternatives}.",
        )
