"""No page is larger than 2 MB; what does not fit is shortened visibly, the longest texts first."""

import copy
import html
import re
from typing import Any

import pytest
from finetuning.report import render
from finetuning.report.markup import Html, escape
from finetuning.report.page import MOST_BYTES
from finetuning.report.written import Written, shortened
from finetuning.texts import Language, texts
from hypothesis import given
from hypothesis import strategies as st
from report_pages import Document, Page, improved

ENGLISH = 'You are billed by the hour & by the unit until the throughput is <deleted>, "even" while nothing is asked. '
JAPANESE = "プロビジョンドスループットを削除するまで、リクエストがなくても時間単位で課金されます。"


def many(count: int, text: str, characters: int) -> Document:
    """Questions whose two answers have so many characters and differ now and then."""
    document = improved()
    answered = document["questions"][0]
    said = (text * (characters // len(text) + 1))[:characters]
    document["questions"] = [copy.deepcopy(answered) | {"index": index} for index in range(count)]
    for index, question in enumerate(document["questions"]):
        question["base"]["answer"] = f"{index} {said}"
        question["custom"]["answer"] = f"{index} {said.replace('hour', 'month').replace('時間', '月')}"
    return document


def test_a_question_costs_little_more_than_its_texts() -> None:
    """Measured: 1.6 KB, a dot in the picture of coverage included."""
    few, more = (len(render(many(count, "x", 1)).encode()) for count in (100, 200))
    question = improved()["questions"][0]
    written = [question["question"], question["referenceAnswer"], question["base"]["reason"]]
    of_texts = len("".join([*written, question["custom"]["reason"]]).encode())

    assert (more - few) / 100 - of_texts < 1_650


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize(("text", "characters"), [(ENGLISH, 1_500), (JAPANESE, 1_500), (JAPANESE, 4_096)])
def test_a_page_of_500_long_answers_is_no_larger_than_2_mb(language: Language, text: str, characters: int) -> None:
    document = many(500, text, characters) | {"language": language}
    before = copy.deepcopy(document)
    markup = render(document)

    assert MOST_BYTES - 50_000 < len(markup.encode()) <= MOST_BYTES
    page = Page(markup)
    cut = [span for span in page.all("span") if span.get("class") == "left-out"]
    notice = texts(language)("report.questions.shortened", n=f"{len(cut):,}")
    assert len(cut) == 1_000
    assert notice in page.text
    assert "result.json" in notice
    assert document == before


def test_short_answers_stay_whole_beside_long_ones() -> None:
    document = many(500, JAPANESE, 3_000)
    document["questions"][7]["custom"]["answer"] = "短い回答です。"

    text = Page(render(document)).text

    assert "短い回答です。" in text
    assert document["questions"][7]["base"]["answer"] not in text
    assert document["questions"][7]["referenceAnswer"] in text


def test_a_page_that_is_small_enough_shows_every_text_in_full() -> None:
    document = many(200, ENGLISH, 1_500)
    page = Page(render(document))

    assert [span for span in page.all("span") if span.get("class") == "left-out"] == []
    assert "shortened" not in page.text
    assert all(question["custom"]["answer"] in page.text for question in document["questions"])


written_texts = st.lists(st.text(max_size=3_000), min_size=1, max_size=8)


@given(written_texts, st.integers(0, 20_000))
def test_what_is_left_of_a_text_is_its_beginning_and_the_rest_is_counted(said: list[str], excess: int) -> None:
    whole = Written([{str(place): escape(text) for place, text in enumerate(said)}])
    shown = shortened(whole, excess, texts("en"))

    cut = 0
    for name, text in whole.texts[0].items():
        beginning, *note = re.split('<span class="left-out">', shown.texts[0][name])
        original, kept = html.unescape(text), html.unescape(beginning)
        assert original.startswith(kept)
        if note:
            cut += 1
            left_out = re.search(r"([\d,]+) more", note[0])
            assert left_out is not None
            assert int(left_out[1].replace(",", "")) == len(original) - len(kept)
        else:
            assert kept == original
    assert cut == shown.shortened


def test_a_mark_that_is_cut_is_closed() -> None:
    marked: Any = Html(f"a<mark>{'b' * 5_000}</mark>c")

    shown = shortened(Written([{"base": marked}]), 3_000, texts("en")).texts[0]["base"]

    assert re.fullmatch(
        r'a<mark>b+</mark><span class="left-out"> … [\d,]+ more characters in result.json</span>', shown
    )
