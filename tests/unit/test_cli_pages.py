"""`bedrock-ft report`, `compare` and `index` on this machine's files."""

import json
import re
from pathlib import Path

import pytest
from finetuning.report import render

from cli.main import main

RESULT = json.loads(Path("tests/unit/results/improved.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_run(run_id: str, folder: str = "out", **changes: object) -> Path:
    path = Path(folder) / run_id
    path.mkdir(parents=True)
    (path / "result.json").write_text(json.dumps({**RESULT, "runId": run_id, **changes}))
    return path


@pytest.mark.parametrize("given", ["out/one", "out/one/result.json"])
def test_a_report_is_made_again_beside_its_result(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_run("one")
    page = render({**RESULT, "runId": "one"})

    assert main(["report", given]) == 0
    assert capsys.readouterr().out == "out/one/report.html\n"
    assert (folder / "report.html").read_text(encoding="utf-8") == page

    # A page that is replaced is said to be.
    assert main(["report", given]) == 0
    assert capsys.readouterr().out == "out/one/report.html (replaced the one that was there)\n"
    assert main(["report", given, "--out", "elsewhere/page.html"]) == 0
    assert Path("elsewhere/page.html").read_text(encoding="utf-8") == page


def test_a_comparison_links_to_the_reports_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    one, two = write_run("one"), write_run("two", "other place")
    main(["report", str(two)])

    assert main(["compare", str(one), str(two), "--out", "pages/both.html", "--language", "ja"]) == 0
    page = Path("pages/both.html").read_text(encoding="utf-8")
    assert set(re.findall(r'<a href="([^"]*)">', page)) == {"../other%20place/two/report.html"}
    assert '<html lang="ja">' in page
    assert capsys.readouterr().err == ""


def test_an_index_lists_the_runs_of_a_folder() -> None:
    main(["report", str(write_run("one"))])
    write_run("two")

    assert main(["index"]) == 0
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert re.findall(r'<a href="([^"]*)">', page) == ["one/report.html"]
    assert "<span>two</span>" in page


def test_an_index_goes_on_past_results_that_cannot_be_shown() -> None:
    write_run("one")
    for name, content in (("<i>bad", "{]"), ("odd", '{"runId": "odd", "verdict": "improved", "scores": 3}')):
        Path("out", name).mkdir()
        Path("out", name, "result.json").write_text(content)

    assert main(["index"]) == 0
    page = Path("out/index.html").read_text(encoding="utf-8")
    assert "<span>one</span>" in page
    assert "<dt>&lt;i&gt;bad</dt>" in page
    assert "not JSON" in page
    assert "<dt>odd</dt>" in page


def ended_with(arguments: list[str]) -> object:
    try:
        return main(arguments)
    except SystemExit as ended:
        return ended.code


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["report", "nowhere"], 1, "cannot read nowhere: No such file"),
        (["report", "out"], 1, "cannot read out/result.json: No such file"),
        (["report", "broken.json"], 1, "broken.json:1:2: not JSON"),
        (["report", "input.json"], 1, "input.json: no result of a run: it has no runId and no verdict"),
        (["report", "odd.json"], 1, "odd.json: not what bedrock-ft writes"),
        (["report", "out/one", "--out", "out/one/result.json"], 2, "a page's name ends in .html"),
        (["report", "out/one", "--out", "file/page.html"], 1, "cannot write file/page.html"),
        (["report"], 2, "required: RESULT"),
        (["compare", "out/one"], 2, "two runs or more, each once; these are: one"),
        (["compare", "out/one", "out/one/result.json"], 2, "two runs or more, each once; these are: one, one"),
        (["compare", "out/one", "nowhere"], 1, "cannot read nowhere"),
        (["compare", "out/one", "out/two", "--language", "xx"], 2, "invalid choice: 'xx'"),
        (["index", "nowhere"], 1, "nowhere: no run has left a result here"),
        (["index", "--from", "bucket"], 2, "name a results bucket, as in s3://bucket"),
        (["index", "--from", "s3:///runs"], 2, "name a results bucket, as in s3://bucket"),
        (["index", "--from", "s3://bucket/elsewhere"], 2, "name a results bucket, as in s3://bucket"),
    ],
)
def test_what_is_wrong_is_said(
    arguments: list[str], exit_code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run("one")
    write_run("two")
    Path("broken.json").write_text("{]")
    Path("input.json").write_text("{}")
    Path("odd.json").write_text('{"runId": "odd", "verdict": "improved", "questions": [1]}')
    Path("file").write_text("")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}

    assert ended_with(arguments) == exit_code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.out == ""
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before
