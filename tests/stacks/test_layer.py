import re
import subprocess
from pathlib import Path

import pytest

from stacks.layer import LOCK, build_layer

REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"


def test_the_layer_holds_lambdas_platform_and_no_trace_of_this_machine() -> None:
    python = build_layer() / "python"

    extensions = {path.name.split(".", 1)[1] for path in python.glob("numpy/_core/_multiarray_umath*.so")}
    assert extensions == {"cpython-314-aarch64-linux-gnu.so"}
    assert (python / "sacrebleu" / "__init__.py").exists()
    assert (python / "scipy" / "stats" / "__init__.py").exists()
    assert not (python / "bin").exists()


def test_the_layer_leaves_room_below_lambdas_limit() -> None:
    # 250 MB unzipped, the function's code included: AWS Lambda quotas, read 2026-11.
    size = sum(file.stat().st_size for file in build_layer().rglob("*") if file.is_file())

    assert size < 200_000_000


def test_a_second_build_installs_nothing() -> None:
    folder = build_layer()
    made = (folder / "python").stat().st_ctime_ns

    assert build_layer() == folder
    assert (folder / "python").stat().st_ctime_ns == made


def test_a_failed_build_leaves_nothing_behind(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("sacrebleu==2.6.0 --hash=sha256:" + "0" * 64 + "\n")
    cache = tmp_path / "cache"

    with pytest.raises(subprocess.CalledProcessError):
        build_layer(lock, cache)

    assert not list(cache.iterdir())


def test_lambda_scores_with_the_versions_that_the_tests_run_with() -> None:
    pinned = dict(_pins(REQUIREMENTS))

    for name, version in _pins(LOCK):
        assert version in pinned[name].split(), f"{name}: run `make lock`"


def _pins(lock: Path) -> list[tuple[str, str]]:
    """Name and version; several versions of a name, for different Pythons, together."""
    versions: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock.read_text(), re.MULTILINE):
        versions.setdefault(name, []).append(version)
    return [(name, " ".join(found)) for name, found in versions.items()]
