"""The report says what the document says, stands on its own, and shows untrusted text as text."""

import ast
import copy
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from finetuning import report
from finetuning.report import render
from finetuning.report.formatting import (
    MISSING,
    duration,
    moment_text,
    number,
    p_value,
    quantity,
    signed,
    unit_usd,
    usd,
)
from finetuning.report.markup import element, escape

Document = dict[str, Any]
Example = Callable[[], Document]
Location = tuple[str | int, ...]

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style></title></textarea><h1>hijacked</h1>",
    "<!-- &lt;b&gt; &#60; ]]> **bold** [x](javascript:alert(1))",
)


# Example documents


def improved() -> Document:
    document: Document = json.loads((Path(__file__).parent / "results" / "improved.json").read_text(encoding="utf-8"))
    return document


def stopped_before_the_custom_model(verdict: str, headline: str) -> Document:
    document = improved() | {"verdict": verdict, "headline": headline, "scores": {}, "nextSteps": [], "warnings": []}
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
    """Every part that a document can have, a failure too."""
    return improved() | {"failure": over_budget()["failure"]}


EXAMPLES = (improved, did_not_learn, no_headroom, over_budget, failed_in_configure_run, in_full)


# Reading a page


class Page(HTMLParser):
    """Parses a page; an element that is not closed in its place fails the test."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute is given twice on {tag}"
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
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


# The page as such


@pytest.mark.parametrize("example", EXAMPLES)
def test_page_is_well_formed_and_accessible(example: Example) -> None:
    page = Page(render(example()))

    assert len(page.all("h1")) == 1
    assert [len(page.all(landmark)) for landmark in ("header", "main", "footer")] == [1, 1, 1]
    assert page.all("html") == [{"lang": "en"}]
    assert all(cell["scope"] in ("row", "col") for cell in page.all("th"))
    pictures = [picture for picture in page.all("svg") if picture.get("aria-hidden") != "true"]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert all(picture["role"] == "img" and picture["aria-labelledby"] in ids for picture in pictures)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("example", EXAMPLES)
def test_page_loads_and_runs_nothing(example: Example) -> None:
    page = Page(render(example()))

    policies = [meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert not page.all("script")
    assert [link["href"] for link in page.all("link")] == ["data:,"]
    assert not [attributes for _, attributes in page.elements if "src" in attributes or "style" in attributes]


def test_page_needs_the_standard_library_only() -> None:
    sources = [ast.parse(path.read_text(encoding="utf-8")) for path in Path(report.__path__[0]).glob("*.py")]
    nodes = [node for source in sources for node in ast.walk(source)]
    modules = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    ours = {module for module in modules if module.startswith("finetuning.report")}
    assert {module.split(".")[0] for module in modules - ours} <= set(sys.stdlib_module_names)


def test_page_is_a_function_of_the_document() -> None:
    document = improved()
    assert render(document) == render(copy.deepcopy(document))
    assert document == improved()


# Untrusted text


def is_shown(page: Page, path: Location, text: str) -> bool:
    """As text, or in an attribute; an execution input is shown as JSON."""
    written = json.dumps(text, ensure_ascii=False)[1:-1] if "input" in path else text
    return written in page.text or any(written in (value or "") for _, a in page.elements for value in a.values())


def structure(page: Page) -> tuple[set[str], set[str]]:
    return {tag for tag, _ in page.elements}, {name for _, attributes in page.elements for name in attributes}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_in_every_string_at_once_is_shown_as_text(payload: str) -> None:
    document, injected = in_full(), {}
    for index, (path, value) in enumerate(leaves(document)):
        if isinstance(value, str):
            injected[path] = f"{payload}{index}."
            document = replaced(document, path, injected[path])

    page = Page(render(document))

    assert [path for path, text in injected.items() if not is_shown(page, path, text)] == []
    assert len(page.all("h1")) == 1
    tags, attributes = structure(Page(render(in_full())))
    assert structure(page)[0] <= tags
    assert structure(page)[1] <= attributes


@pytest.mark.parametrize("example", [in_full, failed_in_configure_run])
def test_payload_in_each_string_alone_is_shown_as_text(example: Example) -> None:
    payload = "".join(PAYLOADS)
    document = example()
    expected = structure(Page(render(document)))
    for path, value in leaves(document):
        if isinstance(value, str):
            page = Page(render(replaced(document, path, payload)))
            assert is_shown(page, path, payload), path
            assert structure(page)[0] <= expected[0], path
            assert structure(page)[1] <= expected[1], path


def test_payload_in_names_is_shown_as_text() -> None:
    document = improved()
    payload = "".join(PAYLOADS)
    document["scores"][payload] = document["scores"]["chrf"]
    document["provenance"]["hyperParameters"][payload] = 1
    document["nextSteps"][1]["input"][payload] = 1

    page = Page(render(document))

    assert page.text.count(payload) == 2
    assert json.dumps(payload) in page.text
    assert len(page.all("h1")) == 1


@pytest.mark.parametrize("payload", PAYLOADS)
def test_payload_in_an_attribute_stays_in_it(payload: str) -> None:
    page = Page(element("p", payload, title=payload))
    assert page.elements == [("p", {"title": payload})]
    assert page.text == payload


def test_characters_that_a_page_cannot_hold_are_spelled_out() -> None:
    assert escape("a\x00b\r\nc\td") == "a\N{SYMBOL FOR NULL}b\nc\td"
    assert escape("\ud800 \x85 \u202e") == r"\ud800 \x85 \u202e"


def test_japanese_is_kept() -> None:
    text = Page(render(improved())).text
    assert "使い終わったらすぐに削除してください。" in text


# What the page says


def test_difference_and_its_interval_are_those_of_the_document() -> None:
    page = Page(render(improved()))
    correctness = improved()["scores"]["correctness"]
    shown = [float(data["value"] or "nan") for data in page.all("data")]

    assert {correctness["difference"], *correctness["ci95"], correctness["base"], correctness["custom"]} <= set(shown)
    low, high = correctness["ci95"]
    assert f"95% interval +{low:.2f} to +{high:.2f}; p = {correctness['pValue']:.3f}; 11 questions" in page.text
    assert "the interval does not contain zero" in page.text


@pytest.mark.parametrize(
    ("interval", "higher_is_better", "tone"),
    [([1, 3], True, "good"), ([-3, -1], True, "bad"), ([-1, 3], True, "neutral"), ([-3, -1], False, "good")],
)
def test_interval_is_coloured_by_what_it_says(interval: list[float], higher_is_better: bool, tone: str) -> None:
    document = improved()
    document["scores"]["correctness"] |= {
        "difference": sum(interval) / 2,
        "ci95": interval,
        "higherIsBetter": higher_is_better,
    }
    points = [circle["class"] for circle in Page(render(document)).all("circle") if "point" in (circle["class"] or "")]
    assert points == [f"point {tone}"]


def test_cost_is_a_lower_bound_when_a_price_is_unknown() -> None:
    text = Page(render(improved())).text
    assert "at least $82.3" in text
    assert "Estimated before: at least $264.31" in text
    assert "Limit: $300.00" in text
    assert "Price not known: Training" in text


def test_cost_that_is_known_is_not_called_a_lower_bound() -> None:
    document = improved()
    document["cost"] |= {"isLowerBound": False, "unknownPrices": []}
    assert "at least $" not in Page(render(document)).text


def test_throughput_time_and_duration_of_the_run() -> None:
    text = Page(render(improved())).text
    assert "37 min 24 s" in text
    assert "Whole run: 2 h 43 min" in text


def test_what_part_of_the_throughput_answered_questions_is_shown() -> None:
    page = Page(render(improved()))

    assert page.text.count("2 min 14 s of it (6%) answered questions") == 2
    assert "1 model unit of Provisioned Throughput was bought and existed for 37 min 24 s; 2 min" in page.text
    assert "of it (" not in Page(render(did_not_learn())).text


def test_questions_that_time_did_not_suffice_for_are_counted() -> None:
    document = improved()

    assert "time did not suffice for, left out too: 3." in Page(render(document | {"unanswered": {"custom": 3}})).text
    assert "time did not suffice" not in Page(render(document)).text


def test_a_run_that_went_on_names_the_earlier_ones() -> None:
    document = improved()
    document["provenance"]["earlierRuns"] = ["run-2", "run-1"]

    assert "run-2, run-1" in Page(render(document)).text


def test_no_throughput_is_said_in_words() -> None:
    assert "None was bought." in Page(render(did_not_learn())).text


def test_unscored_answers_are_counted() -> None:
    assert "Answers that the judge could not score, left out of the means: base 0, custom 1." in render(improved())


def test_learning_curve_marks_the_best_epoch() -> None:
    page = Page(render(improved()))
    assert "Training stopped early after epoch 7 of 10: 21 steps." in page.text
    assert "Validation loss was lowest after epoch 6: 1.476." in page.text
    lines = {line["class"]: len((line["points"] or "").split()) for line in page.all("polyline")}
    assert lines == {"training": 21, "validation": 7}
    assert len([circle for circle in page.all("circle") if circle["class"] == "best"]) == 1


def test_topic_means_leave_out_questions_without_both_scores() -> None:
    document = improved()
    scored = [q for q in document["questions"] if q["topic"] == "evaluation" and q["difference"] is not None]
    assert len(scored) == 1
    row = f"evaluation1{fmean(q['base']['correctness'] for q in scored):.2f}"
    assert row in Page(render(document)).text


def test_topics_of_a_run_without_custom_answers_show_the_base_model() -> None:
    text = Page(render(no_headroom())).text
    assert f"quotas2{fmean((2, 5)):.2f}" in text


def test_questions_stand_with_both_answers_scores_and_reasons() -> None:
    document = improved()
    text = Page(render(document)).text
    for question in document["questions"]:
        for answered in (question["base"], question["custom"]):
            assert answered["answer"] in text
            assert answered["reason"] in text
    assert "Correctness not scored" in text


def test_model_that_answered_nothing_has_no_column_of_answers() -> None:
    page = Page(render(no_headroom()))
    labels = {cell.get("data-label") for cell in page.all("td")}
    assert "Base model" in labels
    assert "Custom model" not in labels


def test_next_step_can_be_pasted() -> None:
    document = improved()
    pasted = json.dumps(document["nextSteps"][1]["input"], indent=2)
    assert pasted in Page(render(document)).text


def test_failure_says_where_what_and_what_to_do() -> None:
    document = failed_in_configure_run()
    text = Page(render(document)).text
    assert "InvalidInputError in ConfigureRun" in text
    assert document["failure"]["message"] in text
    assert document["failure"]["whatToDo"] in text
    assert text.index("What stopped the run") < text.index("Key figures")


@pytest.mark.parametrize(("environment", "said"), [("local", True), ("aws", False)])
def test_local_run_says_that_its_numbers_say_nothing_about_bedrock(environment: str, said: bool) -> None:
    document = improved()
    document["provenance"]["environment"] = environment
    assert ("This was a local run." in Page(render(document)).text) is said


@pytest.mark.parametrize("example", EXAMPLES)
def test_headline_and_verdict_are_on_the_page(example: Example) -> None:
    document = example()
    text = Page(render(document)).text
    assert document["headline"] in text
    assert document["verdict"].replace("_", " ").capitalize() in text


# What is missing


def test_empty_document_gives_a_page() -> None:
    assert len(Page(render({})).all("h1")) == 1


def test_any_part_may_be_null() -> None:
    document = in_full()
    second_level = [(key, inner) for key, value in document.items() if isinstance(value, dict) for inner in value]
    for path in [*((key,) for key in document), *second_level]:
        text = Page(render(replaced(document, path, None))).text
        assert "None" not in text.replace("None was bought", ""), path


def test_number_that_is_not_finite_is_not_shown() -> None:
    document = in_full()
    for path, value in leaves(document):
        counts = path[-1] in ("epoch", "step", "index")
        if isinstance(value, float | int) and not isinstance(value, bool) and not counts and "input" not in path:
            for broken in (math.nan, math.inf):
                words = Page(render(replaced(document, path, broken))).text.lower().split()
                assert not {"nan", "inf", "infinity"} & {word.strip("$+-.,;:") for word in words}, path


# Numbers in words


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (41.6, "42 s"),
        (60, "1 min"),
        (2244, "37 min 24 s"),
        (3600, "1 h"),
        (9791, "2 h 43 min"),
        (172_800, "48 h"),
        (None, MISSING),
    ],
)
def test_duration(seconds: float | None, written: str) -> None:
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("dollars", "written"),
    [(0, "$0.00"), (0.0002, "under $0.01"), (0.005, "$0.01"), (1234.5, "$1,234.50"), (None, "not known")],
)
def test_usd(dollars: float | None, written: str) -> None:
    assert usd(dollars) == written


def test_unit_price_keeps_the_digits_that_matter() -> None:
    assert [unit_usd(price) for price in (132.0, 0.00025, 0.0000012, None)] == [
        "$132.00",
        "$0.00025",
        "$0.0000012",
        "not known",
    ]


@pytest.mark.parametrize(
    ("p", "written"), [(0.0001, "< 0.001"), (0.0042, "0.004"), (0.0999, "0.100"), (0.5149, "0.51"), (1.0, "1.00")]
)
def test_p_value(p: float, written: str) -> None:
    assert p_value(p) == written


def test_sign_of_a_difference() -> None:
    assert [signed(value, 2) for value in (1.254, -0.5, 0.0, -0.001)] == ["+1.25", "\N{MINUS SIGN}0.50", "0.00", "0.00"]
    assert number(1234.5, 1) == "1,234.5"
    assert [quantity(value) for value in (98.42, 1500, 0.62333)] == ["98.42", "1,500", "0.623"]


def test_moment_is_shown_in_utc() -> None:
    assert moment_text("2026-03-02T18:00:00+09:00") == "2026-03-02 09:00:00 UTC"
    assert moment_text("2026-03-02T09:00:00Z") == "2026-03-02 09:00:00 UTC"
    assert moment_text("yesterday") == "yesterday"
