"""Similar pairs are found without comparing each text with each, and nearly all of them."""

from collections.abc import Sequence

import numpy as np
import pytest
from finetuning.near_duplicates import WINDOW, Pairs, bands_for, cosines, either, similar_pairs
from finetuning.repetition import COPIED_ANSWER, SAME_QUESTION
from finetuning.similarity import Vectors, vectors
from hypothesis import given
from hypothesis import strategies as st
from records import Maker

Found = set[tuple[int, int]]


def in_pairs(pairs: Pairs) -> Found:
    listed = list(zip(pairs.later.tolist(), pairs.earlier.tolist(), strict=True))
    assert listed == sorted(set(listed))
    return set(listed)


def similar(texts: Sequence[str], threshold: float = SAME_QUESTION) -> Found:
    (found,) = vectors(texts)
    return in_pairs(similar_pairs(found, threshold))


def all_pairs(found: Vectors, threshold: float) -> Found:
    every = np.tril((found @ found.T).toarray(), -1)
    return {(int(later), int(earlier)) for later, earlier in np.argwhere(every >= threshold)}


@pytest.mark.parametrize("threshold", [SAME_QUESTION, COPIED_ANSWER])
def test_of_all_pairs_above_the_threshold_99_in_100_are_found_and_no_other(threshold: float) -> None:
    """Measured: 286 of 287 questions at 0.67, 188 of 189 answers at 0.9."""
    every, found = 0, 0
    for seed in range(3):
        examples = Maker(seed).examples(1_500)
        (rows,) = vectors([example.question if threshold == SAME_QUESTION else example.answer for example in examples])
        exact, named = all_pairs(rows, threshold), in_pairs(similar_pairs(rows, threshold))
        assert named <= exact
        every, found = every + len(exact), found + len(named)

    assert every > 100
    assert found >= 0.99 * every


def test_the_same_pairs_are_found_every_time() -> None:
    questions = [example.question for example in Maker().examples(800)]

    assert similar(questions) == similar(questions)


def test_more_bands_are_needed_for_a_lower_threshold() -> None:
    assert bands_for(0.5) > bands_for(0.67) > bands_for(0.9) > bands_for(1) == 1


@given(st.lists(st.sampled_from(["", "?", "x", "配送", "one question", "another question", "quite different"])))
def test_equal_texts_are_pairs_and_empty_ones_are_like_nothing(texts: list[str]) -> None:
    assert similar(texts, 0.99) == {
        (later, earlier)
        for later in range(len(texts))
        for earlier in range(later)
        if texts[later] == texts[earlier] not in ("", "?")
    }


def test_a_large_group_of_equal_texts_costs_no_comparison_of_each_with_each() -> None:
    number = 2_000
    found = similar(["How long may I return it?"] * number)

    # Each with those of its window, before and after it.
    assert len(found) == number * WINDOW - WINDOW * (WINDOW + 1) / 2
    assert {row for pair in found for row in pair} == set(range(number))


def test_a_large_group_of_one_file_does_not_hide_a_similar_text_of_another() -> None:
    """Were records compared with their neighbours in the file, the last ones would be compared among themselves."""
    training, evaluation = ["How long may I return it?"] * 200, ["How long may I return it?"] * 100

    found = similar([*training, *evaluation])

    leaked = {later for later, earlier in found if later >= len(training) > earlier}
    assert leaked == set(range(len(training), len(training) + len(evaluation)))


def test_cosines_are_of_the_pairs_and_pairs_of_both_are_named_once() -> None:
    (found,) = vectors(["one question", "one question", "quite different"])
    first, second = (Pairs(np.array(later), np.array(earlier)) for later, earlier in (([1, 2], [0, 1]), ([2], [1])))

    both = either(first, second)

    assert in_pairs(both) == {(1, 0), (2, 1)}
    assert cosines(found, both) == pytest.approx([1, 0], abs=1e-6)
