"""The loss that training lowers: negative log-likelihood of the answers, in nats per token."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local.stand_in.features import Array
from local.stand_in.gate import Gate, weight_gradient
from local.stand_in.model import Memory

# The share of a prediction that is spread evenly over the vocabulary, so that no token is impossible.
_SMOOTHING = 0.02


@dataclass(frozen=True)
class Examples:
    """Questions and answers as the loss needs them.

    features: (examples, DIMENSIONS), of the questions. likelihoods: for each answer, the probability of its tokens by
    each component of the gate, (tokens, components). vocabulary: how many different tokens there are.
    """

    features: Array
    likelihoods: tuple[Array, ...]
    vocabulary: int

    @classmethod
    def of(cls, memory: Memory, pairs: Sequence[tuple[str, str]]) -> "Examples":
        likelihoods = tuple(memory.likelihoods(question, answer) for question, answer in pairs)
        return cls(memory.features([question for question, _ in pairs]), likelihoods, len(memory.vocabulary))

    def batch(self, indexes: Iterable[int]) -> "Examples":
        chosen = list(indexes)
        return Examples(self.features[chosen], tuple(self.likelihoods[index] for index in chosen), self.vocabulary)

    def masked(self, seen: NDArray[np.bool_]) -> "Examples":
        """With only the features where `seen` is true."""
        return Examples(self.features * seen, self.likelihoods, self.vocabulary)


def loss(gate: Gate, examples: Examples) -> float:
    return loss_and_gradient(gate, examples)[0]


def loss_and_gradient(gate: Gate, examples: Examples) -> tuple[float, Array]:
    """Mean negative log-likelihood per token, and its gradient by the gate's weights."""
    mixture = gate.mixture(examples.features)
    by_mixture = np.zeros_like(mixture)
    tokens = sum(len(likelihoods) for likelihoods in examples.likelihoods)
    total = 0.0
    for row, weights, likelihoods in zip(by_mixture, mixture, examples.likelihoods, strict=True):
        probabilities = (1 - _SMOOTHING) * (likelihoods @ weights) + _SMOOTHING / examples.vocabulary
        total -= float(np.log(probabilities).sum())
        row[:] = -(1 - _SMOOTHING) * (1 / probabilities) @ likelihoods / tokens
    return total / tokens, weight_gradient(examples.features, mixture, by_mixture)
