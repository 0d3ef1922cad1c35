"""`bedrock-ft report`, `compare` and `index` on a results bucket."""

import json
from pathlib import Path

import pytest
from finetuning.report import render
from runs import read

from cli.main import main
from local.engine.engine import LocalEngine


@pytest.fixture
def bucket(engine: LocalEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket with two runs that have ended, one that has not, and what is none of ours."""
    name = engine.outputs["ResultsBucketName"]
    objects = {"runs/running/run.json": "{}", "runs/.hidden/result.json": "{}", "runs/../../escaped/result.json": "{}"}
    for run in ("one", "two"):
        result = {**json.loads(Path("tests/unit/results/improved.json").read_text(encoding="utf-8")), "runId": run}
        objects |= {f"runs/{run}/result.json": json.dumps(result), f"runs/{run}/report.html": render(result)}
    for key, text in objects.items():
        engine.s3.put_object(Bucket=name, Key=key, Body=text.encode())
    monkeypatch.chdir(tmp_path)
    return name


def test_an_index_of_a_bucket_has_every_run_with_its_report(
    engine: LocalEngine, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", "--from", f"s3://{bucket}"]) == 0

    page = Path("out/index.html").read_text(encoding="utf-8")
    for run in ("one", "two"):
        assert f'href="{run}/report.html"' in page
        assert Path(f"out/{run}/report.html").read_bytes() == read(engine, f"runs/{run}/report.html")
    said = capsys.readouterr().err
    assert "one: downloaded" in said
    assert "running: no result yet" in said
    assert {path.name for path in Path("out").iterdir()} == {"one", "two", "index.html"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert list(Path("out").glob("**/*hidden*")) + list(tmp_path.parent.glob("**/escaped")) == []

    # What is here already is not downloaded again.
    assert main(["index", "--from", f"s3://{bucket}/runs/"]) == 0
    assert "downloaded" not in capsys.readouterr().err


def test_a_result_is_read_where_it_lies(engine: LocalEngine, bucket: str) -> None:
    assert main(["report", f"s3://{bucket}/runs/one/"]) == 0
    assert Path("report.html").read_bytes() == read(engine, "runs/one/report.html")

    assert main(["compare", f"s3://{bucket}/runs/one/result.json", f"s3://{bucket}/runs/two"]) == 0
    assert "2 runs compared" in Path("comparison.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("uri", ["s3://{bucket}/runs/never", "s3://{bucket}", "s3://nowhere/runs/one"])
def test_what_is_not_there_is_named(bucket: str, uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", uri.format(bucket=bucket)]) == 1
    assert "there is no s3://" in capsys.readouterr().err
    assert not Path("report.html").exists()
