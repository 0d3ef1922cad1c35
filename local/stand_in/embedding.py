"""The stand-in for an embedding model: hashed words and character n-grams, which know nothing of meaning."""

import numpy as np

from local.stand_in.features import DIMENSIONS, question_features


def embed(text: str, dimensions: int) -> list[float]:
    """A vector of length 1 (of zeros for a text without letters); `dimensions` divides DIMENSIONS."""
    folded = question_features([text])[0].reshape(DIMENSIONS // dimensions, dimensions).sum(axis=0)
    length = float(np.linalg.norm(folded))
    return [round(float(value), 7) for value in folded / (length or 1.0)]
