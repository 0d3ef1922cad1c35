"""docs/base-models.md: what the catalogue says of each base model. `python -m cli.base_models_document` prints it."""

import sys
from collections.abc import Iterator, Mapping

from finetuning.base_models import (
    BASE_MODELS,
    DEFAULT_BASE_MODEL,
    PRICE_UNITS,
    BaseModel,
    Hosting,
    HyperParameter,
    Lifecycle,
    RecordFormat,
)
from finetuning.texts import texts

INTRODUCTION = """# Base models

The models that an experiment can fine-tune on Bedrock. The facts, each with its source and the month in which it was
read, are in `lambdas/finetuning/base_models/`, an entry a model; a new base model is a new entry there.

Datasets are the same for all: a run checks them by the rules of its base model, and renders its own copy of them in the
model's record format. The formats are in `lambdas/finetuning/record_formats.py`.

A custom model is served by an on-demand deployment where its base model has that, else by Provisioned Throughput,
unless the execution input's `hosting` says otherwise.

What AWS does not document where we could read it is an assumption: it is named below, and in a warning of every run on
the model. Where one is wrong, Bedrock may refuse the job, or let it fail.

Made by `python -m cli.base_models_document > docs/base-models.md`.
"""
_FORMATS: Mapping[RecordFormat, str] = {
    "messages": "messages",
    "converse": "Converse",
    "promptCompletion": "prompt and completion: one turn; a system prompt stands in front of the question",
}
_HOSTING: Mapping[Hosting, str] = {
    "provisionedThroughput": "Provisioned Throughput",
    "onDemand": "on-demand deployment",
}


def document(models: Mapping[str, BaseModel]) -> str:
    """Of all these models, in Markdown."""
    return "\n".join([INTRODUCTION, *_overview(models), *(line for model in models.values() for line in _entry(model))])


def _overview(models: Mapping[str, BaseModel]) -> Iterator[str]:
    yield "| `baseModel` | model | region | record format | hosting | life cycle |\n|---|---|---|---|---|---|"
    for model in models.values():
        default = " (default)" if model.key == DEFAULT_BASE_MODEL else ""
        record_format = _FORMATS[model.record_format].partition(":")[0]
        yield (
            f"| `{model.key}`{default} | [{model.name}](#{model.key}) | {model.region} | {record_format} | "
            f"{_hosting(model)} | {_lifecycle(model.lifecycle)} |"
        )
    yield ""


def _entry(model: BaseModel) -> Iterator[str]:
    """The heading is the key, so that the overview can link to it."""
    yield f"## {model.key}\n"
    yield f"{model.name}, in {model.region}.\n"
    yield "| what | value |\n|---|---|"
    for what, value in _facts(model):
        yield f"| {what} | {value} |"
    yield "\n| hyperparameter | type | range | Bedrock's default | default here |\n|---|---|---|---|---|"
    for parameter in model.hyper_parameters:
        yield _hyper_parameter(parameter, model)
    yield ""


def _facts(model: BaseModel) -> Iterator[tuple[str, str]]:
    limits, say = model.limits, texts("en")
    yield "id for customization", f"`{model.customization_id}`"
    yield "id for answers of the base model", f"`{model.inference_id}`"
    yield "hosting of custom models", _hosting(model)
    yield "life cycle", _lifecycle(model.lifecycle)
    yield "record format", _FORMATS[model.record_format]
    yield "training records", f"{limits.training_min:,} to {limits.training_max:,}"
    yield "validation records", f"{limits.validation_min:,} to {limits.validation_max:,}"
    yield "training and validation records together", f"at most {limits.total_max:,}"
    yield "tokens a record", f"at most {limits.tokens_per_record:,}"
    yield "file sizes", f"training {limits.training_bytes:,} bytes, validation {limits.validation_bytes:,} bytes"
    yield "reserved strings", ", ".join(f"`{repr(word)[1:-1]}`" for word in model.reserved) or "none known"
    yield "perplexity in the metrics files", "yes" if model.perplexity else "no"
    for name, price in model.prices.items():
        usd = "unknown" if price.usd is None else f"${price.usd:.10g}"
        yield f"price: {PRICE_UNITS[name]}", f"{usd} ({price.source})"
    points = [say(f"warnings.undocumented.{point}") for point in model.undocumented]
    yield "**not documented, so assumed**", "; ".join(points) or "nothing"


def _hosting(model: BaseModel) -> str:
    return ", ".join(_HOSTING[hosting] for hosting in model.hosting)


def _lifecycle(lifecycle: Lifecycle) -> str:
    dates = {
        "Legacy": lifecycle.legacy,
        "extended access": lifecycle.extended_access,
        "end of life": lifecycle.end_of_life,
    }
    return ", ".join(f"{name} {day}" for name, day in dates.items() if day) or "no end announced"


def _hyper_parameter(parameter: HyperParameter, model: BaseModel) -> str:
    here = model.default_hyper_parameters.get(parameter.name, parameter.default)
    kind = "integer" if parameter.integer else "number"
    ends = f"{_plain(parameter.minimum)} to {_plain(parameter.maximum)}"
    return f"| `{parameter.name}` | {kind} | {ends} | {_plain(parameter.default)} | {_plain(here)} |"


def _plain(number: float) -> str:
    """As people write it, not as 1e-05."""
    return f"{number:.12f}".rstrip("0").rstrip(".")


if __name__ == "__main__":
    sys.stdout.write(document(BASE_MODELS))
