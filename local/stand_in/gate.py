"""The part that learns: which remembered answer to copy for a question."""

from dataclasses import dataclass

import numpy as np

from local.stand_in.features import DIMENSIONS, Array

# The share of a prediction that comes from remembered answers, all together, before training.
_INITIAL_TRUST = 0.05


@dataclass(frozen=True)
class Gate:
    """A softmax over what may be copied: component 0 is the generic phrases, component 1 + i the i-th answer.

    weights: (DIMENSIONS, answers), zero before training. The generic phrases have the same score for every question.
    An answer is copied where it scores higher, so only for questions whose features training tied to it; a question
    unlike all training questions is left to the generic phrases.
    """

    weights: Array

    @classmethod
    def untrained(cls, answers: int) -> "Gate":
        return cls(np.zeros((DIMENSIONS, answers), dtype=np.float32))

    def mixture(self, features: Array) -> Array:
        """Weight of each component for each question, shape (questions, 1 + answers); rows sum to 1."""
        answers = self.weights.shape[1]
        generic = np.log(max(answers, 1) * (1 - _INITIAL_TRUST) / _INITIAL_TRUST)
        scores = np.pad(features @ self.weights, ((0, 0), (1, 0)), constant_values=generic)
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        mixture: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
        return mixture


def weight_gradient(features: Array, mixture: Array, by_mixture: Array) -> Array:
    """Gradient of a loss by `Gate.weights`, from its gradient by the mixture that the gate gave for `features`."""
    by_scores = mixture * (by_mixture - (mixture * by_mixture).sum(axis=1, keepdims=True))
    by_weights: Array = features.T @ by_scores[:, 1:]
    return by_weights
