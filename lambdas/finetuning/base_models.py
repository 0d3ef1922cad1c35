"""The catalogue: every fact about a model that the experiment relies on, with its source and date.

Adding a base model = adding one entry to `BASE_MODELS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from finetuning.errors import UnknownBaseModelError

# What they look like: record_formats.py.
RecordFormat = Literal["messages", "converse", "promptCompletion"]


@dataclass(frozen=True)
class HyperParameter:
    """One hyperparameter of a model customization job; `default` is Bedrock's."""

    name: str
    default: float
    minimum: float
    maximum: float
    integer: bool = False


@dataclass(frozen=True)
class Lifecycle:
    """Known dates of a model's life cycle; None = not announced."""

    legacy: date | None = None
    extended_access: date | None = None
    end_of_life: date | None = None

    def is_past_end_of_life(self, on: date) -> bool:
        return self.end_of_life is not None and on >= self.end_of_life

    def is_legacy(self, on: date) -> bool:
        """A Legacy model takes no new customization jobs and no new Provisioned Throughput."""
        return self.legacy is not None and on >= self.legacy


@dataclass(frozen=True)
class DatasetLimits:
    """Numbers of records, tokens a record, bytes a file."""

    training_min: int
    training_max: int
    validation_min: int
    validation_max: int
    total_max: int
    tokens_per_record: int
    training_bytes: int
    validation_bytes: int


@dataclass(frozen=True)
class Price:
    """US dollars for one unit; None = unknown, never guessed."""

    usd: float | None
    source: str


UNKNOWN = Price(None, "not published where we could read it")

# The items that a run pays for, and the unit of each price.
PRICE_UNITS: Mapping[str, str] = {
    "trainingPer1kTokens": "1,000 tokens trained (tokens in the training data x epochs)",
    "throughputPerHour": "model unit and hour, no commitment",
    "inputPer1kTokens": "1,000 input tokens of the base model",
    "outputPer1kTokens": "1,000 output tokens of the base model",
    "judgeInputPer1kTokens": "1,000 input tokens of the judge model",
    "judgeOutputPer1kTokens": "1,000 output tokens of the judge model",
    "embeddingPer1kTokens": "1,000 input tokens of the embedding model",
}


@dataclass(frozen=True)
class BaseModel:
    """A base model that Bedrock customizes.

    customization_id: for CreateModelCustomizationJob; inference_id: for answers of the base model.
    default_hyper_parameters: where this experiment's default is not Bedrock's.
    """

    key: str
    name: str
    customization_id: str
    inference_id: str
    region: str
    record_format: RecordFormat
    limits: DatasetLimits
    hyper_parameters: tuple[HyperParameter, ...]
    reserved: tuple[str, ...]
    prices: Mapping[str, Price]
    lifecycle: Lifecycle = Lifecycle()
    default_hyper_parameters: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class JudgeModel:
    """A model that we ask with tools: it scores answers, or makes questions and answers from documents.

    id: what Converse takes. inference_profile: the id names a cross-region inference profile, which routes to
    `foundation_model` in one of `regions`; otherwise the model answers in the stack's own region.
    forced_tool_choice: whether it is documented that the model can be made to call one tool; others refuse that.
    """

    id: str
    foundation_model: str
    prices: Mapping[str, Price]
    inference_profile: bool = False
    regions: tuple[str, ...] = ()
    forced_tool_choice: bool = False


@dataclass(frozen=True)
class EmbeddingModel:
    """A model that says how alike two texts are in meaning. max_characters: of a text, the rest is left out."""

    id: str
    max_characters: int
    prices: Mapping[str, Price]
    regions: tuple[str, ...]


_GB = 1024**3
_US_REGIONS = ("us-east-1", "us-east-2", "us-west-2")

_CLAUDE_3_HAIKU = BaseModel(
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
        training_bytes=10 * _GB,
        validation_bytes=1 * _GB,
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
    # AWS user guide, "Model lifecycle", read 2026-11.
    lifecycle=Lifecycle(legacy=date(2026, 3, 10), extended_access=date(2026, 6, 10), end_of_life=date(2026, 9, 10)),
    # Two epochs taught the original experiment nothing; ten with early stopping did.
    default_hyper_parameters={"epochCount": 10},
)


