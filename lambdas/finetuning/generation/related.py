"""Which questions of a dataset are probably about a section of a document.

This module needs the scoring layer (scipy, numpy).
"""

from collections.abc import Iterator, Sequence

from finetuning.coverage import Example
from finetuning.similarity import blocks, vectors

# A model is told so many for each section that it is asked about: enough to keep it from most, few enough to be cheap.
QUESTIONS_PER_SECTION = 20


def related_questions(sections: Sequence[str], records: Sequence[Example]) -> list[list[str]]:
    """For each section's text the questions of the records that are most like it, the most similar first."""
    return list(_nearest(sections, records)) if records else [[] for _ in sections]


def _nearest(sections: Sequence[str], records: Sequence[Example]) -> Iterator[list[str]]:
    of_sections, of_records = vectors(sections, [record.text for record in records])
    for _, similarities in blocks(of_sections, of_records):
        for row in similarities:
            nearest = (-row).argsort(kind="stable")[:QUESTIONS_PER_SECTION]
            yield [records[at].question for at in nearest if row[at] > 0]
