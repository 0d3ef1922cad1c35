"""card.json, the optional fourth file of a dataset: what its answers must look like, beside being right.

    {"pattern": {"name": "ござる", "regex": "ござる。?$", "description": "every answer ends in ござる"}}

The metric `pattern` is the share of answers in which the regular expression is found.
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


def read_pattern(card: bytes) -> Pattern | None:
    """The pattern of a card; None where it has none. Raises InvalidDatasetError, which lists what is wrong."""
    try:
        document = json.loads(card)
    except (ValueError, RecursionError) as error:
        raise _invalid([f"not JSON ({error}): write one JSON object"]) from None
    if not isinstance(document, dict):
        raise _invalid(['must be a JSON object, for example {"pattern": {"name": …, "regex": …}}'])
    problems = [f"{key}: unknown field; known is pattern" for key in document.keys() - {"pattern"}]
    given = document.get("pattern")
    if given is not None:
        problems += _problems(given)
    if problems:
        raise _invalid(sorted(problems))
    return None if given is None else Pattern(**given)


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
