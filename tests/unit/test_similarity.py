"""How alike texts are."""

import re
from collections import Counter
from collections.abc import Sequence
from math import log, sqrt

import numpy as np
import pytest
from finetuning.similarity import LENGTH, MAX_CHARACTERS, ROWS_AT_ONCE, blocks, ends, vectors
from hypothesis import given
from hypothesis import strategies as st

OTHERS = ["When are you open?", "Which colours are there?", "配送には何日かかりますか。", "Who made this?"]


def cosine(one: str, other: str, others: Sequence[str] = OTHERS) -> float:
    first, second, _ = vectors([one], [other], others)
    [(_, similarities)] = blocks(first, second)
    return float(similarities[0, 0])


def plain_cosine(one: str, other: str, others: Sequence[str]) -> float:
    """The definition in plain words: no hashing, no matrices."""

    def grams(text: str) -> Counter[str]:
        padded = f" {re.sub(r'[^a-z0-9]+', ' ', text.lower()).strip()}  "
        return Counter(padded[at : at + LENGTH] for at in range(len(padded) - LENGTH + 1))

    texts = [grams(text) for text in (one, other, *others)]
    with_gram = Counter(gram for text in texts for gram in text)

    def weights(text: Counter[str]) -> dict[str, float]:
        return {g: (1 + log(n)) * (1 + log((1 + len(texts)) / (1 + with_gram[g]))) for g, n in text.items()}

    first, second = weights(texts[0]), weights(texts[1])
    dot = sum(weight * second.get(gram, 0) for gram, weight in first.items())
    return dot / sqrt(sum(w * w for w in first.values()) * sum(w * w for w in second.values()))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How long may I return it?", "How long can I return it for?"),
        ("What is the price? The price is 5.", "What does it cost?"),
        ("one", "two"),
        ("a a a a a a", "a a a b b b"),
    ],
)
def test_it_is_the_cosine_of_weighed_ngram_counts(one: str, other: str) -> None:
    others = ["When are you open?", "Which colours are there?", "What is the way to the station?"]

    assert cosine(one, other, others) == pytest.approx(plain_cosine(one, other, others), abs=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Is it open?", "is it OPEN"),
        ("\uff21\uff22\uff23\u3000\uff11\uff12\uff13", "abc 123"),
        ("配送には何日かかりますか。", "配送には何日かかりますか?"),
        ("x", "X!"),
    ],
)
def test_case_width_and_punctuation_make_no_difference(one: str, other: str) -> None:
    assert cosine(one, other) == pytest.approx(1, abs=1e-6)


def test_what_is_rare_counts_for_more() -> None:
    product = ["Is product A heavy?", "Is product B heavy?", "Is product C heavy?"]

    assert cosine("Is product zebra heavy?", "Tell me of zebra", product) > cosine(
        "Is product zebra heavy?", "Is product yak heavy?", product * 10
    )


def test_of_a_long_text_both_ends_count() -> None:
    assert ends("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
    assert len(ends("x" * 10 * MAX_CHARACTERS)) == MAX_CHARACTERS + 1
    middle = "z" * 10 * MAX_CHARACTERS

    assert cosine(f"how it begins {middle} how it ends", f"how it begins {middle}{middle} how it ends") > 0.99
    assert cosine(f"how it begins {middle} how it ends", f"something else {middle} and another end") < 0.9


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
def test_any_texts_have_similarities_from_0_to_1(texts: list[str]) -> None:
    (found,) = vectors(texts)
    [(first, similarities)] = blocks(found, found)

    assert first == 0
    assert np.all((similarities >= 0) & (similarities <= 1 + 1e-5))
    assert np.allclose(similarities, similarities.T)
    # A text is like itself, if anything of it is a letter or a digit.
    for text, similarity in zip(texts, similarities.diagonal(), strict=True):
        assert similarity > 0.999 or not re.search(r"[^\W_]", text)


def test_the_blocks_make_up_the_whole() -> None:
    texts = [f"question number {number} of them" for number in range(2 * ROWS_AT_ONCE + 7)]
    (found,) = vectors(texts)
    whole = (found @ found.T).toarray()

    every = np.concatenate([similarities for _, similarities in blocks(found, found)])
    assert [first for first, _ in blocks(found, found)] == [0, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE]
    assert np.allclose(every, whole, atol=1e-6)
