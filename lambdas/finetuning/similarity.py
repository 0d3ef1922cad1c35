"""How alike texts are, in any language and without a model: cosine of TF-IDF vectors over character n-grams.

This module needs the scoring layer (scipy, numpy).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# About a syllable of English. Words of Chinese, Japanese and Korean are shorter: pairs of their characters count too.
LENGTH = 4
# n-grams are hashed into so many columns; two of them share one now and then, which moves no similarity that is shown.
COLUMNS_LOG2 = 20
# Of a longer text only both ends count: memory is bounded by the number of texts.
MAX_CHARACTERS = 1_000
ROWS_AT_ONCE = 250

Vectors: TypeAlias = sparse.csr_array
Similarities = NDArray[np.float32]


def vectors(*collections: Sequence[str]) -> list[Vectors]:
    """A unit vector for each text: how often each n-gram occurs in it, weighed by how few of all the texts have it.

    The weights are scikit-learn's: (1 + ln(occurrences)) * (1 + ln((1 + texts) / (1 + texts with the n-gram))).
    """
    counts = _counts([text for texts in collections for text in texts])
    number = counts.shape[0]
    texts_with = np.bincount(counts.indices, minlength=1 << COLUMNS_LOG2)
    rarity = (1 + np.log((1 + number) / (1 + texts_with))).astype(np.float32)
    counts.data = (1 + np.log(counts.data)) * rarity[counts.indices]
    lengths = np.sqrt(counts.multiply(counts).sum(axis=1))
    counts.data /= np.repeat(lengths, np.diff(counts.indptr))
    borders = np.cumsum([0, *map(len, collections)])
    return [counts[first:last] for first, last in pairwise(borders)]


def _counts(texts: Sequence[str]) -> Vectors:
    grams = [np.unique(_ngrams(text), return_counts=True) for text in texts]
    row_ends = np.cumsum([0, *(len(found) for found, _ in grams)])
    indices = np.concatenate([found for found, _ in grams])
    data = np.concatenate([times for _, times in grams]).astype(np.float32)
    return sparse.csr_array((data, indices, row_ends), shape=(len(texts), 1 << COLUMNS_LOG2))


def ends(text: str) -> str:
    """The part of a text that counts."""
    half = MAX_CHARACTERS // 2
    return text if len(text) <= MAX_CHARACTERS else f"{text[:half]} {text[-half:]}"


def _ngrams(text: str) -> NDArray[np.int32]:
    """The columns of a text's n-grams: case, width and punctuation make no difference."""
    words = re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", ends(text)).casefold())
    # The spaces make one n-gram even of a single character.
    characters = np.frombuffer(f" {words.strip()}  ".encode("utf-32-le"), dtype=np.uint32)
    wide = ((characters >= 0x3040) & (characters <= 0x9FFF)) | ((characters >= 0xAC00) & (characters <= 0xD7AF))
    pairs = _columns(characters, 2)[wide[:-1] & wide[1:]]
    return np.concatenate([_columns(characters, LENGTH), pairs])


def _columns(characters: NDArray[np.uint32], length: int) -> NDArray[np.int32]:
    """The column of each run of so many characters."""
    columns = np.full(len(characters) - length + 1, length, dtype=np.uint64)
    for place in range(length):
        # Multiplicative hashing: the multiplier is 2^64 over the golden ratio, the high bits are the best mixed.
        columns = (columns + characters[place : place + len(columns)]) * np.uint64(0x9E3779B97F4A7C15)
    return (columns >> np.uint64(64 - COLUMNS_LOG2)).astype(np.int32)


def blocks(rows: Vectors, columns: Vectors) -> Iterator[tuple[int, Similarities]]:
    """Every row against every column, a block of rows at a time: (number of its first row, rows x columns)."""
    transposed = columns.T.tocsr()
    for first in range(0, rows.shape[0], ROWS_AT_ONCE):
        yield first, (rows[first : first + ROWS_AT_ONCE] @ transposed).toarray()


def earlier_blocks(rows: Vectors) -> Iterator[tuple[int, Similarities]]:
    """The same for every row against those before it; against itself and those after it the similarity is 0."""
    for first in range(0, rows.shape[0], ROWS_AT_ONCE):
        block = rows[first : first + ROWS_AT_ONCE]
        yield first, np.tril((block @ rows[: first + ROWS_AT_ONCE].T.tocsr()).toarray(), first - 1)
