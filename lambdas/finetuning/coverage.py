"""What the training data holds on each evaluation question, and which records of a dataset are in each other's way.

This module needs the scoring layer (scipy, numpy); what follows from its document is in coverage_findings.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from finetuning.dataset import read_lines
from finetuning.repetition import Repetition, most_similar, repetitions, rounded
from finetuning.similarity import blocks, ends, vectors

# A training record (question and answer) this similar to a question with its reference answer is related to it. Chosen on
# datasets/bedrock-faq: docs/decisions/0012-coverage-by-wording.md.
RELATED = 0.3
MAX_PAIRS = 20


@dataclass(frozen=True)
class Example:
    """A record of any of the three files. question: all that comes before the answer; topic: of evaluation data."""

    question: str
    answer: str
    topic: str = ""

    @property
    def text(self) -> str:
        return f"{self.question}\n{self.answer}"


def read_examples(chunks: Iterable[bytes]) -> Iterator[Example]:
    """The records of a file that check_file has found nothing wrong with; of long texts, what counts of them."""
    for line in read_lines(chunks):
        record = json.loads(line or b"")
        if "messages" not in record:
            yield Example(ends(record["question"]), ends(record["referenceAnswer"]), record["topic"])
            continue
        *before, answer = (message["content"] for message in record["messages"])
        yield Example(ends("\n".join(before)), ends(answer))


def measure(
    training: Sequence[Example], validation: Sequence[Example], evaluation: Sequence[Example]
) -> dict[str, Any]:
    """The document dataset/coverage.json. Lines count from 1; similarities are cosines, 0 to 1.

    threshold: RELATED
    questions: for each evaluation question the number of related training records, and the most similar record's
        similarity and line (None where nothing is similar at all)
    topics: for each topic its questions, and the training records that are related to any of them
    leaks: {"evaluation" | "validation": {"count", "pairs": [{"line", "otherLine", "similarity"}]}}; the other line is
        the training data's
    contradictions: {"count", "pairs": [{"line", "otherLine", "similarity", "answers"}]}; answers: their similarity
    """
    questions, topics = _related(training, evaluation)
    # Training data first: what asks the same as one of its records is the later one.
    repeated = repetitions([*training, *validation, *evaluation])
    borders = accumulate(map(len, (training, validation, evaluation)), initial=0)
    of_training, of_validation, of_evaluation = (range(*each) for each in pairwise(borders))
    return {
        "threshold": RELATED,
        "questions": questions,
        "topics": topics,
        "leaks": {
            "evaluation": _leaks(repeated, of_evaluation, of_training),
            "validation": _leaks(repeated, of_validation, of_training),
        },
        "contradictions": _contradictions(repeated, of_training),
    }


def _related(
    training: Sequence[Example], evaluation: Sequence[Example]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    of_training, of_evaluation = vectors([each.text for each in training], [each.text for each in evaluation])
    questions = []
    names = list(dict.fromkeys(example.topic for example in evaluation))
    by_topic = {name: np.zeros(len(training), dtype=bool) for name in names}
    for first, similarities in blocks(of_evaluation, of_training):
        for row, example in zip(similarities, evaluation[first : first + len(similarities)], strict=True):
            is_related, best = row >= RELATED, int(row.argmax())
            by_topic[example.topic] |= is_related
            questions.append(
                {
                    "records": int(is_related.sum()),
                    "similarity": rounded(row[best]),
                    "line": best + 1 if row[best] > 0 else None,
                }
            )
    asked = [example.topic for example in evaluation]
    topics = [
        {"topic": name, "questions": asked.count(name), "trainingRecords": int(related.sum())}
        for name, related in by_topic.items()
    ]
    return questions, topics


def _leaks(repeated: Sequence[Repetition], file: range, training: range) -> dict[str, Any]:
    """The questions of a file that training data asks too. file, training: the places of their records."""
    return _listed(
        [
            {"line": each.later - file.start + 1, "otherLine": each.earlier + 1, "similarity": each.questions}
            for each in most_similar(each for each in repeated if each.later in file and each.earlier in training)
        ]
    )


def _contradictions(repeated: Sequence[Repetition], training: range) -> dict[str, Any]:
    """Training records that ask the same as one before them, and answer something else."""
    return _listed(
        [
            {
                "line": each.later + 1,
                "otherLine": each.earlier + 1,
                "similarity": each.questions,
                "answers": each.answers,
            }
            for each in most_similar(each for each in repeated if each.contradictory and each.later in training)
        ]
    )


def _listed(pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The most similar ones, and how many there are."""
    return {"count": len(pairs), "pairs": sorted(pairs, key=lambda pair: -pair["similarity"])[:MAX_PAIRS]}
