"""Which records of a dataset ask the same, and whether they contradict each other: one notion of both for all.

This module needs the scoring layer (scipy, numpy). The thresholds were chosen on datasets/bedrock-faq:
docs/decisions/0012-coverage-by-wording.md and 0019-near-duplicates-by-minhash.md.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from finetuning.near_duplicates import cosines, either, similar_pairs
from finetuning.similarity import vectors
from finetuning.tokens import estimate_tokens

# Questions this similar are the same one, perhaps lightly reworded.
SAME_QUESTION = 0.67
# Answers to the same question that are less similar than this differ.
DIFFERENT_ANSWERS = 0.2
# An answer this similar to another one was copied. Where the questions have anything in common, the later one is the
# earlier one, reworded; else it may be a standing answer ("I don't know that.").
COPIED_ANSWER = 0.9
REWORDED_QUESTION = 0.1
# Shorter answers (yes, a number, a label) are alike without being copies.
LONG_ANSWER_TOKENS = 8
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Asked(Protocol):
    """A record of any of the three files. question: all that comes before the answer, of `turns` messages."""

    @property
    def question(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def turns(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Repetition:
    """Two records that ask the same, by their places: later > earlier.

    questions, answers: their similarities, cosines from 0 to 1. reworded: that the questions are the same shows in the
    copied answer alone. contradictory: the answers differ.
    """

    later: int
    earlier: int
    questions: float
    answers: float
    reworded: bool
    contradictory: bool


def repetitions(records: Sequence[Asked]) -> list[Repetition]:
    """All of them among these records, in the order of `later`, then of `earlier`."""
    (of_questions,) = vectors([record.question for record in records])
    (of_answers,) = vectors([record.answer for record in records])
    pairs = either(similar_pairs(of_questions, SAME_QUESTION), similar_pairs(of_answers, COPIED_ANSWER))
    found = []
    for later, earlier, questions, answers in zip(
        pairs.later.tolist(),
        pairs.earlier.tolist(),
        cosines(of_questions, pairs).tolist(),
        cosines(of_answers, pairs).tolist(),
        strict=True,
    ):
        one, other = records[later], records[earlier]
        same = questions >= SAME_QUESTION
        reworded = not same and questions >= REWORDED_QUESTION and answers >= COPIED_ANSWER and _is_long(one.answer)
        # A conversation that goes on is no repetition of its beginning.
        alike = one.turns == other.turns and numbers_agree(one.question, other.question)
        if (same or reworded) and alike:
            contradictory = answers < DIFFERENT_ANSWERS or not numbers_agree(one.answer, other.answer)
            found.append(Repetition(later, earlier, rounded(questions), rounded(answers), reworded, contradictory))
    return found


def most_similar(repeated: Iterable[Repetition]) -> list[Repetition]:
    """Of each later record the one with the most similar question; the first of several."""
    best: dict[int, Repetition] = {}
    for each in repeated:
        known = best.get(each.later)
        if known is None or each.questions > known.questions:
            best[each.later] = each
    return list(best.values())


def _is_long(answer: str) -> bool:
    return estimate_tokens(answer) >= LONG_ANSWER_TOKENS


def numbers_agree(one: str, other: str) -> bool:
    """Whether neither text has a number where the other has a different one."""
    first, second = (set(_NUMBER.findall(unicodedata.normalize("NFKC", text))) for text in (one, other))
    return first <= second or second <= first


def rounded(similarity: float) -> float:
    """A rounding error may bring a cosine above 1."""
    return round(min(float(similarity), 1.0), 3)
