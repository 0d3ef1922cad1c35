"""What the training data holds on each evaluation question, and which records of a dataset are in each other's way.

This module needs the scoring layer (scipy, numpy); what follows from its document is in coverage_findings.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from finetuning.dataset import read_lines
from finetuning.repetition import Repetition, most_similar, repetitions, rounded
from finetuning.similarity import blocks, ends, vectors

# A training record (question and answer) this similar to a question with its reference answer is related to it.
# Chosen on datasets/bedrock-faq: docs/decisions/0012-coverage-by-wording.md.
RELATED = 0.3
MAX_PAIRS = 20


@dataclass(frozen=True)
class Example:
    """A record of any of the three files.

    question: all that comes before the answer, of `turns` messages; topic: of evaluation data; line: from 1.
    """

    question: str
    answer: str
    topic: str = ""
    system: str = ""
    turns: int = 1
    line: int = 0

    @property
    def text(self) -> str:
        return f"{self.question}\n{self.answer}"

    def shortened(self) -> "Example":
        """What counts of it where wording is compared; memory is bounded by the number of such records."""
        return replace(self, question=ends(self.question), answer=ends(self.answer), system="")


def example(record: Mapping[str, Any], line: int) -> Example:
    """A record, of either kind, that breaks no rule."""
    if "messages" not in record:
        return Example(record["question"], record["referenceAnswer"], record["topic"], line=line)
    *before, answer = (message["content"] for message in record["messages"])
    return Example("\n".join(before), answer, system=record.get("system") or "", turns=len(before), line=line)


def read_examples(chunks: Iterable[bytes]) -> Iterator[Example]:
    """The records of a file that check_file has found nothing wrong with."""
    for number, line in enumerate(read_lines(chunks), start=1):
        yield example(json.loads(line or b""), number)


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
    questions, topics = related(training, evaluation)
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


def related(
    training: Sequence[Example], evaluation: Sequence[Example]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The parts `questions` and `topics` of that document."""
    of_training, of_evaluation = vectors([each.text for each in training], [each.text for each in evaluation])
    asked = [example.topic for example in evaluation]
    places = {topic: [place for place, name in enumerate(asked) if name == topic] for topic in dict.fromkeys(asked)}
    records, most, lines = np.zeros((3, len(evaluation)))
    of_topic = dict.fromkeys(places, 0)
    for first, similarities in blocks(of_training, of_evaluation):
        are_related = similarities >= RELATED
        records += are_related.sum(axis=0)
        for topic, its_questions in places.items():
            of_topic[topic] += int(are_related[:, its_questions].any(axis=1).sum())
        more = similarities.max(axis=0) > most
        lines[more] = first + similarities.argmax(axis=0)[more] + 1
        most = np.maximum(most, similarities.max(axis=0))
    questions = [
        {"records": int(records[place]), "similarity": rounded(most[place]), "line": int(lines[place]) or None}
        for place in range(len(evaluation))
    ]
    topics = [
        {"topic": topic, "questions": len(places[topic]), "trainingRecords": number}
        for topic, number in of_topic.items()
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
