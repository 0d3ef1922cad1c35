"""Anthropic's base models. Ids and regions: see the package."""

from datetime import date

from finetuning.base_models.kinds import GB, UNKNOWN, BaseModel, DatasetLimits, HyperParameter, Lifecycle, Price

CLAUDE_3_HAIKU = BaseModel(
    key="claude-3-haiku",
    name="Claude 3 Haiku",
    customization_id="anthropic.claude-3-haiku-20240307-v1:0:200k",
    inference_id="anthropic.claude-3-haiku-20240307-v1:0",
    region="us-west-2",
    record_format="messages",
    # AWS user guide, "Prepare data for fine-tuning Anthropic Claude 3 models", read 2026-11.
    limits=DatasetLimits(
        training_min=32,
        training_max=10_000,
        validation_min=32,
        validation_max=1_000,
        total_max=10_000,
        tokens_per_record=32_000,
        training_bytes=10 * GB,
        validation_bytes=1 * GB,
    ),
    # AWS user guide, "Custom model hyperparameters", read 2026-11.
    hyper_parameters=(
        HyperParameter("epochCount", 2, 1, 10, integer=True),
        HyperParameter("batchSize", 32, 4, 256, integer=True),
        HyperParameter("learningRateMultiplier", 1, 0.1, 2),
        HyperParameter("earlyStoppingThreshold", 0.001, 0, 0.1),
        HyperParameter("earlyStoppingPatience", 2, 1, 10, integer=True),
    ),
    reserved=("\nHuman:", "\nAssistant:"),
    prices={
        "trainingPer1kTokens": UNKNOWN,
        "throughputPerHour": Price(132.0, "bill of a run in us-west-2, reported 2024-2026"),
        "inputPer1kTokens": Price(0.00025, "public price lists, read 2026-11"),
        "outputPer1kTokens": Price(0.00125, "public price lists, read 2026-11"),
    },
    hosting=("provisionedThroughput",),
    # AWS user guide, "Model lifecycle", read 2026-11.
    lifecycle=Lifecycle(legacy=date(2026, 3, 10), extended_access=date(2026, 6, 10), end_of_life=date(2026, 9, 10)),
    # A real run's files had no such column.
    perplexity=False,
    # Two epochs taught the original experiment nothing; ten with early stopping did.
    default_hyper_parameters={"epochCount": 10},
)
