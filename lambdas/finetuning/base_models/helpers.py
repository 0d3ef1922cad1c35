"""What a run needs besides its base model: judges, an embedding model, inference profiles."""

from collections.abc import Mapping

from finetuning.base_models.kinds import UNKNOWN, EmbeddingModel, InferenceProfile, JudgeModel, Price

_US_REGIONS = ("us-east-1", "us-east-2", "us-west-2")
# AWS user guide, "Supported Regions and models for inference profiles" and "Regional availability", read 2026-11.
INFERENCE_PROFILES: Mapping[str, InferenceProfile] = {
    f"us.{model}": InferenceProfile(f"us.{model}", model, _US_REGIONS)
    for model in (
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        "amazon.nova-2-lite-v1:0",
        "meta.llama3-3-70b-instruct-v1:0",
    )
}

_JUDGE_PRICES: Mapping[str, Price] = {"judgeInputPer1kTokens": UNKNOWN, "judgeOutputPer1kTokens": UNKNOWN}
JUDGE_MODELS: Mapping[str, JudgeModel] = {
    judge.id: judge
    for judge in (
        JudgeModel(
            id="us.anthropic.claude-haiku-4-5-20251001-v1:0",
            prices=_JUDGE_PRICES,
        ),
        JudgeModel(
            id="us.amazon.nova-2-lite-v1:0",
            prices=_JUDGE_PRICES,
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
