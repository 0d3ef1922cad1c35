"""How alike texts are, in any language and without a model: cosine of TF-IDF vectors over character n-grams.

This module needs the scoring layer (scipy, numpy).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
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
    weights = rarity(counts)
    # Piece by piece: whole copies of the largest dataset's n-grams would be most of the memory that is needed.
    for first in range(0, counts.shape[0], ROWS_AT_ONCE):
        ends_of_rows = counts.indptr[first : first + ROWS_AT_ONCE + 1]
        piece = slice(ends_of_rows[0], ends_of_rows[-1])
        data = (1 + np.log(counts.data[piece])) * weights[counts.indices[piece]]
        rows = np.repeat(np.arange(len(ends_of_rows) - 1), np.diff(ends_of_rows))
        counts.data[piece] = data / np.sqrt(np.bincount(rows, data**2))[rows]
    borders = accumulate(map(len, collections), initial=0)
    return [_rows(counts, first, last) for first, last in pairwise(borders)]


def _rows(matrix: Vectors, first: int, last: int) -> Vectors:
    """These rows of the matrix, not a copy of them."""
    row_ends = matrix.indptr[first : last + 1]
    some = slice(row_ends[0], row_ends[-1])
    rows = (matrix.data[some], matrix.indices[some], row_ends - row_ends[0])
    return sparse.csr_array(rows, shape=(last - first, matrix.shape[1]))


def rarity(rows: Vectors) -> NDArray[np.float32]:
    """The weight of each n-gram: the fewer rows have it, the more."""
    rows_with = np.bincount(rows.indices, minlength=1 << COLUMNS_LOG2)
    weights: NDArray[np.float32] = (1 + np.log((1 + rows.shape[0]) / (1 + rows_with))).astype(np.float32)
    return weights


def _counts(texts: Sequence[str]) -> Vectors:
    indices, data, row_ends = [], [], [0]
    for text in texts:
        found, times = np.unique(_ngrams(text), return_counts=True)
        indices.append(found)
        # No text that counts has more of one n-gram.
        data.append(times.astype(np.uint16))
        row_ends.append(row_ends[-1] + len(found))
    columns = np.concatenate([np.empty(0, dtype=np.int32), *indices])
    indices.clear()
    values = np.concatenate([np.empty(0, dtype=np.uint16), *data]).astype(np.float32)
    return sparse.csr_array((values, columns, row_ends), shape=(len(texts), 1 << COLUMNS_LOG2))


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
