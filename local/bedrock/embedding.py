"""Titan Text Embeddings V2 with InvokeModel: its request, checked, and its response.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html, read 2026-11.
"""

import json
from dataclasses import dataclass

from finetuning.tokens import estimate_tokens

from local.bedrock.errors import NotEmulatedError, validation_error

MAX_TOKENS = 8_192
MAX_CHARACTERS = 50_000
DIMENSIONS = (1024, 512, 256)
_KNOWN = {"inputText", "normalize", "dimensions", "embeddingTypes"}


@dataclass(frozen=True)
class EmbeddingRequest:
    text: str
    dimensions: int

    @property
    def tokens(self) -> int:
        return estimate_tokens(self.text)


def read_request(body: bytes) -> EmbeddingRequest:
    """Raises ValidationException for a body that Titan refuses."""
    try:
        given = json.loads(body)
    except ValueError as error:
        raise validation_error("Malformed input request, please reformat your input and try again.") from error
    if not isinstance(given, dict) or given.keys() - _KNOWN:
        raise validation_error(f"Malformed input request: only {', '.join(sorted(_KNOWN))} are permitted.")
    text = given.get("inputText")
    if not isinstance(text, str) or not text:
        raise validation_error("Malformed input request: inputText: expected minLength: 1")
    request = EmbeddingRequest(text, given.get("dimensions", DIMENSIONS[0]))
    if request.dimensions not in DIMENSIONS:
        raise validation_error(f"Malformed input request: dimensions: {request.dimensions!r} is not a valid enum value")
    if len(request.text) > MAX_CHARACTERS or request.tokens > MAX_TOKENS:
        raise validation_error(f"Too many input tokens. Max input tokens: {MAX_TOKENS}.")
    if given.get("normalize", True) is not True or given.get("embeddingTypes", ["float"]) != ["float"]:
        raise NotEmulatedError("Titan with embeddings that are not normalized floats")
    return request


def response(request: EmbeddingRequest, embedding: list[float]) -> bytes:
    document = {
        "embedding": embedding,
        "inputTextTokenCount": request.tokens,
        "embeddingsByType": {"float": embedding},
    }
    return json.dumps(document).encode()
