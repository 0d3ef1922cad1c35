"""Amazon's base models. Ids and regions: see the package."""

from finetuning.base_models.kinds import (
    GB,
    BaseModel,
    DatasetLimits,
    HyperParameter,
    Undocumented,
    unknown_prices,
)


def _nova(
    key: str,
    name: str,
    customization_id: str,
    inference_id: str,
    undocumented: tuple[Undocumented, ...] = ("validationData", "fileSizes"),
) -> BaseModel:
    """Nova 1 models differ in name and context only (AWS user guide, "Fine-tuning Nova 1.0", read 2026-11).

    Assumed of validation data: one record or more, and as many in all as training data may have; of sizes: Claude's.
    """
    return BaseModel(
        key=key,
        name=name,
        customization_id=customization_id,
        inference_id=inference_id,
        region="us-east-1",
        record_format="converse",
        limits=DatasetLimits(
            training_min=8,
            training_max=20_000,
            validation_min=1,
            validation_max=20_000,
            total_max=20_000,
            tokens_per_record=32_000,
            training_bytes=10 * GB,
            validation_bytes=1 * GB,
        ),
        # AWS user guide, "Amazon Nova Understanding model customization hyperparameters", read 2026-11.
        hyper_parameters=(
            HyperParameter("epochCount", 2, 1, 5, integer=True),
            HyperParameter("learningRate", 1e-5, 1e-6, 1e-4),
            HyperParameter("learningRateWarmupSteps", 10, 0, 100, integer=True),
        ),
        reserved=("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"),
        prices=unknown_prices("provisionedThroughput", "onDemand"),
        hosting=("provisionedThroughput", "onDemand"),
        undocumented=undocumented,
        default_hyper_parameters={"epochCount": 5},
    )


NOVA_MICRO = _nova("nova-micro", "Amazon Nova Micro", "amazon.nova-micro-v1:0:128k", "amazon.nova-micro-v1:0")
NOVA_LITE = _nova("nova-lite", "Amazon Nova Lite", "amazon.nova-lite-v1:0:300k", "amazon.nova-lite-v1:0")
NOVA_PRO = _nova("nova-pro", "Amazon Nova Pro", "amazon.nova-pro-v1:0:300k", "amazon.nova-pro-v1:0")

# Its user guide says that Bedrock fine-tunes it, and of data and hyperparameters what SageMaker takes: assumed is what
# Nova 1 has ("Customizing Amazon Nova 2.0 models", read 2026-11).
NOVA_2_LITE = _nova(
    "nova-2-lite",
    "Amazon Nova 2 Lite",
    "amazon.nova-2-lite-v1:0:256k",
    "us.amazon.nova-2-lite-v1:0",
    undocumented=(
        "trainingRecords",
        "validationData",
        "recordTokens",
        "fileSizes",
        "reservedStrings",
        "hyperParameters",
    ),
)
