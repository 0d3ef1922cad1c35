"""Which language a text is in, as far as its script tells."""

import re
from typing import Literal

TextLanguage = Literal["en", "ja", "other"]

# Hiragana, katakana and their half-width forms, Han.
_JAPANESE = re.compile("[\u3040-\u30ff\uff66-\uff9f\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile("[A-Za-z]")


def language_of(text: str) -> TextLanguage:
    """Kana or kanji: Japanese, also where Latin names stand among them. Otherwise Latin letters: English."""
    if _JAPANESE.search(text):
        return "ja"
    return "en" if _LATIN.search(text) else "other"
