"""Pages opened from a file, as a reader opens a report; whatever a page asks for, says or logs is trouble."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import Open, chromium
from playwright.sync_api import Browser, Dialog, Page, Request


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def trouble() -> Iterator[list[str]]:
    """What pages did that a report must not do: a test after which there is any fails."""
    trouble: list[str] = []
    yield trouble
    assert trouble == []


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path, trouble: list[str]) -> Iterator[Open]:
    """Opens HTML text in a browser context of its own; keyword arguments are Playwright's for a context."""
    file = tmp_path / "report.html"

    def requested(request: Request) -> None:
        if request.url != file.as_uri():
            trouble.append(f"request: {request.url}")

    def asked(dialog: Dialog) -> None:
        trouble.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open_page(html: str, **options: Any) -> Page:  # noqa: ANN401 - as Playwright has it
        file.write_text(html, encoding="utf-8")
        page = browser.new_context(**options).new_page()
        page.on("console", lambda message: trouble.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        page.on("popup", lambda popup: trouble.append(f"popup: {popup.url}"))
        page.on("dialog", asked)
        page.on("request", requested)
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in browser.contexts:
        context.close()
