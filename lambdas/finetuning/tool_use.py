"""Reading the Converse response of a model that was told to call one tool once."""

from collections.abc import Mapping
from typing import Any


def tool_input(response: Mapping[str, Any], tool: str) -> Mapping[str, Any] | str:
    """What the model called the tool with; where that cannot be used, what it did instead ("called …")."""
    blocks = response["output"]["message"]["content"]
    uses = [block["toolUse"] for block in blocks if "toolUse" in block and block["toolUse"].get("name") == tool]
    if len(uses) != 1:
        return f"called {tool} {len(uses)} times instead of once"
    given = uses[0]["input"]
    return given if isinstance(given, Mapping) else f"called {tool} with no object"
