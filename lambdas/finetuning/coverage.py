"""What the training data holds on each evaluation question, and which records of a dataset are in each other's way.

This module needs the scoring layer (scipy, numpy); what follows from its document is in coverage_findings.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetuning.dataset import read_lines
from finetuning.similarity import Similarities, Vectors, blocks, earlier_blocks, ends, vectors

# The thresholds were chosen on datasets/bedrock-faq: docs/decisions/0012-coverage-by-wording.md.
# A training record (question and answer) this similar to a question with its reference answer is related to it.
RELATED = 0.3
# Questions this similar are the same one, perhaps lightly reworded.
SAME_QUESTION = 0.67
# Answers to the same question that are less similar than this differ.
DIFFERENT_ANSWERS = 0.2
MAX_PAIRS = 20
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


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
    of_training, of_validation, of_evaluation = vectors(
        *([example.question for example in examples] for examples in (training, validation, evaluation))
    )
    return {
        "threshold": RELATED,
        "questions": questions,
        "topics": topics,
        "leaks": {
            "evaluation": _leaks(evaluation, of_evaluation, training, of_training),
            "validation": _leaks(validation, of_validation, training, of_training),
        },
        "contradictions": _contradictions(training, of_training),
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
                    "similarity": _rounded(row[best]),
                    "line": best + 1 if row[best] > 0 else None,
                }
            )
    asked = [example.topic for example in evaluation]
    topics = [
        {"topic": name, "questions": asked.count(name), "trainingRecords": int(related.sum())}
        for name, related in by_topic.items()
    ]
    return questions, topics


def _leaks(
    examples: Sequence[Example], of_examples: Vectors, training: Sequence[Example], of_training: Vectors
) -> dict[str, Any]:
    """The questions that training data asks too."""
    pairs = [
        {"line": row + 1, "otherLine": column + 1, "similarity": similarity}
        for row, column, similarity in _same_questions(blocks(of_examples, of_training))
        if _numbers_agree(examples[row].question, training[column].question)
    ]
    return _listed(pairs)


def _contradictions(training: Sequence[Example], of_training: Vectors) -> dict[str, Any]:
    """Training records that ask the same as one before them, and answer something else."""
    asked_twice = [
        pair
        for pair in _same_questions(earlier_blocks(of_training))
        if _numbers_agree(training[pair[0]].question, training[pair[1]].question)
    ]
    (of_answers,) = vectors([example.answer for example in training])
    pairs = []
    for row, earlier, similarity in asked_twice:
        answers = _rounded((of_answers[[row]] @ of_answers[[earlier]].T).toarray()[0, 0])
        if answers < DIFFERENT_ANSWERS or not _numbers_agree(training[row].answer, training[earlier].answer):
            pairs.append({"line": row + 1, "otherLine": earlier + 1, "similarity": similarity, "answers": answers})
    return _listed(pairs)


def repeated(questions: Sequence[str], against: Sequence[str]) -> set[int]:
    """The places of those questions that `against`, or a question before them, asks too."""
    if not questions:
        return set()
    of_against, of_questions = vectors(against, questions)
    pairs = [
        *(
            (row, against[other])
            for row, other, _ in _same_questions(blocks(of_questions, of_against) if against else ())
        ),
        *((row, questions[other]) for row, other, _ in _same_questions(earlier_blocks(of_questions))),
    ]
    return {row for row, other in pairs if _numbers_agree(questions[row], other)}


def _same_questions(compared: Iterable[tuple[int, Similarities]]) -> Iterator[tuple[int, int, float]]:
    """(row, its most similar column, similarity) where they ask the same."""
    for first, similarities in compared:
        best: NDArray[np.int64] = similarities.argmax(axis=1)
        for row, column in enumerate(best):
            if similarities[row, column] >= SAME_QUESTION:
                yield first + row, int(column), _rounded(similarities[row, column])


def _numbers_agree(one: str, other: str) -> bool:
    """Whether neither text has a number where the other has a different one."""
    first, second = (set(_NUMBER.findall(unicodedata.normalize("NFKC", text))) for text in (one, other))
    return first <= second or second <= first


def _listed(pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The most similar ones, and how many there are."""
    return {"count": len(pairs), "pairs": sorted(pairs, key=lambda pair: -pair["similarity"])[:MAX_PAIRS]}


def _rounded(similarity: float) -> float:
    """A rounding error may bring a cosine above 1."""
    return round(min(float(similarity), 1.0), 3)
