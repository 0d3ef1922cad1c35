"""What the catalogue says of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

# What they look like: record_formats.py.
RecordFormat = Literal["messages", "converse", "promptCompletion"]
# How Bedrock serves a custom model, by AWS's names: Provisioned Throughput, on-demand custom model deployments.
Hosting = Literal["provisionedThroughput", "onDemand"]
# What AWS may leave unsaid of a model: its entry holds an assumption then. In words: texts/<language>/warnings.json.
Undocumented = Literal[
    "trainingRecords",
    "validationData",
    "recordTokens",
    "fileSizes",
    "reservedStrings",
    "hyperParameters",
    "promptTemplate",
]


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
    "customInputPer1kTokens": "1,000 input tokens of the custom model, on demand",
    "customOutputPer1kTokens": "1,000 output tokens of the custom model, on demand",
    "judgeInputPer1kTokens": "1,000 input tokens of the judge model",
    "judgeOutputPer1kTokens": "1,000 output tokens of the judge model",
    "embeddingPer1kTokens": "1,000 input tokens of the embedding model",
}
_TOKEN_PRICES = ("trainingPer1kTokens", "inputPer1kTokens", "outputPer1kTokens")
_HOSTING_PRICES: Mapping[Hosting, Sequence[str]] = {
    "provisionedThroughput": ("throughputPerHour",),
    "onDemand": ("customInputPer1kTokens", "customOutputPer1kTokens"),
}


def unknown_prices(*hosting: Hosting) -> dict[str, Price]:
    """Of a model that is hosted so, and of which no price was published where we could read it."""
    return dict.fromkeys((*_TOKEN_PRICES, *(name for kind in hosting for name in _HOSTING_PRICES[kind])), UNKNOWN)


@dataclass(frozen=True)
class BaseModel:
    """A base model that Bedrock customizes.

    customization_id: for CreateModelCustomizationJob; inference_id: for answers of the base model, its own id or that
    of an inference profile.
    reserved: what may stand in no text of a record. hosting: how its custom models can be served.
    custom_model_per_month: what keeping a custom model costs.
    undocumented: what of this entry is an assumption; every run on the model says so.
    perplexity: whether the metrics files have that column.
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
    hosting: tuple[Hosting, ...]
    undocumented: tuple[Undocumented, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    custom_model_per_month: Price = Price(1.95, "public price lists, read 2026-11")
    # AWS user guide, "Analyze the results of a model customization job", read 2026-11: for all models.
    perplexity: bool = True
    default_hyper_parameters: Mapping[str, float] = field(default_factory=dict)

    @property
    def foundation_model(self) -> str:
        """The id without the context length that customization adds."""
        return self.customization_id.rpartition(":")[0]

    @property
    def default_hosting(self) -> Hosting:
        """On demand where there is that: nothing idle is paid for."""
        return "onDemand" if "onDemand" in self.hosting else "provisionedThroughput"


@dataclass(frozen=True)
class InferenceProfile:
    """A cross-region inference profile: it routes to the model in one of the regions."""

    id: str
    foundation_model: str
    regions: tuple[str, ...]


@dataclass(frozen=True)
class JudgeModel:
    """A model that we ask with tools: it scores answers, or makes questions and answers from documents.

    id: of its inference profile, which is what Converse takes.
    forced_tool_choice: whether it is documented that the model can be made to call one tool; others refuse that.
    """

    id: str
    prices: Mapping[str, Price]
    forced_tool_choice: bool = False


@dataclass(frozen=True)
class EmbeddingModel:
    """A model that says how alike two texts are in meaning. max_characters: of a text, the rest is left out."""

    id: str
    max_characters: int
    prices: Mapping[str, Price]
    regions: tuple[str, ...]


GB = 1024**3
