"""A synthesized assembly, read back: for pictures and tests."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Template = Mapping[str, Any]
Definition = Mapping[str, Any]
State = Mapping[str, Any]


@dataclass(frozen=True)
class Assembly:
    """The templates in a folder that `cdk.App.synth` wrote to."""

    folder: Path
    base_model_key: str

    @cached_property
    def storage(self) -> Template:
        return self._template("storage")

    @cached_property
    def workflow(self) -> Template:
        return self._template("workflow")

    @cached_property
    def definition(self) -> Definition:
        """The state machine's definition; intrinsic functions are replaced by literals of the same shape."""
        return _definition(self.workflow)

    @cached_property
    def sweep(self) -> Template:
        return self._template("sweep")

    @cached_property
    def sweep_definition(self) -> Definition:
        """The definition of the sweep's state machine."""
        return _definition(self.sweep)

    def template_path(self, stack: str) -> Path:
        """stack: "storage", "workflow" or "sweep"."""
        return self.folder / f"{self.base_model_key}-ft-{stack}.template.json"

    def _template(self, stack: str) -> Template:
        template: Template = json.loads(self.template_path(stack).read_text())
        return template


def _definition(template: Template) -> Definition:
    (machine,) = resources(template, "AWS::StepFunctions::StateMachine").values()
    definition: Definition = json.loads(_literal(machine["DefinitionString"]))
    return definition


def resources(template: Template, resource_type: str) -> dict[str, Mapping[str, Any]]:
    """Properties of all resources of a type, by logical id."""
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == resource_type
    }


def all_states(definition: Definition) -> Iterator[tuple[str, State]]:
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
        case {"Fn::GetAtt": [function, "Arn"]}:
            return f"arn:aws:lambda:us-west-2:123456789012:function:{function}"
        case _:
            raise ValueError(f"no literal is known for this part of a definition: {value}")
