"""The stand-in's view of text: tokens without loss, features of questions, texts that continue a history."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.stand_in.copy_model import CopyModel
from local.stand_in.features import DIMENSIONS, feature_importance, question_features
from local.stand_in.tokens import END, Vocabulary, tokenize

japanese = st.text(st.characters(min_codepoint=0x3000, max_codepoint=0x9FFF))
texts = st.one_of(st.text(), japanese, st.lists(st.one_of(japanese, st.text())).map(" ".join))


@given(texts)
def test_joining_the_tokens_gives_the_text_again(text: str) -> None:
    assert "".join(tokenize(text)) == text


@given(texts)
def test_decoding_what_was_encoded_gives_the_text_again(text: str) -> None:
    vocabulary = Vocabulary.of([text])
    assert vocabulary.decode(vocabulary.encode(text).tolist()) == text


def test_english_is_split_by_word_and_japanese_by_character() -> None:
    assert tokenize("The ARN, 有効期限 of 5m") == ["The", " ARN", ",", " ", "有", "効", "期", "限", " of", " 5m"]


def test_a_token_that_the_vocabulary_lacks_is_not_decoded() -> None:
    vocabulary = Vocabulary.of(["one two"])
    assert vocabulary.decode(vocabulary.encode("one three two").tolist()) == "one two"


@given(texts)
def test_features_have_length_one_or_zero(question: str) -> None:
    features = question_features([question])
    assert features.shape == (1, DIMENSIONS)
    assert np.linalg.norm(features) == pytest.approx(1, abs=1e-5) or not features.any()


def test_features_do_not_depend_on_case_width_or_punctuation() -> None:
    assert np.array_equal(question_features(["What is an ARN?"]), question_features(["what is an \uff21\uff32\uff2e"]))


def test_rare_words_count_more_than_common_ones() -> None:
    importance = feature_importance(["what is a throughput", "what is a guardrail", "what is a prompt"])
    asked, same_subject, same_phrase = question_features(
        ["what is a throughput", "delete my throughput", "what is a mountain"], importance
    )
    assert asked @ same_subject > asked @ same_phrase


short_texts = st.lists(st.lists(st.integers(3, 6), max_size=12), min_size=1, max_size=4)


@given(short_texts, st.lists(st.integers(0, 6), max_size=12))
def test_every_text_predicts_with_probabilities_that_sum_to_one(written: list[list[int]], history: list[int]) -> None:
    model = CopyModel([np.array(text, dtype=np.intp) for text in written])
    following = model.next_token(history)
    by_text = sum(following.of(token, len(written)) for token in range(7))
    assert by_text == pytest.approx(np.ones(len(written)))


@given(short_texts, st.lists(st.integers(0, 6), max_size=12))
def test_likelihoods_are_the_probabilities_of_one_token_after_the_other(
    written: list[list[int]], answer: list[int]
) -> None:
    model = CopyModel([np.array(text, dtype=np.intp) for text in written])
    one_by_one = [
        model.next_token(answer[:position]).of(token, len(written)) for position, token in enumerate([*answer, END])
    ]
    assert model.likelihoods(np.array(answer, dtype=np.intp)) == pytest.approx(np.array(one_by_one), abs=1e-6)


def test_a_text_continues_its_own_beginning_as_it_did() -> None:
    text = np.array([3, 4, 3, 5], dtype=np.intp)
    model = CopyModel([text])
    written: list[int] = []
    while (token := int(model.next_token(written).mixed(np.ones(1)).argmax())) != END:
        written.append(token)
    assert written == text.tolist()
