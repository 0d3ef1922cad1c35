"""The app on the local engine, for as long as a command needs it."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from finetuning.base_models import BaseModel
from rich.console import Console

from cli.deployment import Deployment
from cli.errors import CommandError
from cli.output import say
from cli.synthesis import synthesize

_POLL_SECONDS = 0.5


@contextmanager
def local_deployment(
    models: Sequence[BaseModel],
    start: datetime,
    console: Console,
    find: Callable[[BaseModel, float], Deployment] = Deployment.find,
) -> Iterator[Deployment]:
    """The deployment for the first of the base models, all of one region; those for the others are beside it."""
    with tempfile.TemporaryDirectory(prefix="bedrock-ft-") as folder:
        assembly = Path(folder) / "cdk.out"
        with console.status("synthesizing the CDK app"):
            synthesize(",".join(model.key for model in models), assembly)
        # Only local runs need moto, which takes a second to load.
        from local.engine.deployment import DeploymentError
        from local.engine.engine import LocalEngine

        with LocalEngine(assembly, start) as engine:
            with console.status("deploying to the local engine"):
                try:
                    engine.deploy()
                except DeploymentError as error:
                    raise CommandError(f"the local deployment failed: {error}") from error
            say(
                console,
                f"Local run: stand-ins answer in place of {', '.join(model.name for model in models)} and the judge "
                "model, and nothing is spent. The numbers show how the experiment works, not how good the real model "
                f"is.\nThe virtual calendar starts at {start:%Y-%m-%d %H:%M} UTC.",
            )
            yield find(models[0], _POLL_SECONDS)
