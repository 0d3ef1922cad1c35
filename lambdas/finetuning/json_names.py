"""Python's snake_case and JSON's camelCase, at the edge."""

import re
from collections.abc import Mapping
from typing import Any


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name)


def camel_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values under camelCase keys; nested values stay as they are."""
    return {camel(key): value for key, value in values.items()}
