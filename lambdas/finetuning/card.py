"""card.json, the optional fourth file of a dataset: what its records alone do not say.

    {
      "pattern": {"name": "ござる", "regex": "ござる。?$", "description": "every answer ends in ござる"},
      "thinTopics": {"topics": ["agents"], "reason": "shows what becomes of a fact that was seen once"}
    }

pattern: what its answers must look like, beside being right; the metric `pattern` is the share of answers in which the
regular expression is found. thinTopics: topics of the evaluation data that have few training records on purpose.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from finetuning.errors import InvalidDatasetError

CARD = "card.json"
MAX_LENGTHS = {"name": 60, "regex": 500, "description": 500}


@dataclass(frozen=True)
class Pattern:
    """regex: as Python's re reads it, searched for in an answer; flags stand in it, for example (?i) or (?m)."""

    name: str
    regex: str
    description: str = ""

    def to_json(self) -> dict[str, str]:
        return asdict(self)


@dataclass(frozen=True)
class Card:
    """pattern: None where it has none. thin_topics: those of which no finding is made."""

    pattern: Pattern | None = None
    thin_topics: tuple[str, ...] = ()


def read_card(card: bytes) -> Card:
    """Raises InvalidDatasetError, which lists what is wrong."""
    try:
        document = json.loads(card)
    except (ValueError, RecursionError) as error:
        raise _invalid([f"not JSON ({error}): write one JSON object"]) from None
    if not isinstance(document, dict):
        raise _invalid(['must be a JSON object, for example {"pattern": {"name": …, "regex": …}}'])
    known = ("pattern", "thinTopics")
    problems = [f"{key}: unknown field; known are {', '.join(known)}" for key in document if key not in known]
    pattern, thin = (document.get(key) for key in known)
    if pattern is not None:
        problems += _problems(pattern)
    if thin is not None and not _are_topics_with_a_reason(thin):
        problems.append("thinTopics: must be an object with topics, a list of texts, and their reason, a text")
    if problems:
        raise _invalid(sorted(problems))
    return Card(None if pattern is None else Pattern(**pattern), () if thin is None else tuple(thin["topics"]))


def _are_topics_with_a_reason(given: Any) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(given, Mapping) or given.keys() != {"topics", "reason"}:
        return False
    topics, reason = given["topics"], given["reason"]
    texts = [*topics, reason] if isinstance(topics, list) else [None]
    return all(isinstance(text, str) and text.strip() for text in texts)


def _problems(given: Any) -> list[str]:  # noqa: ANN401 - JSON
    if not isinstance(given, Mapping):
        return ["pattern: must be an object with name, regex and, if you like, description"]
    problems = [
        f"pattern.{key}: unknown field; known are {', '.join(MAX_LENGTHS)}" for key in given if key not in MAX_LENGTHS
    ]
    for key, longest in MAX_LENGTHS.items():
        value = given.get(key, "" if key == "description" else None)
        if not isinstance(value, str) or (key != "description" and not value.strip()):
            problems.append(f"pattern.{key}: must be a text{'' if key == 'description' else ' that is not empty'}")
        elif len(value) > longest:
            problems.append(f"pattern.{key}: has {len(value)} characters; at most {longest} are allowed")
        elif key == "regex":
            problems += _problems_of_regex(value)
    return problems


def _problems_of_regex(regex: str) -> list[str]:
    try:
        re.compile(regex)
    except (re.error, RecursionError, OverflowError) as error:
        return [f"pattern.regex: no regular expression: {error}"]
    return []


def _invalid(problems: list[str]) -> InvalidDatasetError:
    return InvalidDatasetError("The dataset's card cannot be used:", [f"{CARD}: {problem}" for problem in problems])
