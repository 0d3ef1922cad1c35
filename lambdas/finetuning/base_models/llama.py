"""Meta's base models. Ids and regions: see the package."""

from finetuning.base_models.kinds import (
    GB,
    BaseModel,
    DatasetLimits,
    Hosting,
    HyperParameter,
    RecordFormat,
    Undocumented,
    unknown_prices,
)


def _llama(
    key: str,
    name: str,
    customization_id: str,
    *,
    inference_id: str,
    record_format: RecordFormat,
    hosting: Hosting,
    undocumented: tuple[Undocumented, ...],
) -> BaseModel:
    """Llama 3.1 (AWS user guide, "Model requirements for training and validation datasets", read 2026-11).

    Assumed of validation data: one record or more, and as many in all as training data may have; of sizes: Claude's.
    """
    return BaseModel(
        key=key,
        name=name,
        customization_id=customization_id,
        inference_id=inference_id,
        region="us-west-2",
        record_format=record_format,
        limits=DatasetLimits(
            training_min=100,
            training_max=10_000,
            validation_min=1,
            validation_max=10_000,
            total_max=10_000,
            tokens_per_record=16_000,
            training_bytes=10 * GB,
            validation_bytes=1 * GB,
        ),
        # AWS user guide, "Meta Llama 3.1 model customization hyperparameters", read 2026-11.
        hyper_parameters=(
            HyperParameter("epochCount", 5, 1, 10, integer=True),
            HyperParameter("batchSize", 1, 1, 1, integer=True),
            HyperParameter("learningRate", 1e-4, 5e-6, 0.1),
        ),
        reserved=(),
        prices=unknown_prices(hosting),
        hosting=(hosting,),
        undocumented=undocumented,
    )


def _llama_3_1(size: str) -> BaseModel:
    model = f"meta.llama3-1-{size}-instruct-v1:0"
    return _llama(
        f"llama3-1-{size}",
        f"Llama 3.1 {size.upper()} Instruct",
        f"{model}:128k",
        inference_id=model,
        record_format="promptCompletion",
        hosting="provisionedThroughput",
        undocumented=("validationData", "fileSizes", "reservedStrings", "promptTemplate"),
    )


LLAMA_3_1_8B, LLAMA_3_1_70B = _llama_3_1("8b"), _llama_3_1("70b")

# Its limits and hyperparameters are not documented: assumed are Llama 3.1's.
LLAMA_3_3_70B = _llama(
    "llama3-3-70b",
    "Llama 3.3 70B Instruct",
    "meta.llama3-3-70b-instruct-v1:0:128k",
    inference_id="us.meta.llama3-3-70b-instruct-v1:0",
    record_format="converse",
    hosting="onDemand",
    undocumented=(
        "trainingRecords",
        "validationData",
        "recordTokens",
        "fileSizes",
        "reservedStrings",
        "hyperParameters",
    ),
)
