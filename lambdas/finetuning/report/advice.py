"""What the numbers mean and what to do: warnings, findings with their evidence, next steps ready to paste."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from finetuning.report.formatting import MISSING, is_number, quantity
from finetuning.report.markup import Html, definitions, element, join, section, table, text_block
from finetuning.report.wording import named
from finetuning.texts import Texts


def warnings(result: Mapping[str, Any], say: Texts) -> Html | None:
    said = result.get("warnings") or []
    if not said:
        return None
    items = (element("li", text_block(text)) for text in said)
    return section("warnings", say("report.warnings.title"), element("ul", *items))


def diagnosis(result: Mapping[str, Any], say: Texts) -> Html | None:
    """Findings on the training and on the data; in documents of old, one sentence on the training."""
    training = result.get("training") or {}
    findings = training.get("findings") or [{"text": training.get("diagnosis")}]
    listed = finding_list([finding for finding in findings if finding.get("text")], say)
    return section("diagnosis", say("report.diagnosis.title"), listed) if listed else None


def finding_list(findings: Sequence[Mapping[str, Any]], say: Texts) -> Html | None:
    """Each finding with the numbers that it was drawn from."""
    if not findings:
        return None
    return element("ol", *(_finding(finding, say) for finding in findings), class_="findings")


def _finding(finding: Mapping[str, Any], say: Texts) -> Html:
    evidence = finding.get("evidence") or {}
    facts = {name: value for name, value in evidence.items() if not _is_table(value)}
    code = finding.get("code")
    return element(
        "li",
        text_block(finding.get("text") or ""),
        element("p", element("code", code), class_="detail") if code else None,
        definitions({named(say, "evidence", name): _fact(value) for name, value in facts.items()}, "evidence")
        if facts
        else None,
        *(_table(value, say) for value in evidence.values() if _is_table(value)),
    )


def _is_table(value: object) -> bool:
    """Records, pairs of records, topics."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, Mapping) and row for row in value)


def _table(rows: Sequence[Mapping[str, Any]], say: Texts) -> Html:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    numeric = [index for index, name in enumerate(columns) if index and all(is_number(row.get(name)) for row in rows)]
    cells = [[_fact(row.get(name)) for name in columns] for row in rows]
    return table([named(say, "evidence", name) for name in columns], cells, numeric=numeric)


def _fact(value: object) -> str:
    if is_number(value):
        return quantity(value)
    if isinstance(value, list):
        return ", ".join(_fact(inner) for inner in value)
    return MISSING if value is None or isinstance(value, float) else str(value)


def next_steps(result: Mapping[str, Any], say: Texts) -> Html | None:
    steps = result.get("nextSteps") or []
    if not steps:
        return None
    items = (_next_step(step, say) for step in steps)
    new = _new_dataset(result, steps)
    notes = [say("report.nextSteps.newDataset", dataset=new)] if new else []
    notes += [say("report.nextSteps.gone")] if _name_what_is_gone(result, steps) else []
    said = (element("p", note, class_="detail") for note in notes)
    return section("next-steps", say("report.nextSteps.title"), *said, element("ol", *items))


def _name_what_is_gone(result: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> bool:
    """Nothing of a local run is left but its result and its report."""
    is_local = (result.get("provenance") or {}).get("environment") == "local"
    return is_local and any({"customModelArn", "resumeFrom"} & (step.get("input") or {}).keys() for step in steps)


def _new_dataset(result: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> str | None:
    """The name of a dataset that steps ask for and nobody has made yet."""
    dataset = ((result.get("provenance") or {}).get("dataset") or {}).get("name")
    named_by = [(step.get("input") or {}).get("dataset") for step in steps]
    return next((name for name in named_by if isinstance(name, str) and name != dataset), None)


def _next_step(step: Mapping[str, Any], say: Texts) -> Html:
    execution_input, why = step.get("input"), step.get("why")
    written = json.dumps(execution_input, indent=2, ensure_ascii=False)
    paste = [element("p", say("report.nextSteps.input"), class_="detail"), element("pre", element("code", written))]
    return element(
        "li",
        text_block(step.get("text") or "", "text step"),
        text_block(why, "text why") if why else None,
        None if execution_input is None else join(paste),
    )
