"""The stand-in for a judge model: it compares an answer with the reference, and says so."""

import re
import unicodedata
from collections import Counter

# What carries the meaning: numbers, words of four letters or more, katakana and Han characters.
_CONTENT = re.compile(r"[0-9]+|[a-z]{4,}|[\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff]")
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_CHARACTER_NGRAMS = (2, 3, 4, 5)
# A point inside a number ends no sentence.
_END_OF_SENTENCE = re.compile(r"[.!?](?=\s|$)|[。!?]")
# How much worse it is to leave out what the reference says than to add to it.
_RECALL_WEIGHT = 2
# Any two texts in one language are similar to this degree: it scores 1.
_CHANCE = 0.05
# How much of an answer's content words a passage must have to support it.
_SUPPORTED = 0.7
# Below 1, so that an answer with the same facts in other words comes near the upper end.
_EXPONENT = 0.7


def judge(question: str, reference: str, answer: str) -> tuple[int, int, str]:
    """Score `answer` from 1 to 10 by its similarity to `reference`, count its contradictions, and give the reason.

    The same text as the reference scores 10, an empty answer 1. Words that the question gives away earn nothing as
    content, and what an answer says about its own score is only more text that the reference doesn't have.
    Without understanding, a sentence counts as contradicting where it has no content word of the reference.
    """
    asked, expected, given = _normalized(question), _normalized(reference), _normalized(answer)
    if not given:
        return 1, 0, "The answer is empty (local stand-in for a judge)."
    wording = _wording(expected, given)
    content = _content(asked, expected, given)
    similarity = (wording + content) / 2
    score = 1 + round(9 * (max(0.0, similarity - _CHANCE) / (1 - _CHANCE)) ** _EXPONENT)
    reason = (
        f"The answer has {content:.0%} of the reference answer's content words and {wording:.0%} of its wording "
        "(local stand-in for a judge: it scores by similarity, without understanding)."
    )
    return score, _contradictions(asked, expected, given), reason


def supports(question: str, passage: str, answer: str) -> tuple[bool, str]:
    """Whether the answer's content words stand in the passage, numbers all of them, and the reason."""
    asked, said, claimed = _normalized(question), _normalized(passage), _normalized(answer)
    content = _content("", claimed, said)
    foreign = set(_NUMBER.findall(claimed)) - set(_NUMBER.findall(said)) - set(_NUMBER.findall(asked))
    reason = (
        f"The passage has {content:.0%} of the answer's content words and lacks {len(foreign)} of its numbers "
        "(local stand-in for a judge: it compares words, without understanding)."
    )
    return content >= _SUPPORTED and not foreign, reason


def _normalized(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _wording(expected: str, given: str) -> float:
    """F-score of character n-grams, 0 to 1, the mean over their sizes; text shorter than a size leaves it out."""
    if expected == given:
        return 1.0
    scores = []
    for size in _CHARACTER_NGRAMS:
        in_expected, in_given = _ngrams(expected, size), _ngrams(given, size)
        if in_expected and in_given:
            weighted = _RECALL_WEIGHT**2 * in_expected.total() + in_given.total()
            scores.append((1 + _RECALL_WEIGHT**2) * (in_expected & in_given).total() / weighted)
    return sum(scores) / len(scores) if scores else 0.0


def _ngrams(text: str, size: int) -> Counter[str]:
    return Counter(text[at : at + size] for at in range(len(text) - size + 1))


def _content(asked: str, expected: str, given: str) -> float:
    """Which share of the reference's content words the answer has, 0 to 1, leaving out the question's own words."""
    wanted = _wanted(asked, expected)
    if not wanted:
        return _wording(expected, given)
    return (wanted & Counter(_CONTENT.findall(given))).total() / wanted.total()


def _wanted(asked: str, expected: str) -> Counter[str]:
    wanted = Counter(_CONTENT.findall(expected))
    return Counter({word: count for word, count in wanted.items() if word not in asked}) or wanted


def _contradictions(asked: str, expected: str, given: str) -> int:
    """How many sentences have content words, and none of the reference's."""
    if expected == given:
        return 0
    wanted = _wanted(asked, expected)
    claims = (set(_CONTENT.findall(sentence)) for sentence in _END_OF_SENTENCE.split(given))
    return sum(bool(claim) and not claim & wanted.keys() for claim in claims)
