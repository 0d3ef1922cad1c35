"""What it cost, when things happened, and what the run was made of."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.formatting import (
    MISSING,
    duration,
    exact,
    is_number,
    moment_text,
    number,
    quantity,
    seconds_between,
    unit_usd,
    usd,
)
from finetuning.report.markup import Html, element, join, section, table, text_block

_DATASET_PARTS = {"training": "Training data", "validation": "Validation data", "evaluation": "Evaluation data"}

_ITEM_NAMES = {
    "trainingPer1kTokens": "Training",
    "throughputPerHour": "Provisioned Throughput",
    "inputPer1kTokens": "Base model, input",
    "outputPer1kTokens": "Base model, output",
    "judgeInputPer1kTokens": "Judge, input",
    "judgeOutputPer1kTokens": "Judge, output",
}


def answering_part(spent: Mapping[str, Any]) -> str | None:
    """What part of the throughput's time answered questions; None where nobody measured it."""
    seconds, share = spent.get("answeringSeconds"), spent.get("answeringShare")
    if not is_number(seconds) or not is_number(share):
        return None
    return f"{duration(seconds)} of it ({number(share * 100)}%) answered questions"


def item_name(item: str) -> str:
    return _ITEM_NAMES.get(item, item)


def cost(result: Mapping[str, Any]) -> Html | None:
    spent = result.get("cost") or {}
    items = spent.get("items") or []
    if not items:
        return None
    rows = [
        [
            item_name(item.get("item") or MISSING),
            quantity(item.get("quantity")),
            item.get("unit") or MISSING,
            unit_usd(item.get("unitUsd")),
            exact(item.get("usd"), usd(item.get("usd"))),
            item.get("source") or MISSING,
        ]
        for item in items
    ]
    columns = ["Item", "Quantity", "Unit", "Price of a unit", "Amount", "Source of the price"]
    unknown = ", ".join(spent.get("unknownPrices") or [])
    lower_bound = (
        f"The total is a lower bound: it counts nothing for {unknown or 'what has no known price'}. "
        'Give the price in the execution input, under "prices", to count it.'
    )
    return section(
        "cost",
        "Cost",
        table(columns, rows, numeric=(1, 3, 4), wide=True),
        element("p", _bought(spent)) if spent.get("throughputSeconds") else None,
        element("p", lower_bound) if spent.get("isLowerBound") else None,
    )


def _bought(spent: Mapping[str, Any]) -> str:
    lived = f"1 model unit of Provisioned Throughput was bought and existed for {duration(spent['throughputSeconds'])}"
    return "; ".join(filter(None, [lived, answering_part(spent)])) + "."


def timeline(result: Mapping[str, Any]) -> Html | None:
    events = result.get("timeline") or []
    if not events:
        return None
    start = events[0].get("at")
    rows = []
    for event in events:
        elapsed = seconds_between(start, event.get("at"))
        rows.append([moment_text(event.get("at")), duration(elapsed), event.get("event") or MISSING])
    return section("timeline", "Timeline", table(["Time", "Elapsed", "Event"], rows, numeric=(1,)))


def provenance(result: Mapping[str, Any]) -> Html:
    made_of = result.get("provenance") or {}
    facts = {
        "Run": result.get("runId"),
        "Goes on from": ", ".join(made_of.get("earlierRuns") or []),
        "Execution": result.get("executionArn"),
        "Status": result.get("status"),
        "Verdict": result.get("verdict"),
        "Base model": result.get("baseModel"),
        "Base model id": made_of.get("baseModelId"),
        "Custom model": made_of.get("customModelArn"),
        "Judge model": made_of.get("judgeModel"),
        "Hyperparameters": _hyper_parameters(made_of.get("hyperParameters") or {}),
        "Dataset": (made_of.get("dataset") or {}).get("name"),
        "Code version": made_of.get("codeVersion"),
        "Environment": made_of.get("environment"),
        "Started": moment_text(made_of.get("startedAt")),
        "Ended": moment_text(made_of.get("endedAt")),
    }
    rows = (join([element("dt", name), element("dd", value or MISSING)]) for name, value in facts.items())
    prompt = made_of.get("systemPrompt")
    return section(
        "provenance",
        "Provenance",
        element("dl", *rows),
        _dataset(made_of.get("dataset") or {}),
        join([element("h3", "System prompt"), text_block(prompt, "text message")]) if prompt else None,
    )


def _hyper_parameters(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_setting(value)}" for name, value in values.items())


def _setting(value: object) -> str:
    """As it was set: `0.00001` too, and text as Bedrock's API has it."""
    if isinstance(value, str):
        return value
    return f"{value:.10g}" if is_number(value) else MISSING


def _dataset(dataset: Mapping[str, Any]) -> Html | None:
    parts = {name: dataset.get(key) for key, name in _DATASET_PARTS.items()}
    rows = [
        [
            name,
            number(part.get("records")),
            number(part.get("tokens")),
            element("code", part.get("uri") or MISSING),
            element("code", part.get("sha256") or MISSING),
        ]
        for name, part in parts.items()
        if part
    ]
    return table(["Part", "Records", "Tokens", "Object", "SHA-256"], rows, numeric=(1, 2), wide=True) if rows else None
