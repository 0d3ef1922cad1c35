"""Every language says everything, with the same values in it."""

import string

import pytest
from finetuning.texts import DEFAULT_LANGUAGE, LANGUAGES, Language, texts


def fields(text: str) -> set[str | None]:
    """The names of the values that a format string takes, without how each is written."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != DEFAULT_LANGUAGE])
def test_each_language_says_the_same(language: Language) -> None:
    default, other = texts(DEFAULT_LANGUAGE).by_key, texts(language).by_key
    assert default
    assert other.keys() == default.keys()
    assert {key: fields(text) for key, text in other.items()} == {key: fields(text) for key, text in default.items()}


def test_braces_in_a_value_are_text() -> None:
    assert texts("en")("report.pageTitle", verdict="{0} {x}", run="r") == "{0} {x} · r · fine-tuning experiment"


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        texts("en")("report.nothing")
