"""Whatever a dataset, a model, a judge or AWS wrote into a result is text on its page: none runs, and none is lost."""

import html
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from chromium import Open
from finetuning.report import render
from finetuning.report.comparison import Run, render_comparison
from finetuning.report.index import render_index
from finetuning.report.markup import escape
from playwright.sync_api import Page
from report_pages import improved, in_full

# Each runs, asks for a file, opens a dialog or hides the page where it is taken for more than text.
PAYLOADS = {
    "image": '<img src="file:///ran.png" onerror="window.ran = 1">',
    "script": "<script>window.ran = 1</script>",
    "end of a script": "</script><script>window.ran = 1</script>",
    "end of the style": "</style></title></textarea></template><script>window.ran = 1</script>",
    "end of an attribute": '"\'><svg onload="window.ran = 1"></svg>',
    "event attribute": "' autofocus onfocus='window.ran = 1' x=\" autofocus onfocus=\"window.ran = 1",
    "svg": '<svg><script>window.ran = 1</script><a href="javascript:alert(1)"><text y="9">x</text></a></svg>',
    "comment": "]]><![CDATA[<script>window.ran = 1</script>]]> --><!-- <img src=x onerror=window.ran=1>",
    "frame": '<iframe srcdoc="<script>parent.ran = 1</script>"></iframe><object data="file:///ran"></object>',
    "redirect": '<meta http-equiv="refresh" content="0;url=file:///ran"><base href="file:///ran/">',
    "style": '<style>@import "file:///ran.css"; body { display: none }</style>',
    "markdown": "# Title\n[link](javascript:alert(1)) ![picture](file:///ran.png) **bold** `code`\n|a|b|\n|-|-|",
    "address": "javascript:alert(1)",
    "template": "{{constructor.constructor('window.ran = 1')()}} ${window.ran = 1} {0.__class__} {run} %s $& $1",
    "entities": "&lt;b&gt; &#60;script&#62; &amp;amp; &colon;",
    "controls": "NUL \x00, bell \x07, turned around \u202eabc\u202c, half a pair \ud83d",
}

# They choose the words of the page and are not among them.
CHOOSE = {"language", "code"}
# Maps whose keys are data too.
NAMED_BY_DATA = {("effects", "topic"), ("effects", "language"), ("provenance", "hyperParameters")}

Place = tuple[str, ...]


def whole(payload: str) -> tuple[dict[str, Any], dict[Place, str]]:
    """A result of which no part is missing with the payload in every string, and what then stands where."""
    document = in_full()
    written: dict[Place, str] = {}

    def put(place: Place) -> str:
        written[place] = f"@{'.'.join(place)}@ {payload}"
        return written[place]

    def everywhere(value: Any, place: Place) -> Any:  # noqa: ANN401 - any JSON
        if isinstance(value, str):
            return put(place)
        if isinstance(value, list):
            return [everywhere(item, (*place, str(index))) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        replaced = {key: everywhere(item, (*place, key)) for key, item in value.items()}
        if place in NAMED_BY_DATA:
            name, last = replaced.popitem()
            replaced[put((*place, f"name of {name}"))] = last
        return replaced

    return everywhere(document, ()), written


def lost(written: dict[Place, str], text: str) -> list[Place]:
    """Where something stood that the page does not say, be it as it is or as JSON spells it."""

    def says(value: str) -> bool:
        return any(html.unescape(escape(form)) in text for form in (value, json.dumps(value, ensure_ascii=False)[1:-1]))

    return [place for place, value in written.items() if place[-1] not in CHOOSE and not says(value)]


def use_everything(page: Page, text: str) -> None:
    """What a reader might do: open, sort, choose, search, and go through everything by keyboard."""
    for summary in page.locator("summary").all():
        summary.click()
    for button in page.locator("button[data-sort]").all():
        button.click()
    for select in page.locator("select").all():
        select.select_option(index=1)
        select.select_option(index=0)
    page.locator("#filter-text").fill(text)
    page.locator("#filter-text").fill("")
    for _ in range(30):
        page.keyboard.press("Tab")


def kinds(page: Page) -> set[str]:
    """Every kind of element and attribute on the page."""
    return set(
        page.evaluate(
            "[...document.querySelectorAll('*')].flatMap("
            "each => [each.tagName, ...[...each.attributes].map(it => `${each.tagName} ${it.name}`)])"
        )
    )


@pytest.fixture
def expected(open_page: Open) -> set[str]:
    """What a page is made of where every string is harmless."""
    page = open_page(render(whole("harmless")[0]))
    use_everything(page, "harmless")
    return kinds(page)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_in_every_string_of_a_result(open_page: Open, expected: set[str], payload: str) -> None:
    document, written = whole(payload)
    page = open_page(render(document))
    use_everything(page, payload)
    assert page.evaluate("typeof window.ran") == "undefined"
    assert kinds(page) <= expected
    assert lost(written, page.evaluate("document.title + document.body.textContent")) == []


def test_a_language_that_we_do_not_know_is_none(open_page: Open) -> None:
    page = open_page(render(improved() | {"language": "<b>xx</b>"}))
    assert page.evaluate("document.documentElement.lang") == "en"


SHOWN_OF_A_RUN: Sequence[Place] = (
    ("runId",),
    ("verdict",),
    ("baseModel",),
    ("provenance", "dataset", "name"),
)


def runs_with_payloads() -> Iterator[tuple[Run, dict[Place, str]]]:
    """A run a payload; it also names the place of the report."""
    for payload in PAYLOADS.values():
        document, written = whole(payload)
        yield Run(document, payload), {place: written[place] for place in SHOWN_OF_A_RUN}


@pytest.mark.parametrize("render_runs", [render_comparison, render_index])
def test_in_pages_about_several_runs(open_page: Open, render_runs: Any) -> None:  # noqa: ANN401 - either function
    runs = [run for run, _ in runs_with_payloads()]
    harmless = Run(whole("harmless")[0], "report.html")
    expected = kinds(open_page(render_runs([harmless, Run(whole("other")[0], None)], "en")))

    page = open_page(render_runs(runs, "en"))
    for _ in range(40):
        page.keyboard.press("Tab")
    assert page.evaluate("typeof window.ran") == "undefined"
    assert set(page.evaluate("[...document.links].map(link => link.protocol)")) == {"file:"}
    assert kinds(page) <= expected
    text = page.evaluate("document.title + document.body.textContent")
    assert [place for _, written in runs_with_payloads() for place in lost(written, text)] == []
