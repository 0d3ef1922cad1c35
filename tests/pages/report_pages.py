"""Example results, and a reader of the pages that they give."""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

Document = dict[str, Any]
Example = Callable[[], Document]
Location = tuple[str | int, ...]


def improved() -> Document:
    document: Document = json.loads(Path("tests/unit/results/improved.json").read_text(encoding="utf-8"))
    return document


def stopped_before_the_custom_model(verdict: str, headline: str) -> Document:
    document = improved() | {"verdict": verdict, "headline": headline, "scores": {}, "nextSteps": [], "warnings": []}
    document |= {"effects": {}, "power": None}
    document["cost"] |= {"actualUsd": 0.02, "throughputSeconds": 0.0, "items": document["cost"]["items"][2:]}
    document["unscored"] = {"base": 0}
    document["questions"] = [question | {"custom": None, "difference": None} for question in document["questions"]]
    return document


def did_not_learn() -> Document:
    document = stopped_before_the_custom_model("did_not_learn", "Training moved the loss by 0.4% only.")
    document["training"] |= {"epochs": 2, "epochsAsked": 2, "stoppedEarly": False, "bestEpoch": 2, "learned": False}
    document["training"]["validationLoss"] = [{"epoch": 1, "loss": 2.541}, {"epoch": 2, "loss": 2.533}]
    document["training"]["trainingLoss"] = [{"step": step, "epoch": step // 3 + 1, "loss": 2.6} for step in range(6)]
    return document


def no_headroom() -> Document:
    headline = "The base model already answers these questions: there is too little left to teach."
    return stopped_before_the_custom_model("no_headroom", headline) | {"training": None}


def over_budget() -> Document:
    message = "The run would cost at least $264.31, over maxSpendUsd $1.00."
    document = stopped_before_the_custom_model("over_budget", f"Nothing was bought. {message}")
    document["cost"] |= {"actualUsd": 0.0, "isLowerBound": False, "maxSpendUsd": 1.0, "items": []}
    return document | {
        "status": "FAILED",
        "training": None,
        "questions": [],
        "nextSteps": [
            {"text": "Raise maxSpendUsd, if the estimate is worth it to you.", "input": {"maxSpendUsd": 265}}
        ],
        "failure": {
            "state": "EstimateCost",
            "error": "OverBudget",
            "message": message,
            "whatToDo": "Raise maxSpendUsd in the execution input, or use less data.",
        },
    }


def failed_in_configure_run() -> Document:
    return {
        "runId": "typo",
        "executionArn": "arn:aws:states:us-west-2:123456789012:execution:claude-3-haiku-ft:typo",
        "status": "FAILED",
        "baseModel": "claude-3-haiku",
        "verdict": "failed",
        "headline": "The run failed before it could give a verdict.",
        "scores": {},
        "unscored": {},
        "training": None,
        "cost": None,
        "questions": [],
        "nextSteps": [],
        "warnings": [],
        "failure": {
            "state": "ConfigureRun",
            "error": "InvalidInputError",
            "message": "The execution input has 2 problems.\n- epochs: unknown field; did you mean epochCount?"
            "\n- maxSpendUsd: must be a number above 0, got '20'",
            "whatToDo": "Mend what the message names, then start a new execution.",
        },
        "timeline": [{"at": "2026-03-02T09:00:01+00:00", "event": "run ended"}],
        "provenance": {
            "dataset": {"name": None, "training": None, "validation": None, "evaluation": None},
            "hyperParameters": None,
            "baseModelId": "anthropic.claude-3-haiku-20240307-v1:0:200k",
            "customModelArn": None,
            "judgeModel": None,
            "systemPrompt": None,
            "codeVersion": "0.1.0",
            "environment": "local",
            "startedAt": None,
            "endedAt": "2026-03-02T09:00:01+00:00",
        },
    }


def in_full() -> Document:
    """Every part that a document can have, a failure too, each with a few values only."""
    document = improved() | {"failure": over_budget()["failure"]}
    document["questions"] = [document["questions"][index] for index in (0, 6, -1)]
    document["training"]["trainingLoss"] = document["training"]["trainingLoss"][::10]
    document["scores"]["pattern"] = document["scores"]["refusals"] | {"name": "In one sentence", "higherIsBetter": True}
    document["questions"][0]["custom"]["pattern"] = True
    provenance = document["provenance"]
    provenance["earlierRuns"] = ["an-earlier-run"]
    # As Bedrock takes them.
    provenance["hyperParameters"] = {name: str(value) for name, value in provenance["hyperParameters"].items()}
    for file in ("training", "validation", "evaluation"):
        provenance["dataset"][file]["source"] = f"s3://data/datasets/bedrock-faq/{file}.jsonl"
    return document


EXAMPLES = (improved, did_not_learn, no_headroom, over_budget, failed_in_configure_run, in_full)


class Page(HTMLParser):
    """Parses a page; an element that is not closed in its place fails the test."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.code: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute is given twice on {tag}"
        self.elements.append((tag, dict(attrs)))
        if tag not in ("input", "link", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.code.append(data)
        elif self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"the page holds a comment: {data}")

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def leaves(value: object, path: Location = ()) -> Iterator[tuple[Location, object]]:
    """Every value of a document that holds no other, with the way to it."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            yield from leaves(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from leaves(child, (*path, index))
    else:
        yield path, value


def replaced(document: Document, path: Location, value: object) -> Document:
    copied = copy.deepcopy(document)
    parent: Any = copied
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return copied
