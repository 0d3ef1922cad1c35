"""How alike two texts are in meaning: the cosine of their embeddings, by a model on Bedrock."""

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from finetuning.base_models import EMBEDDING_MODEL

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient


@dataclass(frozen=True)
class Similarity:
    """From 0 (nothing in common) to 1 (the same meaning); None where the embedding model could not be asked."""

    value: float | None
    input_tokens: int = 0


class Embeddings:
    """problem: why the embedding model is asked no more; None while it answers.

    It is one metric among several, so what goes wrong with it, after boto3's own attempts, costs only that metric.
    """

    def __init__(self, client: "BedrockRuntimeClient") -> None:
        self._client = client
        self.problem: str | None = None

    def similarity(self, answer: str, reference_answer: str) -> Similarity:
        if self.problem is not None:
            return Similarity(None)
        if not answer.strip():
            # The model takes no empty text, and an empty answer has nothing in common with any.
            return Similarity(0.0)
        try:
            (one, tokens), (other, more_tokens) = self._embed(answer), self._embed(reference_answer)
        except (ClientError, BotoCoreError, ValueError, KeyError) as error:
            # The last two: what it answered is no embedding.
            self.problem = f"{type(error).__name__}: {error}"
            return Similarity(None)
        return Similarity(_cosine(one, other), tokens + more_tokens)

    def _embed(self, text: str) -> tuple[list[float], int]:
        """The embedding, and how many tokens it took.

        https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, read 2026-11.
        """
        body = {"inputText": text[: EMBEDDING_MODEL.max_characters], "normalize": True}
        response = self._client.invoke_model(modelId=EMBEDDING_MODEL.id, body=json.dumps(body))
        document: dict[str, Any] = json.loads(response["body"].read())
        return document["embedding"], document["inputTextTokenCount"]


def _cosine(one: list[float], other: list[float]) -> float:
    """Texts that point away from each other have no less in common than none: 0."""
    lengths = math.hypot(*one) * math.hypot(*other)
    cosine = sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else 0.0
    return min(1.0, max(0.0, cosine))
