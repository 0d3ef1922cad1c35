"""What was paid, and what for."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.formatting import MISSING, duration, exact, is_number, number, quantity, unit_usd, usd
from finetuning.report.markup import Html, element, section, table
from finetuning.report.wording import named
from finetuning.texts import Texts

_COLUMNS = ("item", "quantity", "unit", "unitPrice", "amount", "source")


def item_name(item: str, say: Texts) -> str:
    return named(say, "item", item)


def answering_part(spent: Mapping[str, Any], say: Texts) -> str | None:
    """What part of the throughput's time answered questions; None where nobody measured it."""
    seconds, share = spent.get("answeringSeconds"), spent.get("answeringShare")
    if not is_number(seconds) or not is_number(share):
        return None
    return say("report.cost.answering", duration=duration(seconds, say), share=number(share * 100))


def cost(result: Mapping[str, Any], say: Texts) -> Html | None:
    spent = result.get("cost") or {}
    items = spent.get("items") or []
    if not items:
        return None
    return section(
        "cost",
        say("report.cost.title"),
        table(
            [say(f"report.cost.{column}") for column in _COLUMNS],
            [_row(item, say) for item in items],
            numeric=(1, 3, 4),
            wide=True,
        ),
        element("p", lived) if (lived := _lived(result, spent, say)) else None,
        element("p", _lower_bound(spent, say)) if spent.get("isLowerBound") else None,
        element("p", kept) if (kept := _custom_model(result, say)) else None,
    )


def _row(item: Mapping[str, Any], say: Texts) -> list[str]:
    return [
        item_name(item.get("item") or MISSING, say),
        quantity(item.get("quantity")),
        named(say, "costUnit", item.get("unit") or MISSING),
        unit_usd(item.get("unitUsd"), say),
        exact(item.get("usd"), usd(item.get("usd"), say)),
        named(say, "source", item.get("source") or MISSING),
    ]


def deployed_seconds(result: Mapping[str, Any]) -> float | None:
    """How long a custom model deployment existed; None where there was none."""
    hosting = result.get("hosting") or {}
    return hosting.get("seconds") or None if hosting.get("kind") == "onDemand" else None


def _lived(result: Mapping[str, Any], spent: Mapping[str, Any], say: Texts) -> str | None:
    """None where the custom model was not served."""
    if seconds := deployed_seconds(result):
        return say("report.cost.deployed", duration=duration(seconds, say))
    if not spent.get("throughputSeconds"):
        return None
    lived = say("report.cost.lived", duration=duration(spent["throughputSeconds"], say))
    part = answering_part(spent, say)
    return say("report.cost.livedAndAnswered", lived=lived, answering=part) if part else lived


def _custom_model(result: Mapping[str, Any], say: Texts) -> str | None:
    """Whether it goes on costing something; None where there is none."""
    model = result.get("customModel")
    if not model:
        return None
    if not model.get("kept"):
        return say("report.cost.modelDeleted")
    # A model's name is what follows `…-ft-model-`, which its ARN does not tell: the command takes either.
    return say("report.cost.modelKept", usd=usd(model.get("usdPerMonth"), say), arn=model.get("arn"))


def _lower_bound(spent: Mapping[str, Any], say: Texts) -> str:
    unknown = [item_name(item, say) for item in spent.get("unknownPrices") or []]
    items = say("report.and").join(unknown) if unknown else say("report.cost.unpriced")
    return say("report.cost.lowerBound", items=items)
