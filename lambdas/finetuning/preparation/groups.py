"""Which records ask the same: they stay in one file, since what validates or evaluates must not have been trained.

This module needs the scoring layer (scipy, numpy).
"""

from collections.abc import Sequence

from finetuning.repetition import Asked, repetitions


def same_questions(records: Sequence[Asked]) -> list[int]:
    """For each record the place of the first one that asks the same, or that is linked to it by such pairs."""
    first = list(range(len(records)))
    for each in repetitions(records):
        one, other = _root(first, each.later), _root(first, each.earlier)
        first[max(one, other)] = min(one, other)
    return [_root(first, place) for place in range(len(records))]


def _root(first: list[int], place: int) -> int:
    while first[place] != place:
        # Every link is shortened on the way: the next walk is half as long.
        first[place] = first[first[place]]
        place = first[place]
    return place
