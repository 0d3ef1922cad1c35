"""What a finished run says, in a few lines."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from finetuning.failure import failure_text
from finetuning.report.wording import texts_of
from finetuning.run_store import REPORT, RESULT

Result = Mapping[str, Any]
"""The document result.json."""


def summary(result: Result, folder: Path) -> str:
    return "\n".join(_lines(result, folder))


def _lines(result: Result, folder: Path) -> Iterator[str]:
    yield f"verdict  {result['verdict']}: {result['headline']}"
    if pattern := result.get("pattern"):
        yield f"style    {pattern['text']}"
    for warning in result["warnings"]:
        yield f"warning  {warning}"
    yield f"cost     {_cost(result['cost'])}"
    if result["provenance"]["environment"] == "local":
        yield "         as it would be on AWS: a local run spends nothing"
    yield f"report   {folder / REPORT}"
    yield f"result   {folder / RESULT}"


def failure(result: Result) -> str | None:
    """Where and why the run failed, and what to do; None if it did not."""
    failed = result.get("failure")
    return failure_text(failed, texts_of(result)) if failed else None


def _cost(cost: Mapping[str, Any] | None) -> str:
    if cost is None:
        return "nothing: the run ended before it cost anything"
    estimated, actual = cost["estimatedUsd"], cost["actualUsd"]
    text = f"${actual:,.2f}" if actual is not None else "unknown"
    if estimated is not None:
        text += f" (estimated: ${estimated:,.2f})"
    if cost["isLowerBound"]:
        text += "; at least"
    if cost["unknownPrices"]:
        text += f"; no price is known for {', '.join(cost['unknownPrices'])}"
    return text
