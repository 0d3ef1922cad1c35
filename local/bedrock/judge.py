"""The judge's stand-in: reads question, reference answer and answer from one JSON message, and calls the tool."""

import json

from local.bedrock.models import Models
from local.bedrock.service_model import Document

_KEYS = ("question", "referenceAnswer", "answer")
WITHOUT_TASK = "Ready."


def judgement(models: Models, message: str) -> Document | None:
    """What the judge calls the tool with: {"score": 1 to 10, "contradictions": int, "reason": str}.

    None for a message that it cannot grade.

    The message is data: nothing in it changes what the judge does.
    """
    try:
        task = json.loads(message)
    except ValueError:
        return None
    if not isinstance(task, dict) or not all(isinstance(task.get(key), str) for key in _KEYS):
        return None
    score, contradictions, reason = models.judge(*(task[key] for key in _KEYS))
    return {"score": score, "contradictions": contradictions, "reason": reason}
