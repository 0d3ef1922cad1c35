"""The table of questions as a reader uses it: sorted and filtered, by mouse and by keyboard."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from chromium import Open
from finetuning.report import render
from playwright.sync_api import Page, expect
from report_pages import improved

QUESTIONS: list[dict[str, Any]] = improved()["questions"]
REPORT = render(improved())
EVERY = [str(question["index"]) for question in QUESTIONS]
ROW = "#questions tr[data-question]"


def shown(page: Page) -> list[str]:
    """The indices of the questions that are to be seen, from above."""
    rows = page.locator(f"{ROW}:visible")
    return [row.get_attribute("data-question") or "" for row in rows.all()]


def indices(questions: list[dict[str, Any]]) -> list[str]:
    return [str(question["index"]) for question in questions]


def correctness(question: Mapping[str, Any], model: str) -> float | None:
    return (question.get(model) or {}).get("correctness")


VALUES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "topic": lambda question: question["topic"],
    "base": lambda question: correctness(question, "base"),
    "custom": lambda question: correctness(question, "custom"),
    "difference": lambda question: question["difference"],
    "coverage": lambda question: (question.get("coverage") or {}).get("records"),
}


@pytest.mark.parametrize("key", VALUES)
def test_a_click_sorts_a_second_one_turns_the_order_around(open_page: Open, key: str) -> None:
    page, value = open_page(REPORT), VALUES[key]
    valued = [question for question in QUESTIONS if value(question) is not None]
    without = [question for question in QUESTIONS if value(question) is None]
    button = page.locator(f'#questions button[data-sort="{key}"]')

    button.click()
    assert [value(QUESTIONS[int(index)]) for index in shown(page)[: len(valued)]] == sorted(map(value, valued))
    assert shown(page)[len(valued) :] == indices(without)
    expect(button.locator("xpath=ancestor::th")).to_have_attribute("aria-sort", "ascending")

    button.click()
    assert [value(QUESTIONS[int(index)]) for index in shown(page)[: len(valued)]] == sorted(
        map(value, valued), reverse=True
    )
    assert shown(page)[len(valued) :] == indices(without)
    expect(page.locator("#questions th[aria-sort]")).to_have_count(1)


@pytest.mark.parametrize("written", ["question", "referenceAnswer"])
def test_text_is_found_in_whatever_case(open_page: Open, written: str) -> None:
    page, wanted = open_page(REPORT), QUESTIONS[3]
    page.locator("#filter-text").fill(wanted[written].upper())
    assert shown(page) == indices([wanted])
    expect(page.locator("#shown-count")).to_contain_text("1")

    page.locator("#filter-text").fill("no question says this")
    assert shown(page) == []
    page.locator("#filter-text").fill("")
    assert shown(page) == EVERY


def test_a_phone_filters_too(open_page: Open) -> None:
    page = open_page(REPORT, viewport={"width": 360, "height": 740})
    page.locator("#filter-text").fill(QUESTIONS[3]["question"])
    assert shown(page) == indices([QUESTIONS[3]])


def test_topics_languages_and_changes_are_chosen_together(open_page: Open) -> None:
    page = open_page(REPORT)
    topic = QUESTIONS[0]["topic"]
    of_topic = [question for question in QUESTIONS if question["topic"] == topic]
    assert 0 < len(of_topic) < len(QUESTIONS)
    page.locator("#filter-topic").select_option(topic)
    assert shown(page) == indices(of_topic)

    better = [question for question in of_topic if (question["difference"] or 0) > 0]
    page.locator("#filter-change").select_option("better")
    assert shown(page) == indices(better)

    page.locator("#filter-topic").select_option("")
    page.locator("#filter-change").select_option("")
    japanese = [question for question in QUESTIONS if question["language"] == "ja"]
    assert 0 < len(japanese) < len(QUESTIONS)
    page.locator("#filter-language").select_option("ja")
    assert shown(page) == indices(japanese)


def test_what_is_filtered_stays_so_when_it_is_sorted(open_page: Open) -> None:
    page, topic = open_page(REPORT), QUESTIONS[0]["topic"]
    page.locator("#filter-topic").select_option(topic)
    before = set(shown(page))
    page.locator('button[data-sort="custom"]').click()
    assert set(shown(page)) == before
    assert len(before) < len(QUESTIONS)


def test_everything_is_reached_and_used_by_keyboard(open_page: Open) -> None:
    page = open_page(REPORT)
    ids = ["filter-text", "filter-topic", "filter-language", "filter-change"]
    reached = []
    for _ in range(200):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "() => { const at = document.activeElement;"
            " return at === document.body ? null : [at.id || at.dataset.sort || at.tagName,"
            " getComputedStyle(at).outlineStyle]; }"
        )
        if focused is None:
            break
        name, outline = focused
        reached.append(name)
        assert outline != "none", f"{name} does not show that it has the focus"
        if name == "filter-text":
            page.keyboard.type(QUESTIONS[2]["question"])
            assert shown(page) == indices([QUESTIONS[2]])
            page.keyboard.press("ControlOrMeta+A")
            page.keyboard.press("Delete")
        elif name == "difference":
            page.keyboard.press("Enter")
            expect(page.locator('button[data-sort="difference"]').locator("xpath=ancestor::th")).to_have_attribute(
                "aria-sort", "ascending"
            )
    assert [name for name in reached if name in ids] == ids
    assert [name for name in reached if name in VALUES] == list(VALUES)


def test_without_scripts_the_page_is_complete_and_shows_no_controls(open_page: Open) -> None:
    page = open_page(REPORT, java_script_enabled=False)
    assert shown(page) == EVERY
    expect(page.locator("#filter-text")).to_be_hidden()
