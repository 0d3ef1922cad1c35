"""Likely secrets and personal data. Names and postal addresses are not looked for: that would take a language model.

This module needs the scoring layer (phonenumbers).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from phonenumbers import Leniency, PhoneNumberMatcher, PhoneNumberType, number_type

from finetuning.coverage import Example
from finetuning.dataset.codes import Code, Finding
from finetuning.dataset.quality.codes import PERSONAL_DATA, SECRET
from finetuning.dataset.quality.patterns import PERSONAL, SECRETS, Pattern
from finetuning.languages import language_of

# What a phone number without a country's prefix is read as, by the language of the text.
REGIONS = {"ja": "JP", "en": "US", "other": None}
# Numbers that somebody answers in person; hotlines are a company's.
PERSONS = {PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
# Ten digits in a row may be anything.
_WRITTEN_AS_A_PHONE_NUMBER = re.compile(r"^\+|^\(?0\d|\d[ ().-]+\d")
_PHONE_HINT = re.compile(r"\d(?:[^\w\n]{0,3}\d){6}")
# Kept free for films and documents.
_FICTIONAL = re.compile(r"555\D?01\d\d$")


@dataclass
class _Seen:
    """line: of the first of so many records."""

    code: Code
    what: str
    line: int
    records: int = 0


class Sensitive:
    """Reads a file's records one by one. A value that many of them hold (a system prompt's) is one finding."""

    def __init__(self, file: str) -> None:
        self._file = file
        # By a hash: the values themselves are nothing to keep.
        self._seen: dict[int, _Seen] = {}

    def read(self, record: Example) -> None:
        text = f"{record.system}\n{record.text}"
        for value, (code, what) in dict(_sensitive(text)).items():
            seen = self._seen.setdefault(hash(value), _Seen(code, f"{what} ({masked(value)})", record.line))
            seen.records += 1

    def findings(self) -> Iterator[Finding]:
        for seen in self._seen.values():
            more = seen.records - 1
            others = f", as {more:,} more record{'s do' if more > 1 else ' does'}" if more else ""
            yield seen.code.at(self._file, seen.line, f"holds what looks like {seen.what}{others}")


def masked(value: str) -> str:
    """Its beginning, a quarter at most: enough to find it, not enough to use it."""
    return f"{value[: min(4, len(value) // 4)]}…"


def _sensitive(text: str) -> Iterator[tuple[str, tuple[Code, str]]]:
    """(value, (code, what it is)), each place of the text once."""
    taken: list[tuple[int, int]] = []
    for code, what, start, value in _matches(text):
        if not any(start < end and first < start + len(value) for first, end in taken):
            taken.append((start, start + len(value)))
            yield value, (code, what)


def _matches(text: str) -> Iterator[tuple[Code, str, int, str]]:
    hints: dict[re.Pattern[str], bool] = {}
    for code, patterns in ((SECRET, SECRETS), (PERSONAL_DATA, PERSONAL)):
        for pattern in patterns:
            if pattern.hint not in hints:
                hints[pattern.hint] = bool(pattern.hint.search(text))
            for start, value in _values(pattern, text) if hints[pattern.hint] else ():
                yield code, pattern.what, start, value
    if not _PHONE_HINT.search(text):
        return
    for match in PhoneNumberMatcher(text, REGIONS[language_of(text)], Leniency.VALID):
        value = match.raw_string
        written = _WRITTEN_AS_A_PHONE_NUMBER.search(value) and not _FICTIONAL.search(value)
        if written and number_type(match.number) in PERSONS:
            yield PERSONAL_DATA, "a phone number", match.start, value


def _values(pattern: Pattern, text: str) -> Iterator[tuple[int, str]]:
    group = "value" if "value" in pattern.regex.groupindex else 0
    for match in pattern.regex.finditer(text):
        if pattern.is_one(match[group]):
            yield match.start(group), match[group]