def _nova(key: str, name: str, context: str, inference_id: str) -> BaseModel:
    """Nova 1 models differ in name and context only (AWS user guide, "Fine-tuning Nova 1.0", read 2026-11)."""
    return BaseModel(
        key=key,
        name=name,
        customization_id=f"{inference_id}:{context}",
        inference_id=inference_id,
        region="us-east-1",
        record_format="converse",
        # Validation minimum and file sizes are not documented for Nova: at least one record, Claude's sizes.
        limits=DatasetLimits(
            training_min=8,
            training_max=20_000,
            validation_min=1,
            validation_max=20_000,
            total_max=20_000,
            tokens_per_record=32_000,
            training_bytes=10 * _GB,
            validation_bytes=1 * _GB,
        ),
        hyper_parameters=(
            HyperParameter("epochCount", 2, 1, 5, integer=True),
            HyperParameter("learningRate", 1e-5, 1e-6, 1e-4),
            HyperParameter("learningRateWarmupSteps", 10, 0, 100, integer=True),
        ),
        reserved=("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]"),
        prices=dict.fromkeys(_CLAUDE_3_HAIKU.prices, UNKNOWN),
        default_hyper_parameters={"epochCount": 5},
    )


BASE_MODELS: Mapping[str, BaseModel] = {
    model.key: model
    for model in (
        _CLAUDE_3_HAIKU,
        _nova("nova-micro", "Amazon Nova Micro", "128k", "amazon.nova-micro-v1:0"),
        _nova("nova-lite", "Amazon Nova Lite", "300k", "amazon.nova-lite-v1:0"),
        _nova("nova-pro", "Amazon Nova Pro", "300k", "amazon.nova-pro-v1:0"),
    )
}
DEFAULT_BASE_MODEL = "claude-3-haiku"

_JUDGE_PRICES: Mapping[str, Price] = {"judgeInputPer1kTokens": UNKNOWN, "judgeOutputPer1kTokens": UNKNOWN}
JUDGE_MODELS: Mapping[str, JudgeModel] = {
    judge.id: judge
    for judge in (
        JudgeModel(
            id="us.anthropic.claude-haiku-4-5-20251001-v1:0",
            foundation_model="anthropic.claude-haiku-4-5-20251001-v1:0",
            prices=_JUDGE_PRICES,
            inference_profile=True,
            regions=_US_REGIONS,
        ),
        JudgeModel(
            id="us.amazon.nova-2-lite-v1:0",
            foundation_model="amazon.nova-2-lite-v1:0",
            prices=_JUDGE_PRICES,
            inference_profile=True,
            regions=_US_REGIONS,
            # botocore's service model, ToolChoice.tool: Claude 3 and Amazon Nova models, read 2026-11.
            forced_tool_choice=True,
        ),
    )
}
DEFAULT_JUDGE_MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"

# AWS user guide, "Amazon Titan Text Embeddings models", read 2026-11: more than 100 languages; at most 8,192 tokens,
# and a Japanese character may be more than one (tokens.py).
EMBEDDING_MODEL = EmbeddingModel(
    id="amazon.titan-embed-text-v2:0",
    max_characters=6_500,
    prices={"embeddingPer1kTokens": Price(0.00002, "public price lists, read 2026-11")},
    regions=("us-east-1", "us-west-2"),
)


def base_model(key: str) -> BaseModel:
    """The catalogue's entry. Raises UnknownBaseModelError, which names the known keys."""
    try:
        return BASE_MODELS[key]
    except KeyError:
        raise UnknownBaseModelError(
            f"base model {key!r} is not in the catalogue; choose one of: {', '.join(BASE_MODELS)}"
        ) from None


def living(on: date) -> list[BaseModel]:
    """The base models that take new customization jobs on that day."""
    return [model for model in BASE_MODELS.values() if not model.lifecycle.is_legacy(on)]
