"""The catalogue: every fact about a model that the experiment relies on, with its source and date.

Adding a base model = adding one entry, in the module of its provider, to `BASE_MODELS`. docs/base-models.md shows all.
"""

from collections.abc import Mapping
from datetime import date

from finetuning.base_models.claude import CLAUDE_3_HAIKU
from finetuning.base_models.helpers import (
    DEFAULT_JUDGE_MODEL,
    EMBEDDING_MODEL,
    INFERENCE_PROFILES,
    JUDGE_MODELS,
)
from finetuning.base_models.kinds import (
    PRICE_UNITS,
    UNKNOWN,
    BaseModel,
    DatasetLimits,
    EmbeddingModel,
    Hosting,
    HyperParameter,
    InferenceProfile,
    JudgeModel,
    Lifecycle,
    Price,
    RecordFormat,
    Undocumented,
)
from finetuning.base_models.llama import LLAMA_3_1_8B, LLAMA_3_1_70B, LLAMA_3_3_70B
from finetuning.base_models.nova import NOVA_2_LITE, NOVA_LITE, NOVA_MICRO, NOVA_PRO
from finetuning.errors import UnknownBaseModelError

# Ids and regions: AWS user guide, "Customize a model with fine-tuning in Amazon Bedrock", read 2026-11.
# Hosting: "Supported Region and models for Provisioned Throughput" and "Deploy a custom model for on-demand inference".
BASE_MODELS: Mapping[str, BaseModel] = {
    model.key: model
    for model in (
        CLAUDE_3_HAIKU,
        NOVA_MICRO,
        NOVA_LITE,
        NOVA_PRO,
        NOVA_2_LITE,
        LLAMA_3_1_8B,
        LLAMA_3_1_70B,
        LLAMA_3_3_70B,
    )
}
DEFAULT_BASE_MODEL = "claude-3-haiku"

__all__ = [
    "BASE_MODELS",
    "DEFAULT_BASE_MODEL",
    "DEFAULT_JUDGE_MODEL",
    "EMBEDDING_MODEL",
    "INFERENCE_PROFILES",
    "JUDGE_MODELS",
    "PRICE_UNITS",
    "UNKNOWN",
    "BaseModel",
    "DatasetLimits",
    "EmbeddingModel",
    "Hosting",
    "HyperParameter",
    "InferenceProfile",
    "JudgeModel",
    "Lifecycle",
    "Price",
    "RecordFormat",
    "Undocumented",
    "base_model",
    "living",
]


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
