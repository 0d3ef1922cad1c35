"""The pages as readers see them: in both languages and themes, on a phone, on paper, with assistive technology."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from chromium import Open
from finetuning.report import render
from finetuning.report.comparison import Run, render_comparison
from finetuning.report.index import render_index
from finetuning.texts import LANGUAGES, Language
from playwright.sync_api import Page, expect
from report_pages import EXAMPLES, improved

AXE = Path("node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")
PHONE = {"width": 360, "height": 740}


def every_run() -> list[Run]:
    return [Run(example() | {"runId": example.__name__}, f"{example.__name__}/report.html") for example in EXAMPLES]


PAGES: dict[str, Callable[[Language], str]] = {
    **{
        example.__name__: lambda language, example=example: render(example() | {"language": language})  # type: ignore[misc]
        for example in EXAMPLES
    },
    "comparison": lambda language: render_comparison([*every_run(), *every_run()], language),
    "index": lambda language: render_index(every_run(), language),
}


def background(page: Page) -> list[int]:
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return [int(part) for part in re.findall(r"\d+", colour)]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "ja")])
def test_accessible(open_page: Open, name: str, theme: str, language: Language) -> None:
    page = open_page(PAGES[name](language), color_scheme=theme)
    page.evaluate(AXE)
    found = page.evaluate("axe.run().then(found => found.violations)")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps([[each["id"], each["nodes"][0]["failureSummary"]] for each in serious], indent=1)
    assert (sum(background(page)) < 150) == (theme == "dark")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_heading_is_in_the_pages_language(open_page: Open, name: str, language: Language) -> None:
    page = open_page(PAGES[name](language))
    expect(page.locator("html")).to_have_attribute("lang", language)
    headings = page.locator("h2").all_text_contents()
    assert headings
    # A metric's name, and the one that a dataset gave its pattern.
    names = {"chrF", "In one sentence"}
    assert [text for text in headings if text not in names and bool(JAPANESE.search(text)) != (language == "ja")] == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_needs_no_scrolling_to_the_side(open_page: Open, name: str, language: Language) -> None:
    page = open_page(PAGES[name](language), viewport=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


CUT_OFF = """[...document.querySelectorAll("svg text")].filter(text => {
  const picture = text.ownerSVGElement.getBoundingClientRect(), box = text.getBoundingClientRect();
  return box.left < picture.left - 1 || box.right > picture.right + 1;
}).map(text => text.textContent)"""


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [1200, 390])
def test_no_label_of_a_picture_is_cut_off(open_page: Open, name: str, language: Language, width: int) -> None:
    page = open_page(PAGES[name](language), viewport={"width": width, "height": 900})
    assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("interval", [(0.025, 0.225), (-0.5, 9.0), (-9.0, -0.001), (0.0, 0.0)])
def test_no_label_of_an_interval_is_cut_off(open_page: Open, interval: tuple[float, float]) -> None:
    document = improved()
    document["scores"]["correctness"] |= {"ci95": list(interval), "difference": sum(interval) / 2}
    page = open_page(render(document))
    assert page.evaluate(CUT_OFF) == []


def test_a_page_whose_texts_are_shortened_works_like_any_other(open_page: Open) -> None:
    document = improved()
    question = document["questions"][0]
    said = "削除するまで、時間単位で課金されます。" * 120
    document["questions"] = [
        question | {"index": index, "custom": question["custom"] | {"answer": f"{index} {said}"}}
        for index in range(500)
    ]
    page = open_page(render(document), viewport=PHONE)

    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    expect(page.locator(".shortened")).to_contain_text("(500 of them)")
    expect(page.locator("#question-1 .left-out")).to_contain_text("more characters in result.json")
    page.locator("#filter-text").fill("499 削除")
    expect(page.locator("#questions tr[data-question]:visible")).to_have_count(1)


def test_paper_has_every_question_and_no_controls(open_page: Open) -> None:
    page = open_page(render(improved()))
    # What a reader has filtered is on the screen only.
    page.locator("#filter-text").fill("no question says this")
    page.emulate_media(media="print")
    questions = improved()["questions"]
    expect(page.locator("#questions tr[data-question]:visible")).to_have_count(len(questions))
    expect(page.locator("#filter-text")).to_be_hidden()
    for question in questions:
        expect(page.locator("#questions").get_by_text(question["question"], exact=True)).to_be_visible()
    assert background(page) == [255, 255, 255]
    assert page.pdf().startswith(b"%PDF-")


def test_paper_is_light_for_those_who_read_in_the_dark(open_page: Open) -> None:
    page = open_page(render(improved()), color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert background(page) == [255, 255, 255]
