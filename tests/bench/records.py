"""Records that are made up, as alike as those of a real dataset: for measurements."""

from collections.abc import Sequence

import numpy as np
from finetuning.coverage import Example

LETTERS = list("etaoinshrdlcumwfgypbvk")
WORDS = 20_000
TOPICS = 50
# The words of each language are as unequally frequent as those of a real one; so are the ways in which questions begin.
ZIPF = 1.2
ENGLISH_OPENINGS = ["How do I", "What is the", "Can I", "Why does", "When should I", "Which", "Is there a", "How many"]
JAPANESE_OPENINGS = ["この場合の", "なぜ", "いつ", "どの", "初めての", "最新の", "通常の", "特別な"]
# So many records repeat an earlier one, with at most three words of the question and five of the answer changed.
REPEATED = 0.08


class Maker:
    """Makes records, one in five of them Japanese; the same ones for the same seed.

    longer: how many times the usual 12 words of a question and 50 of an answer.
    """

    def __init__(self, seed: int = 0, longer: int = 1) -> None:
        self._random = np.random.default_rng(seed)
        self._longer = longer
        self._english = ["".join(self._random.choice(LETTERS, self._random.integers(2, 10))) for _ in range(WORDS)]
        self._japanese = [
            "".join(map(chr, self._random.integers(0x4E00, 0x5400, self._random.integers(1, 4)))) for _ in range(WORDS)
        ]

    def examples(self, number: int) -> list[Example]:
        made: list[Example] = []
        for place in range(number):
            if made and self._random.random() < REPEATED:
                made.append(self._repeated(made[self._random.integers(len(made))]))
            else:
                made.append(self._new(place % TOPICS))
        return made

    def _new(self, topic: int) -> Example:
        is_japanese = self._random.random() < 0.2
        vocabulary, separator = (self._japanese, "") if is_japanese else (self._english, " ")
        openings = JAPANESE_OPENINGS if is_japanese else ENGLISH_OPENINGS
        opening = openings[min(int(self._random.zipf(ZIPF)), len(openings)) - 1]
        question = separator.join([opening, *self._words(12 * self._longer, vocabulary, topic)])
        answer = separator.join(self._words(50 * self._longer, vocabulary, topic))
        return Example(f"{question}?", f"{answer}.", f"topic {topic}")

    def _words(self, number: int, vocabulary: Sequence[str], topic: int) -> list[str]:
        ranks = np.minimum(self._random.zipf(ZIPF, number), WORDS) - 1
        # The rarer words are a topic's own.
        return [vocabulary[rank if rank < 200 else (rank + 397 * topic) % WORDS] for rank in ranks.tolist()]

    def _repeated(self, record: Example) -> Example:
        question, answer = (
            self._changed(text, int(self._random.integers(0, most + 1)))
            for text, most in ((record.question, 3), (record.answer, 5))
        )
        return Example(question, answer, record.topic)

    def _changed(self, text: str, times: int) -> str:
        """The text with so many words (of a text without spaces: characters) replaced."""
        separator = " " if " " in text else ""
        words = text.split(" ") if separator else list(text)
        for _ in range(times):
            words[self._random.integers(len(words))] = (
                self._english[self._random.integers(WORDS)] if separator else chr(self._random.integers(0x4E00, 0x5400))
            )
        return separator.join(words)
