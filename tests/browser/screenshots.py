"""The pictures in docs/, of local runs: `make screenshots`. The same code gives the same pictures."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chromium import chromium
from finetuning.base_models import DEFAULT_BASE_MODEL
from finetuning.report import render
from finetuning.report.comparison import Run, render_comparison
from playwright.sync_api import Browser

from cli.synthesis import synthesize
from local.engine.engine import LocalEngine

DOCS = Path("docs")
# Claude 3 Haiku, the default base model, was active then.
START = datetime(2026, 2, 2, 9, tzinfo=UTC)
EPOCHS = (10, 4, 2)


def results(assembly: Path) -> list[dict[str, Any]]:
    """result.json of a run a number of epochs, and of the first one in Japanese."""
    inputs: dict[str, Any] = {f"{epochs}-epochs": {"hyperParameters": {"epochCount": epochs}} for epochs in EPOCHS}
    inputs["japanese"] = {"language": "ja"}
    with LocalEngine(assembly, START) as engine:
        engine.deploy()
        bucket = engine.outputs["ResultsBucketName"]
        for run, given in inputs.items():
            engine.run(run, given)
        keys = [f"runs/{run}/result.json" for run in inputs]
        return [json.load(engine.s3.get_object(Bucket=bucket, Key=key)["Body"]) for key in keys]


def picture(browser: Browser, html: str, name: str, height: int, theme: str = "light") -> None:
    page = browser.new_page(
        color_scheme="dark" if theme == "dark" else "light", viewport={"width": 1080, "height": height}
    )
    page.set_content(html)
    page.screenshot(path=DOCS / name)
    page.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        synthesize(DEFAULT_BASE_MODEL, Path(folder) / "cdk.out")
        *compared, japanese = results(Path(folder) / "cdk.out")
    with chromium() as browser:
        for theme, name in (("light", "report.png"), ("dark", "report-dark.png")):
            picture(browser, render(compared[0]), name, 870, theme)
        picture(browser, render(japanese), "report-ja.png", 870)
        picture(browser, render_comparison([Run(each, None) for each in compared], "en"), "comparison.png", 1500)


if __name__ == "__main__":
    main()
