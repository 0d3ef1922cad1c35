"""Records in another language than the rest, and answers in another one than their questions.

This module needs the scoring layer (numpy, py3langid).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from finetuning.coverage import Example
from finetuning.dataset.codes import Finding
from finetuning.dataset.quality.codes import ANSWER_LANGUAGE, STRAY_LANGUAGE

# Below it, py3langid's guess does not count. No text of the shipped datasets is then taken for another language's, and
# names, numbers, code and JSON for none.
CONFIDENCE = 0.75
UNKNOWN: Final = ("und", "zxx")
# So many characters of a text show its language.
ENOUGH = 200
# A language of at most this share of a dataset's records strayed into it; one of more is meant to be there.
STRAY = 0.08
# Where answers are in another language than their questions in more than this share of a file, that is its task.
TASK = 0.5


@dataclass(frozen=True, slots=True)
class Spoken:
    """The languages (ISO 639 codes) of the record on a line of a file; None where a text does not show it."""

    file: str
    line: int
    question: str | None
    answer: str | None

    @property
    def differ(self) -> bool:
        return None not in (self.question, self.answer) and self.question != self.answer


def listener() -> Callable[[str, Example], Spoken]:
    """Makes a Spoken of a record and its file's name. It holds a model of 75 MB: drop it when all records are read."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=CONFIDENCE)

    def language(text: str) -> str | None:
        found: str = identifier.classify(text[:ENOUGH])[0]
        return None if found in UNKNOWN else found

    def listen(file: str, record: Example) -> Spoken:
        return Spoken(file, record.line, language(record.question), language(record.answer))

    return listen


def language_findings(records: Sequence[Spoken]) -> Iterator[Finding]:
    """records: of all files."""
    yield from _strays(records)
    for file in dict.fromkeys(record.file for record in records):
        yield from _answers(file, [record for record in records if record.file == file])


def _strays(records: Sequence[Spoken]) -> Iterator[Finding]:
    # A question and an answer in two languages are the other rule's.
    known = [(each, language) for each in records if not each.differ and (language := each.question or each.answer)]
    spoken = Counter(language for _, language in known)
    for record, language in known:
        if spoken[language] <= STRAY * len(known):
            usual, _ = spoken.most_common(1)[0]
            message = f"is in the language {language!r}, and most of the dataset in {usual!r}"
            yield STRAY_LANGUAGE.at(record.file, record.line, message)


def _answers(file: str, records: Sequence[Spoken]) -> Iterator[Finding]:
    known = [record for record in records if record.question and record.answer]
    different = [record for record in known if record.differ]
    if len(different) > TASK * len(known):
        return
    for record in different:
        message = f"the question is in the language {record.question!r}, the answer in {record.answer!r}"
        yield ANSWER_LANGUAGE.at(file, record.line, message)
