"""The report stands on its own, is accessible, shows untrusted text as text, and bears what is missing."""

import ast
import base64
import copy
import hashlib
import json
import math
import re
import sys
from pathlib import Path

import pytest
from finetuning import report
from finetuning.report import render
from finetuning.report.markup import element, escape
from report_pages import (
    EXAMPLES,
    Example,
    Location,
    Page,
    failed_in_configure_run,
    improved,
    in_full,
    leaves,
    replaced,
)

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style></title></textarea><h1>hijacked</h1>",
    "<!-- &lt;b&gt; &#60; ]]> **bold** [x](javascript:alert(1))",
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_page_is_well_formed_and_accessible(example: Example) -> None:
    page = Page(render(example()))

    assert len(page.all("h1")) == 1
    assert [len(page.all(landmark)) for landmark in ("header", "main", "footer")] == [1, 1, 1]
    assert page.all("html") == [{"lang": "en"}]
    assert all(cell["scope"] in ("row", "col") for cell in page.all("th"))
    pictures = [picture for picture in page.all("svg") if picture.get("aria-hidden") != "true"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert all(picture["role"] == "img" and picture["aria-labelledby"] in ids for picture in pictures)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("example", EXAMPLES)
def test_page_loads_nothing_and_runs_its_own_script_only(example: Example) -> None:
    page = Page(render(example()))

    policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    hashes = [base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in page.code]
    allowed = "".join(f"script-src 'sha256-{digest}'; " for digest in hashes)
    assert policies == [
        f"default-src 'none'; {allowed}style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    ]
    assert len(page.all("script")) == len(hashes) == len([row for row in page.all("tr") if "data-question" in row][:1])
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert not [attributes for _, attributes in page.elements if "src" in attributes or "style" in attributes]


def test_page_needs_the_standard_library_only() -> None:
    folder = Path(report.__path__[0])
    # What the page takes over from the verdict, so that both follow one rule.
    files = [*folder.rglob("*.py"), folder.parent / "verdict.py", folder.parent / "power.py"]
    sources = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    nodes = [node for source in sources for node in ast.walk(source)]
    modules = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    ours = {
        module
        for module in modules
        if module.startswith(tuple(f"finetuning.{name}" for name in ("report", "texts", "version", "verdict", "power")))
    }
    assert {module.split(".")[0] for module in modules - ours} <= set(sys.stdlib_module_names)


def test_page_is_a_function_of_the_document() -> None:
    document = improved()
    assert render(document) == render(copy.deepcopy(document))
    assert document == improved()


# Contrast


def themes() -> dict[str, dict[str, str]]:
    """The colours of style.css: the dark theme sets all that the light one sets."""
    style = Path(report.__path__[0], "style.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", part)) for part in style.split("@media")[:2])
    return {"light": light, "dark": dark}


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(theme: str) -> None:
    colour = themes()[theme]
    assert colour.keys() == themes()["light"].keys()
    on_page = {(text, "page") for text in ("ink", "soft", "custom", "good", "bad", "caution", "neutral")}
    on_panels = {(text, panel) for text in ("ink", "soft") for panel in ("panel", "base-panel", "custom-panel")}
    on_own = {(tone, f"{tone}-panel") for tone in ("good", "bad", "caution", "neutral")}
    on_tones = {("ink", f"{tone}-panel") for tone in ("bad", "caution")}
    for text, behind in on_page | on_panels | on_own | on_tones:
        assert contrast(colour[text], colour[behind]) >= 4.5, (text, behind)
    for mark in ("base", "custom", "good", "bad", "caution"):
        assert contrast(colour[mark], colour["page"]) >= 3, mark


# Untrusted text


def is_shown(page: Page, path: Location, text: str) -> bool:
    """As text, or in an attribute; an execution input is shown as JSON."""
    written = json.dumps(text, ensure_ascii=False)[1:-1] if "input" in path else text
    return written in page.text or any(written in (value or "") for _, a in page.elements for value in a.values())


def structure(page: Page) -> tuple[set[str], set[str]]:
    return {tag for tag, _ in page.elements}, {name for _, attributes in page.elements for name in attributes}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_in_every_string_at_once_is_shown_as_text(payload: str) -> None:
    document, injected = in_full(), {}
    for index, (path, value) in enumerate(leaves(document)):
        if isinstance(value, str):
            injected[path] = f"{payload}{index}."
            document = replaced(document, path, injected[path])

    page = Page(render(document))

    assert [path for path, text in injected.items() if not is_shown(page, path, text)] == []
    assert len(page.all("h1")) == 1
    tags, attributes = structure(Page(render(in_full())))
    assert structure(page)[0] <= tags
    assert structure(page)[1] <= attributes


@pytest.mark.parametrize("example", [in_full, failed_in_configure_run])
def test_payload_in_each_string_alone_is_shown_as_text(example: Example) -> None:
    payload = "".join(PAYLOADS)
    document = example()
    expected = structure(Page(render(document)))
    for path, value in leaves(document):
        if isinstance(value, str):
            page = Page(render(replaced(document, path, payload)))
            assert is_shown(page, path, payload), path
            assert structure(page)[0] <= expected[0], path
            assert structure(page)[1] <= expected[1], path


def test_payload_in_names_is_shown_as_text() -> None:
    document = improved()
    payload = "".join(PAYLOADS)
    document["scores"][payload] = document["scores"]["chrf"]
    document["provenance"]["hyperParameters"][payload] = 1
    document["nextSteps"][1]["input"][payload] = 1

    page = Page(render(document))

    assert page.text.count(payload) == 2
    assert json.dumps(payload) in page.text
    assert len(page.all("h1")) == 1


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_in_an_attribute_stays_in_it(payload: str) -> None:
    page = Page(element("p", payload, title=payload))
    assert page.elements == [("p", {"title": payload})]
    assert page.text == payload


def test_characters_that_a_page_cannot_hold_are_spelled_out() -> None:
    assert escape("a\x00b\r\nc\td") == "a\N{SYMBOL FOR NULL}b\nc\td"
    assert escape("\ud800 \x85 \u202e") == r"\ud800 \x85 \u202e"


def test_japanese_is_kept() -> None:
    text = Page(render(improved())).text
    assert "使い終わったらすぐに削除してください。" in text


# What is missing


def test_empty_document_gives_a_page() -> None:
    assert len(Page(render({})).all("h1")) == 1


def test_any_part_may_be_null() -> None:
    document = in_full()
    second_level = [(key, inner) for key, value in document.items() if isinstance(value, dict) for inner in value]
    for path in [*((key,) for key in document), *second_level]:
        text = Page(render(replaced(document, path, None))).text
        assert "None" not in text.replace("None was bought", ""), path


def test_number_that_is_not_finite_is_not_shown() -> None:
    document = in_full()
    for path, value in leaves(document):
        counts = path[-1] in ("epoch", "step", "index")
        if isinstance(value, float | int) and not isinstance(value, bool) and not counts and "input" not in path:
            for broken in (math.nan, math.inf):
                words = Page(render(replaced(document, path, broken))).text.lower().split()
                assert not {"nan", "inf", "infinity"} & {word.strip("$+-.,;:") for word in words}, path
