"""What the run was made of, so that it can be repeated."""

from collections.abc import Mapping
from typing import Any

from finetuning.report.formatting import MISSING, is_number, moment_text, number
from finetuning.report.markup import Html, definitions, element, join, section, table, text_block
from finetuning.report.wording import named, sentence
from finetuning.texts import Texts

_FILES = ("training", "validation", "evaluation")


def provenance(result: Mapping[str, Any], say: Texts) -> Html:
    made_of = result.get("provenance") or {}
    facts = {
        "run": _code(result.get("runId")),
        "earlierRuns": _code(", ".join(made_of.get("earlierRuns") or [])),
        "execution": _code(result.get("executionArn")),
        "status": named(say, "status", result.get("status") or MISSING),
        "verdict": named(say, "verdict", result.get("verdict") or "none"),
        "baseModel": _code(result.get("baseModel")),
        "baseModelId": _code(made_of.get("baseModelId")),
        "customModel": _code(made_of.get("customModelArn")),
        "judgeModel": _code(made_of.get("judgeModel")),
        "hyperParameters": _code(_settings(made_of.get("hyperParameters") or {})),
        "answers": _code(_settings(made_of.get("answers") or {})),
        "dataset": _code((made_of.get("dataset") or {}).get("name")),
        "codeVersion": _code(made_of.get("codeVersion")),
        "environment": named(say, "environment", made_of.get("environment") or MISSING),
        "language": named(say, "language", result.get("language") or say.language),
        "started": moment_text(made_of.get("startedAt")),
        "ended": moment_text(made_of.get("endedAt")),
    }
    prompt = made_of.get("systemPrompt")
    return section(
        "provenance",
        say("report.provenance.title"),
        definitions({say(f"report.provenance.{name}"): fact for name, fact in facts.items()}),
        _dataset(made_of.get("dataset") or {}, say),
        join([element("h3", say("report.provenance.systemPrompt")), text_block(prompt, "text message")])
        if prompt
        else None,
    )


def _object(part: Mapping[str, Any], say: Texts) -> Html:
    """Where the run's own copy is, and what it was copied from."""
    copied_from = part.get("source")
    where = element("code", part.get("uri") or MISSING)
    if not copied_from:
        return where
    return element(
        "span",
        where,
        element("small", sentence(say, "report.provenance.from", uri=element("code", copied_from))),
        class_="estimate",
    )


def _code(value: str | None) -> str:
    """A name that is the same in every language."""
    return element("code", value) if value else MISSING


def _settings(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_setting(value)}" for name, value in values.items())


def _setting(value: object) -> str:
    """As it was set: `0.00001` too, and text as Bedrock's API has it."""
    if isinstance(value, str):
        return value
    return f"{value:.10g}" if is_number(value) else MISSING


def _dataset(dataset: Mapping[str, Any], say: Texts) -> Html | None:
    parts = {name: dataset.get(name) for name in _FILES}
    rows = [
        [
            say(f"report.provenance.{name}"),
            number(part.get("records")),
            number(part.get("tokens")),
            _object(part, say),
            element("code", part.get("sha256") or MISSING),
        ]
        for name, part in parts.items()
        if part
    ]
    columns = [say(f"report.provenance.{column}") for column in ("part", "records", "tokens", "object", "sha256")]
    return table(columns, rows, numeric=(1, 2), wide=True) if rows else None
