"""The flow as a Mermaid picture, drawn from the synthesized definition: `python -m stacks.diagram`."""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from finetuning.base_models import DEFAULT_BASE_MODEL

from stacks.assembly import Assembly, Definition, State
from stacks.experiment_app import experiment_app

SHAPES = {
    "Task": '["{}"]',
    "Map": '[["{}"]]',
    "Choice": '{{"{}"}}',
    "Wait": '("{}")',
    "Pass": '("{}")',
    "Succeed": '(["{}"])',
    "Fail": '(["{}"])',
}
# Drawn once for all Choices, like what happens to errors.
NEITHER = "an answer is neither yes nor no"


class Edge(NamedTuple):
    source: str
    target: str
    label: str = ""

    def line(self) -> str:
        arrow = f"-- {self.label} -->" if self.label else "-->"
        return f"{_identity(self.source)} {arrow} {_identity(self.target)}"


def mermaid_block(definition: Definition) -> str:
    """The picture as a block of Markdown."""
    return f"```mermaid\n{flowchart(definition)}```\n"


def flowchart(definition: Definition) -> str:
    """Main path, failure path, one arrow for all the errors that lead from one to the other, one for broken answers."""
    states: Mapping[str, State] = definition["States"]
    edges = list(_edges(states))
    first_after_failure = states[_first_task(states)]["Catch"][0]["Next"]
    after_failure = _reachable(edges, first_after_failure)
    order = _reachable(edges, definition["StartAt"])
    main = [name for name in order if name not in after_failure]
    lines = [
        "flowchart TD",
        '  subgraph main["main path"]',
        *(f"    {_node(name, states[name])}" for name in main),
        "  end",
        '  subgraph failure["failure path"]',
        *(f"    {_node(name, states[name])}" for name in after_failure),
        "  end",
        *(
            f"  {edge.line()}"
            for edge in sorted(edges, key=lambda edge: order.index(edge.source))
            if edge.label != NEITHER
        ),
        f"  main -. a task fails after its retries .-> {_identity(first_after_failure)}",
        *(f"  main -. {NEITHER} .-> {_identity(name)}" for name in _broken_answers(edges, main)),
    ]
    return "\n".join(lines) + "\n"


def _edges(states: Mapping[str, State]) -> Iterator[Edge]:
    """Every transition but those that an error takes. A Choice's first condition is what its name asks."""
    for name, state in states.items():
        choices = state.get("Choices", [])
        for choice, label in zip(choices, ("yes", "no"), strict=False):
            yield Edge(name, choice["Next"], label)
        if "Default" in state:
            yield Edge(name, state["Default"], NEITHER if len(choices) > 1 else "no")
        if "Next" in state:
            yield Edge(name, state["Next"])


def _broken_answers(edges: list[Edge], main: list[str]) -> list[str]:
    return sorted({edge.target for edge in edges if edge.label == NEITHER and edge.source in main})


def _first_task(states: Mapping[str, State]) -> str:
    return next(name for name, state in states.items() if state["Type"] == "Task")


def _reachable(edges: list[Edge], start: str) -> list[str]:
    """In the order of reading: on along the first way out, then along the others."""
    reached: list[str] = []
    ahead = [start]
    while ahead:
        name = ahead.pop(0)
        if name not in reached:
            reached.append(name)
            ahead = [edge.target for edge in edges if edge.source == name] + ahead
    return reached


def _identity(name: str) -> str:
    return re.sub(r"\W", "", name)


def _node(name: str, state: State) -> str:
    return _identity(name) + SHAPES[state["Type"]].format(name)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        experiment_app(DEFAULT_BASE_MODEL, outdir=Path(folder)).synth()
        sys.stdout.write(mermaid_block(Assembly(Path(folder), DEFAULT_BASE_MODEL).definition))


if __name__ == "__main__":
    main()
