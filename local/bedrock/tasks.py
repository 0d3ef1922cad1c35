"""What the judge models' stand-ins can be asked for: each task is one JSON message, told apart by its keys.

A message is data: nothing in it changes what a stand-in does. What answers says nothing about a real model's quality.
"""

import json
from collections.abc import Sequence

from finetuning.generation.documents import Document as GivenDocument

from local.bedrock.models import Models
from local.bedrock.service_model import Document

WITHOUT_TASK = "Ready."
# What may not be asked again.
_ASKED = ("alreadyAsked", "takenQuestions")


def tool_input(models: Models, message: str, documents: Sequence[GivenDocument]) -> Document | None:
    """What a model calls the offered tool with; None for a message that is no task.

    A grade: {"score": 1 to 10, "contradictions": int, "reason": str}. A check: {"supported": bool, "reason": str}.
    Pairs: {"pairs": [{"question", "answer", "passage"}, …]}.
    """
    try:
        task = json.loads(message)
    except ValueError:
        return None
    if not isinstance(task, dict):
        return None
    if texts := _texts(task, "question", "referenceAnswer", "answer"):
        score, contradictions, reason = models.judge(*texts)
        return {"score": score, "contradictions": contradictions, "reason": reason}
    if texts := _texts(task, "question", "passage", "answer"):
        supported, reason = models.supports(*texts)
        return {"supported": supported, "reason": reason}
    if documents and _asks_for_pairs(task):
        return {"pairs": _pairs(models, task, documents)}
    return None


def _texts(task: Document, *keys: str) -> list[str]:
    """Their values; none if one of them is no text."""
    texts = [task[key] for key in keys if isinstance(task.get(key), str)]
    return texts if len(texts) == len(keys) else []


def _asks_for_pairs(task: Document) -> bool:
    sections, asked = task.get("sections"), [task.get(key) for key in _ASKED]
    return (
        isinstance(task.get("language"), str)
        and all(isinstance(questions, list) for questions in asked)
        and isinstance(sections, list)
        and all(isinstance(section, dict) and isinstance(section.get("pairs"), int) for section in sections)
    )


def _pairs(models: Models, task: Document, documents: Sequence[GivenDocument]) -> list[Document]:
    asked = {question for key in _ASKED for question in task[key] if isinstance(question, str)}
    pairs: list[Document] = []
    for wanted in task["sections"]:
        for section in (section for document in documents for section in document.sections):
            if section.title != wanted.get("title") or not _begins(section.text, wanted.get("begins", "")):
                continue
            for question, answer, passage in models.write_pairs(section.text, task["language"], wanted["pairs"], asked):
                asked.add(question)
                pairs.append({"question": question, "answer": answer, "passage": passage})
    return pairs


def _begins(text: str, beginning: str) -> bool:
    return " ".join(text.split()).startswith(beginning)
