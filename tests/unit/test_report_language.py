"""The page speaks the result's language, and says the same in each."""

import re

import pytest
from finetuning.base_models import BASE_MODELS, EMBEDDING_MODEL, JUDGE_MODELS, PRICE_UNITS
from finetuning.report import render
from finetuning.texts import LANGUAGES, Language, texts
from report_pages import EXAMPLES, Document, Example, Page, improved

# What Japanese documents write in Latin letters too.
LATIN = {
    "AWS",
    "pt",
    "dataset",
    "customModelArn",
    "resumeFrom",
    "run",
    "result",
    "json",
    "Bedrock",
    "bedrock",
    "ft",
    "SHA",
    "UTC",
    "chrF",
    "p",
    "JSON",
    "us",
    "west",
    "prices",
}
# Names that choose what is said, as against what people wrote.
NAMES = {"language", "verdict", "status", "environment", "item", "unit", "source", "event", "at"}
NAMES |= {"startedAt", "endedAt", "executionArn", "unknownPrices"}


def in_japanese(value: object, name: str = "") -> object:
    """The document as a Japanese run would have written it: every free text in Japanese."""
    if isinstance(value, dict):
        return {key: in_japanese(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [in_japanese(inner, name) for inner in value]
    return "文" if isinstance(value, str) and name not in NAMES else value


def translated(example: Example) -> Document:
    document: Document = {**example(), "language": "ja"}
    document = {name: in_japanese(value, name) for name, value in document.items()}
    document["effects"] = {"language": (document.get("effects") or {}).get("language")}
    for finding in (document.get("training") or {}).get("findings") or []:
        finding["evidence"] = {}
    for finding in (document.get("coverage") or {}).get("findings") or []:
        finding["evidence"] = {}
    return document


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_label_is_translated(example: Example) -> None:
    page = Page(re.sub(r"<(code|pre)>.*?</\1>", "", render(translated(example)), flags=re.DOTALL))

    labels = ("aria-label", "data-label", "data-template", "placeholder", "title", "alt")
    attributes = [attributes.get(name) or "" for _, attributes in page.elements for name in labels]
    said = re.sub(r"\{\w+\}", "", " ".join([page.text, *attributes]))
    assert set(re.findall(r"[A-Za-z]+", said)) - LATIN == set()


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_language_shows_the_same_numbers(example: Example) -> None:
    pages = [Page(render(example() | {"language": language})) for language in LANGUAGES]

    numbers = [sorted(re.findall(r"\d+(?:[.,]\d+)*", " ".join(page.texts))) for page in pages]
    assert numbers[0] == numbers[1]
    assert [page.all("data") for page in pages] == [pages[0].all("data")] * len(pages)
    assert [page.all("html")[0]["lang"] for page in pages] == list(LANGUAGES)


@pytest.mark.parametrize("language", [None, "xx", "<b>", 3, ["ja"]])
def test_a_language_that_is_not_known_is_shown_in_english(language: object) -> None:
    page = Page(render(improved() | {"language": language}))

    assert page.all("html") == [{"lang": "en"}]
    assert "How sure?" in page.text


def test_names_of_the_document_are_translated() -> None:
    text = Page(render(improved() | {"language": "ja"})).text

    assert "改善しました" in text
    assert "プロビジョンドスループットの削除を確認" in text
    assert "公開価格表" in text
    assert "37 分 24 秒" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_that_has_a_price_has_its_words(language: Language) -> None:
    catalogue = [model.prices for model in BASE_MODELS.values()] + [judge.prices for judge in JUDGE_MODELS.values()]
    sources = {price.source for prices in (*catalogue, EMBEDDING_MODEL.prices) for price in prices.values()}
    wanted = {f"report.item.{item}" for item in PRICE_UNITS} | {
        f"report.costUnit.{unit}" for unit in PRICE_UNITS.values()
    }
    assert (wanted | {f"report.source.{source}" for source in sources}) - texts(language).by_key.keys() == set()
