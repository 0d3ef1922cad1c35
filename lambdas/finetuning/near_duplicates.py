"""Pairs of similar texts among many, found without comparing each with each: MinHash and locality-sensitive hashing.

This module needs the scoring layer (scipy, numpy). Why this way: docs/decisions/0019-near-duplicates-by-minhash.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from finetuning.similarity import Vectors, rarity

# Hashes that two texts must have in common in one band to be compared. More: fewer comparisons, but more bands.
HASHES_A_BAND = 3
# Of the pairs that are just as similar as the threshold, at most this share is missed; of those above it, fewer.
MISSED = 0.002
# Of the texts that share a band's hashes, each is compared with so many before it: groups of any size stay cheap.
WINDOW = 32
PAIRS_AT_ONCE = 2_000
SEED = 1

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Rows later > earlier, in the order of `later`, then of `earlier`; each pair once."""

    later: Rows
    earlier: Rows


def similar_pairs(vectors: Vectors, threshold: float) -> Pairs:
    """The pairs of rows whose cosine is at least the threshold; the same ones every time.

    vectors: as similarity.vectors makes them. Nearly all pairs are found, and each that is named is one: its cosine is
    computed. Takes n log n steps for n rows. In a group of more than WINDOW + 1 similar rows, each is compared with
    about 2 * WINDOW of the others.
    """
    candidates = Pairs(*2 * [np.empty(0, dtype=np.int64)])
    for band in _bands(vectors, threshold):
        candidates = either(candidates, band)
    similar = cosines(vectors, candidates) >= threshold
    return Pairs(candidates.later[similar], candidates.earlier[similar])


def either(one: Pairs, other: Pairs) -> Pairs:
    """The pairs of both."""
    return _pairs(np.concatenate([one.later, other.later]), np.concatenate([one.earlier, other.earlier]))


def _pairs(some: Rows, others: Rows) -> Pairs:
    later, earlier = np.maximum(some, others), np.minimum(some, others)
    # A stable sort of what is sorted already, or of two sorted halves, takes linear time.
    both = np.sort((later << 32) | earlier, kind="stable")
    later, earlier = np.divmod(both[np.diff(both, prepend=-1) != 0], 1 << 32)
    return Pairs(later, earlier)


def cosines(vectors: Vectors, pairs: Pairs) -> NDArray[np.float32]:
    """The similarity of each pair."""
    found = np.empty(len(pairs.later), dtype=np.float32)
    for first in range(0, len(found), PAIRS_AT_ONCE):
        some = slice(first, first + PAIRS_AT_ONCE)
        found[some] = vectors[pairs.later[some]].multiply(vectors[pairs.earlier[some]]).sum(axis=1)
    return found


def bands_for(threshold: float) -> int:
    """How many bands find a pair at the threshold with a probability of 1 - MISSED.

    Two texts have a hash in common with the probability J, their weighted Jaccard similarity. With the weights that the
    cosine has (each n-gram's rarity, squared), J is least where one text is part of the other: cosine squared.
    """
    same_band = threshold ** (2 * HASHES_A_BAND)
    return ceil(log(MISSED) / log(1 - same_band)) if same_band < 1 else 1


def _bands(vectors: Vectors, threshold: float) -> Iterator[Pairs]:
    """For each band, the pairs that share its hashes."""
    random = np.random.default_rng(SEED)
    # A row without n-grams is like nothing.
    rows = np.flatnonzero(np.diff(vectors.indptr))
    if not len(rows):
        return
    starts = vectors.indptr[rows]
    weights = rarity(vectors) ** 2
    used = np.flatnonzero(np.bincount(vectors.indices, minlength=vectors.shape[1]))
    places = np.zeros(vectors.shape[1], dtype=np.int32)
    places[used] = np.arange(len(used), dtype=np.int32)
    ngrams = places[vectors.indices]
    # In any other order, a group's records of one file would stand beside each other, and fill each other's windows.
    order = random.permutation(len(rows))
    for _ in range(bands_for(threshold)):
        keys = np.zeros(len(rows), dtype=np.uint64)
        for _ in range(HASHES_A_BAND):
            # The least of exponentially distributed times whose rates are the weights: two rows have it in common with
            # the probability of their weighted Jaccard similarity.
            times = random.standard_exponential(len(used), dtype=np.float32) / weights[used]
            least = np.minimum.reduceat(times[ngrams], starts)
            keys = (keys + least.view(np.uint32)) * np.uint64(0x9E3779B97F4A7C15)
            keys ^= keys >> np.uint64(32)
        yield _within_windows(keys[order], rows[order])


def _within_windows(keys: NDArray[np.uint64], rows: Rows) -> Pairs:
    """The pairs of rows with equal keys, at most WINDOW apart among those."""
    by_key = np.argsort(keys, kind="stable")
    keys, rows = keys[by_key], rows[by_key]
    some, others = [rows[:0]], [rows[:0]]
    for apart in range(1, WINDOW + 1):
        equal = np.flatnonzero(keys[apart:] == keys[:-apart])
        if not len(equal):
            break
        some.append(rows[equal])
        others.append(rows[equal + apart])
    return _pairs(np.concatenate(some), np.concatenate(others))
