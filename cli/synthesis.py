"""Synthesize the CDK app, as `cdk synth` does, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cli.errors import CommandError

ROOT = Path(__file__).parent.parent


def synthesize(base_model_key: str, assembly: Path) -> None:
    """Write the cloud assembly into that folder. Raises CommandError with what the app printed."""
    # The app's Node process leaves temporary files when it is stopped.
    with tempfile.TemporaryDirectory(prefix="bedrock-ft-synth-") as scratch:
        _run_app(_environment(base_model_key, assembly, scratch))


def _run_app(environment: Mapping[str, str]) -> None:
    process = subprocess.Popen(  # noqa: S603 - this interpreter on this app
        [sys.executable, str(ROOT / "app.py")],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        # A group of its own, so that the app's Node process can be stopped with it.
        start_new_session=True,
    )
    try:
        printed, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if process.returncode != 0:
        raise CommandError(f"the CDK app could not be synthesized:\n{printed.strip()}")


def _environment(base_model_key: str, assembly: Path, scratch: str) -> Mapping[str, str]:
    """Without anything of AWS: synthesis needs no account."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    # Node comes with the virtual environment.
    path = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", os.defpath)])
    context = json.dumps({"baseModel": base_model_key})
    own = {"PATH": path, "TMPDIR": scratch, "CDK_OUTDIR": str(assembly), "CDK_CONTEXT_JSON": context}
    return environment | own
