"""What the gate sees of a question: hashed words and character n-grams."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
Matrix = NDArray[np.float32]

DIMENSIONS = 4096
# Character n-grams carry Japanese, where no spaces mark the words, and the inflected words of English.
_CHARACTER_NGRAMS = (2, 3, 4)
# How much more a rare n-gram counts than a common one: "throughput" says what a question is about, "what is" does not.
_RARITY_POWER = 1.5


def question_features(questions: Sequence[str], importance: Matrix | None = None) -> Matrix:
    """One row of length 1 for each question, shape (questions, DIMENSIONS); zeros for a question without letters.

    importance: (DIMENSIONS,), the weight of every feature; by default all weigh the same.
    """
    features = np.zeros((len(questions), DIMENSIONS), dtype=np.float32)
    for row, question in zip(features, questions, strict=True):
        for ngram, count in Counter(_ngrams(question)).items():
            # Python's own hash differs from process to process; this one doesn't.
            row[crc32(ngram.encode()) % DIMENSIONS] += count**0.5
    if importance is not None:
        features *= importance
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    features /= np.where(lengths > 0, lengths, 1)
    return features


def feature_importance(questions: Sequence[str]) -> Matrix:
    """Weights by inverse document frequency in `questions`, shape (DIMENSIONS,); a feature none has weighs most."""
    frequency = np.count_nonzero(question_features(questions), axis=0)
    rarity = 1 + np.log((1 + len(questions)) / (1 + frequency))
    return np.asarray(rarity**_RARITY_POWER, dtype=np.float32)


def _ngrams(question: str) -> Iterator[str]:
    words = re.findall(r"\w+", unicodedata.normalize("NFKC", question).casefold())
    yield from (f"word {word}" for word in words)
    text = " ".join(words)
    for size in _CHARACTER_NGRAMS:
        yield from (text[at : at + size] for at in range(len(text) - size + 1))
