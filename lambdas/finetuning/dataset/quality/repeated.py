"""What is asked twice: within a file, in two files, and with answers that differ."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from finetuning.coverage import Example
from finetuning.dataset.codes import Code, Finding
from finetuning.dataset.quality.codes import CONTRADICTION, DUPLICATE, LEAK, NEAR_DUPLICATE
from finetuning.repetition import Repetition, repetitions
from finetuning.similarity import words_of


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a record: its file's name, what counts where wording is compared, and a hash of all its words."""

    file: str
    record: Example
    digest: bytes

    def named(self, elsewhere: bool) -> str:
        return f"line {self.record.line} of {self.file}" if elsewhere else f"line {self.record.line}"


def keep(file: str, record: Example) -> Kept:
    words = f"{words_of(record.question)}\n{words_of(record.answer)}"
    return Kept(file, record.shortened(), sha256(words.encode()).digest())


def repeated_findings(records: Iterable[Kept]) -> Iterator[Finding]:
    """records: of all files, a file's ones together, the training data's first."""
    first: dict[tuple[str, bytes], Kept] = {}
    for each in records:
        original = first.setdefault((each.file, each.digest), each)
        if original is not each:
            message = f"the same question and answer as {original.named(elsewhere=False)}"
            yield DUPLICATE.at(each.file, each.record.line, message)
    # An exact duplicate is named as that; what holds for the first of its kind holds for it.
    yield from _alike(list(first.values()))


def _alike(records: Sequence[Kept]) -> Iterator[Finding]:
    """Of each record and code, the pair with the most similar question."""
    best: dict[tuple[int, str], tuple[Code, Repetition]] = {}
    for each in repetitions([kept.record for kept in records]):
        for code in _codes(each, elsewhere=records[each.later].file != records[each.earlier].file):
            known = best.get((each.later, code.name))
            if known is None or each.questions > known[1].questions:
                best[each.later, code.name] = code, each
    for code, each in best.values():
        later, earlier = records[each.later], records[each.earlier]
        other = earlier.named(elsewhere=later.file != earlier.file)
        yield code.at(later.file, later.record.line, _message(code, each, other))


def _codes(each: Repetition, *, elsewhere: bool) -> Iterator[Code]:
    if each.contradictory:
        yield CONTRADICTION
    if elsewhere:
        yield LEAK
    # Within a file, a copied answer may be there to teach that both questions are one.
    elif not each.contradictory and not each.reworded:
        yield NEAR_DUPLICATE


def _message(code: Code, each: Repetition, other: str) -> str:
    if each.reworded:
        return f"the answer was copied from {other}, which asks the same in other words"
    alike = f"asks the same as {other} (similarity {each.questions:.2f})"
    if code is CONTRADICTION:
        return f"{alike} and answers something else"
    return alike
