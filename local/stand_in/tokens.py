"""Text to tokens and back without loss: English by word, Japanese by character."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

# Hiragana, katakana, Han and their half-width forms: scripts written without spaces between words.
_UNSPACED = "\u3005\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
# The space before a word belongs to the word, so decoding only joins and never has to guess where spaces go.
_TOKEN = re.compile(rf"[{_UNSPACED}]| ?[^\W{_UNSPACED}]+| ?[^\w\s]|\s")

TokenIds = NDArray[np.intp]
UNKNOWN, BEGIN, END = 0, 1, 2
_RESERVED = 3


def tokenize(text: str) -> list[str]:
    """Split `text` into tokens; joining them gives `text` again."""
    return _TOKEN.findall(text)


@dataclass(frozen=True)
class Vocabulary:
    """The tokens a model can write, numbered after the three reserved ids."""

    tokens: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Vocabulary":
        """Number the distinct tokens of `texts` in order of appearance."""
        return cls(tuple(dict.fromkeys(token for text in texts for token in tokenize(text))))

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens, start=_RESERVED)}

    def __len__(self) -> int:
        return len(self.tokens) + _RESERVED

    def encode(self, text: str) -> TokenIds:
        """Ids of the tokens of `text`; a token that is not in the vocabulary is UNKNOWN."""
        return np.array([self._ids.get(token, UNKNOWN) for token in tokenize(text)], dtype=np.intp)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`; reserved ids have none."""
        return "".join(self.tokens[number - _RESERVED] for number in ids if number >= _RESERVED)
