"""The state machine's definition as a synthesized template holds it, read back."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

State = Mapping[str, Any]


def read_definition(template: Path) -> Mapping[str, Any]:
    """The definition with every intrinsic function replaced by a literal that has the shape of an ARN's part."""
    resources = json.loads(template.read_text())["Resources"].values()
    machine = next(resource for resource in resources if resource["Type"] == "AWS::StepFunctions::StateMachine")
    definition: Mapping[str, Any] = json.loads(_literal(machine["Properties"]["DefinitionString"]))
    return definition


def all_states(definition: Mapping[str, Any]) -> Iterator[tuple[str, State]]:
    """Names and states, those inside a Map included."""
    for name, state in definition["States"].items():
        yield name, state
        if state["Type"] == "Map":
            yield from all_states(state["ItemProcessor"])


def _literal(value: object) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_literal, parts))
        case {"Fn::GetAtt": [resource, "Arn"]}:
            return f"arn:aws:lambda:us-west-2:123456789012:function:{resource}"
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case _:
            raise ValueError(f"no literal is known for this part of a definition: {value}")
