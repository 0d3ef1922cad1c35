"""The layer of scoring and of checking datasets: libraries for Lambda's platform, installed by uv from wheels."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

import aws_cdk as cdk
import uv
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "lambdas" / "requirements-scoring.txt"
CACHE = ROOT / ".cache" / "layers"
# Lambda's Python 3.14 runs on Amazon Linux 2023, whose glibc is 2.34.
PYTHON_VERSION = "3.14"
PLATFORM = "aarch64-manylinux_2_28"


def scoring_layer(scope: Construct, construct_id: str) -> lambda_.LayerVersion:
    return lambda_.LayerVersion(
        scope,
        construct_id,
        description="sacrebleu, scipy and numpy, for score_answers and validate_dataset",
        # The locked hashes decide what is in the folder, so their hash stands for its content.
        code=lambda_.Code.from_asset(
            str(build_layer()), asset_hash_type=cdk.AssetHashType.CUSTOM, asset_hash=_fingerprint(LOCK)
        ),
        compatible_runtimes=[lambda_.Runtime.PYTHON_3_14],
        compatible_architectures=[lambda_.Architecture.ARM_64],
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )


def build_layer(lock: Path = LOCK, cache: Path = CACHE) -> Path:
    """The folder that holds `python/`, made on first use; a new lock, platform or Python gets a folder of its own.

    Raises subprocess.CalledProcessError when uv fails; a half-made folder is never left under the final name.
    """
    folder = cache / _fingerprint(lock)
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="building-") as building:
            layer = Path(building) / "layer"
            _install(lock, layer / "python")
            _publish(layer, folder)
    return folder


def _fingerprint(lock: Path) -> str:
    return hashlib.sha256(b"\0".join([lock.read_bytes(), PLATFORM.encode(), PYTHON_VERSION.encode()])).hexdigest()


def _install(lock: Path, target: Path) -> None:
    command = [uv.find_uv_bin(), "pip", "install", "--quiet", "--requirement", str(lock), "--target", str(target)]
    platform = ["--python-platform", PLATFORM, "--python-version", PYTHON_VERSION, "--only-binary", ":all:"]
    # Command and arguments are this file's own.
    subprocess.run([*command, *platform, "--no-deps", "--require-hashes"], check=True)  # noqa: S603
    # Tests of the libraries, a seventh of the layer, whose size Lambda limits.
    for tests in list(target.glob("**/tests")):
        shutil.rmtree(tests, ignore_errors=True)
    # Console scripts, whose first line would name this machine's interpreter.
    shutil.rmtree(target / "bin", ignore_errors=True)


def _publish(built: Path, folder: Path) -> None:
    """A rename is atomic; where another process was faster, its folder holds the same."""
    try:
        built.rename(folder)
    except OSError:
        if not folder.exists():
            raise
