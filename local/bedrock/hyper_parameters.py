"""A job's hyperparameters: Bedrock's text, its limits and defaults, and what they mean to the stand-in."""

from collections.abc import Mapping

from finetuning.base_models import BaseModel, HyperParameter

from local.bedrock.errors import validation_error
from local.stand_in import HyperParameters

_BATCH = HyperParameters().batch_size


def effective_hyper_parameters(base_model: BaseModel, given: Mapping[str, str]) -> dict[str, str]:
    """All of the base model's hyperparameters, with Bedrock's defaults for those not given.

    Raises ValidationException with every problem.
    """
    known = {parameter.name: parameter for parameter in base_model.hyper_parameters}
    problems = [f"{name} is no hyperparameter of {base_model.name}" for name in given if name not in known]
    problems += [
        f"{name} must be {'an integer' if known[name].integer else 'a number'} "
        f"from {known[name].minimum:g} to {known[name].maximum:g}, not {value!r}"
        for name, value in given.items()
        if name in known and not _is_allowed(known[name], value)
    ]
    if problems:
        raise validation_error(f"Invalid hyperparameters: {'; '.join(problems)}.")
    return {name: given.get(name, f"{parameter.default:g}") for name, parameter in known.items()}


def _is_allowed(parameter: HyperParameter, value: str) -> bool:
    try:
        number = int(value) if parameter.integer else float(value)
    except ValueError:
        return False
    return parameter.minimum <= number <= parameter.maximum


def learning_parameters(base_model: BaseModel, effective: Mapping[str, str]) -> HyperParameters:
    """All of the base model's hyperparameters in the stand-in's terms.

    A base model without early stopping runs all its epochs; one with an absolute learning rate has it as a multiple of
    its default, which belongs to its default batch size: the stand-in's rate is for steps of 32 records.
    """
    values = {name: float(value) for name, value in effective.items()}
    defaults = {parameter.name: parameter.default for parameter in base_model.hyper_parameters}
    epochs = int(values["epochCount"])
    multiplier = values.get("learningRateMultiplier")
    if multiplier is None:
        multiplier = values["learningRate"] / defaults["learningRate"] * defaults.get("batchSize", _BATCH) / _BATCH
    return HyperParameters(
        epochs=epochs,
        batch_size=int(values.get("batchSize", _BATCH)),
        learning_rate_multiplier=multiplier,
        early_stopping_threshold=values.get("earlyStoppingThreshold", 0),
        early_stopping_patience=int(values.get("earlyStoppingPatience", epochs)),
    )
