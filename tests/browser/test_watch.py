"""The watch over pages sees what a report must not do: without that, the other tests here would show nothing."""

import pytest
from chromium import Open


@pytest.mark.parametrize(
    ("html", "kind"),
    [
        ("<script>alert(1)</script>", "dialog"),
        ("<script>console.error('wrong')</script>", "console"),
        ("<script>throw new Error('wrong')</script>", "error"),
        ("<img src='file:///nowhere.png'>", "request"),
        ("<svg><image href='http://127.0.0.1:9/picture.png'/></svg>", "request"),
        ("<script>window.open('about:blank')</script>", "popup"),
    ],
)
def test_the_watch_sees(open_page: Open, trouble: list[str], html: str, kind: str) -> None:
    page = open_page(f"<!doctype html><title>page</title>{html}")
    page.wait_for_load_state("networkidle")
    seen = {line.partition(":")[0] for line in trouble}
    trouble.clear()
    assert kind in seen


def test_a_quiet_page_is_no_trouble(open_page: Open, trouble: list[str]) -> None:
    page = open_page("<!doctype html><title>page</title><link rel=icon href='data:,'><script>var quiet = 1</script>")
    assert page.title() == "page"
    assert trouble == []
