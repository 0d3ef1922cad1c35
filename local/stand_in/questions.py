"""The stand-in for a model that writes questions: it takes a sentence, and asks what is said about its beginning."""

import re
from collections.abc import Collection, Iterator

_END_OF_SENTENCE = re.compile(r"(?<=[.!?])\s+|(?<=[。\uff01\uff1f])|\n\s*\n|\n(?=\s*[-*|#>])")
_MARKUP = re.compile(r"^[\s\-*#>|]+|[*`_]")
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
# Shorter sentences say too little to ask about.
_MIN_CHARACTERS, _MIN_JAPANESE_CHARACTERS = 30, 12
_SUBJECT_WORDS, _SUBJECT_CHARACTERS = 7, 18
_SHORT_WORDS = frozenset(("a", "an", "and", "are", "as", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the",
                          "to", "was", "with"))  # fmt: skip


def write_pairs(text: str, language: str, number: int, asked: Collection[str]) -> list[tuple[str, str, str]]:
    """At most so many pairs about the text whose question is not in `asked`: (question, answer, passage).

    The passage is a sentence of the text, and the answer is the same; nothing is understood, or translated.
    """
    pairs: dict[str, tuple[str, str, str]] = {}
    for sentence in _sentences(text):
        question = _question(sentence, language)
        if len(pairs) < number and question not in asked:
            pairs.setdefault(question, (question, sentence, sentence))
    return list(pairs.values())


def _sentences(text: str) -> Iterator[str]:
    for piece in _END_OF_SENTENCE.split(text):
        japanese = _JAPANESE.search(piece) is not None
        # Japanese has no spaces between words, so a line's end adds none.
        sentence = ("" if japanese else " ").join(_MARKUP.sub("", piece).split())
        long_enough = len(sentence) >= (_MIN_JAPANESE_CHARACTERS if japanese else _MIN_CHARACTERS)
        if long_enough and sentence.endswith((".", "!", "?", "。", "\uff01", "\uff1f")):
            yield sentence


def _question(sentence: str, language: str) -> str:
    if language == "Japanese":
        return f"「{_subject(sentence)}」については、何が分かっていますか。"
    return f'What is known about "{_subject(sentence)}"?'


def _subject(sentence: str) -> str:
    """How the sentence begins; of one without spaces, so many characters."""
    if _JAPANESE.search(sentence):
        return sentence[:_SUBJECT_CHARACTERS].rstrip("、。")
    words = sentence.rstrip(".!?").split()[:_SUBJECT_WORDS]
    while len(words) > 1 and words[-1].lower() in _SHORT_WORDS:
        words.pop()
    return " ".join(words)
