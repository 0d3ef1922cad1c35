"""MiniStack, a public emulator of AWS, and the CDK command that deploys to it."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import uv

from stacks import NODE

ROOT = Path(__file__).parents[2]
LOCK = Path(__file__).parent / "requirements.txt"
CACHE = ROOT / ".cache"
CDK_COMMAND = ROOT / "node_modules" / "aws-cdk" / "bin" / "cdk"
LOOPBACK = "127.0.0.1"
SECONDS_TO_START = 60
SECONDS_TO_STOP = 20
SECONDS_FOR_CDK = 240


@pytest.fixture(scope="session")
def ministack_python() -> Path:
    """The interpreter of MiniStack's own environment, since it pins another botocore than ours."""
    fingerprint = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    environment = CACHE / f"ministack-{fingerprint}"
    if not environment.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="building-") as building:
            made = Path(building) / "environment"
            python = made / "bin" / "python"
            _uv("venv", "--relocatable", "--python", sys.executable, str(made))
            _uv("pip", "install", "--require-hashes", "--requirement", str(LOCK), "--python", str(python))
            made.rename(environment)
    return environment / "bin" / "python"


def _uv(*arguments: str) -> None:
    subprocess.run([uv.find_uv_bin(), *arguments, "--quiet"], check=True)


@pytest.fixture
def ministack(ministack_python: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh MiniStack, bound to loopback. Nothing is left running or listening afterwards."""
    port = _free_port()
    settings = {"TMPDIR": str(tmp_path), "BIND_HOST": LOOPBACK, "GATEWAY_PORT": str(port)}
    log = tmp_path / "ministack.log"
    with _running([str(ministack_python), "-m", "ministack"], tmp_path, settings, log) as process:
        _wait_until_it_listens(port, process, log)
        yield f"http://{LOOPBACK}:{port}"
    assert not _listens(port)


@pytest.fixture
def cdk(ministack: str, tmp_path: Path) -> Callable[..., None]:
    """The CDK command against MiniStack, with made-up credentials and no Node on its PATH."""
    settings = {
        "AWS_ENDPOINT_URL": ministack,
        "AWS_ENDPOINT_URL_S3": ministack,
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CI": "true",
    }

    def run(*arguments: str) -> None:
        log = tmp_path / f"cdk-{arguments[0]}.log"
        command = [str(NODE), str(CDK_COMMAND), *arguments, "--no-notices"]
        with _running(command, tmp_path, settings, log) as process:
            status = process.wait(SECONDS_FOR_CDK)
        assert status == 0, log.read_text()

    return run


@contextmanager
def _running(
    command: list[str], home: Path, settings: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """A program in a process group of its own, which is ended, with all that it started, when the block ends."""
    environment = {"PATH": "", "HOME": str(home), **settings}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(SECONDS_TO_STOP)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(SECONDS_TO_STOP)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_listens(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"MiniStack did not start:\n{log.read_text()}")
        time.sleep(0.2)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
