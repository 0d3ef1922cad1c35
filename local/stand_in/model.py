"""The stand-in for a language model: a gate over texts, and an n-gram model that copies from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from local.stand_in.copy_model import CopyModel
from local.stand_in.features import Array, Matrix, feature_importance, question_features
from local.stand_in.gate import Gate
from local.stand_in.generic import GENERIC_PHRASES
from local.stand_in.tokens import END, TokenIds, Vocabulary

# How sharply a question picks the generic phrases that fit its kind.
_GENERIC_SHARPNESS = 30.0
# A bound on memory and time: of a longer answer, only its beginning is remembered.
_MAX_TOKENS = 256
# A token this much less likely than the likeliest is never drawn, so that drawn text stays readable.
_DRAWN_FROM = 0.05


@dataclass(frozen=True)
class Memory:
    """What there is to copy from: the generic phrases and, for a custom model, the answers of its training data.

    importance: (DIMENSIONS,), how much each feature of a question counts for the gate.
    """

    answers: tuple[str, ...]
    importance: Matrix

    @classmethod
    def of(cls, questions: Sequence[str], answers: Sequence[str]) -> "Memory":
        return cls(tuple(answers), feature_importance(questions))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary.of(self._texts)

    @cached_property
    def texts(self) -> CopyModel:
        """Of the generic phrases first, then of the answers."""
        return CopyModel([self._encoded(text) for text in self._texts])

    @property
    def _texts(self) -> list[str]:
        return [*(phrase for _, phrase in GENERIC_PHRASES), *self.answers]

    def features(self, questions: Sequence[str]) -> Matrix:
        return question_features(questions, self.importance)

    def likelihoods(self, question: str, answer: str) -> Matrix:
        """Probability of the tokens of `answer` by each component of the gate, shape (tokens, 1 + answers)."""
        by_text = self.texts.likelihoods(self._encoded(answer))
        generic = by_text[:, : len(GENERIC_PHRASES)] @ _generic_mixture(question)
        return np.column_stack((generic, by_text[:, len(GENERIC_PHRASES) :]))

    def _encoded(self, text: str) -> TokenIds:
        return self.vocabulary.encode(text)[:_MAX_TOKENS]


@dataclass(frozen=True)
class StandIn:
    """Answers in place of a language model: a base model as `untrained` gives it, a custom model as `train` does."""

    memory: Memory
    gate: Gate

    def answer(self, question: str, *, max_tokens: int, temperature: float, seed: int) -> str:
        """Write an answer of at most `max_tokens` tokens: English words, Japanese characters, punctuation.

        temperature 0 takes the likeliest token every time; above 0, tokens are drawn by `seed`.
        """
        belief = self._text_weights(question)
        random = np.random.default_rng(seed)
        written: list[int] = []
        while len(written) < max_tokens:
            following = self.memory.texts.next_token(written)
            token = _choose(following.mixed(belief), temperature, random)
            if token == END:
                break
            written.append(token)
            # Bayes' rule: what is written tells which text is being copied, so the answer stays with it.
            belief = belief * following.of(token, len(belief))
            belief /= belief.sum()
        return self.memory.vocabulary.decode(written).strip()

    def _text_weights(self, question: str) -> Array:
        generic, *answers = self.gate.mixture(self.memory.features([question]))[0]
        return np.concatenate((generic * _generic_mixture(question), answers))


@cache
def untrained() -> StandIn:
    """The base model: nothing to copy from but generic phrases."""
    return StandIn(Memory.of([], []), Gate.untrained(0))


@cache
def _generic_features() -> Matrix:
    return question_features([kind for kind, _ in GENERIC_PHRASES])


def _generic_mixture(question: str) -> Matrix:
    """Weight of each generic phrase, shape (phrases,); by likeness, since no training is involved."""
    exponentials = np.exp(_GENERIC_SHARPNESS * (_generic_features() @ question_features([question])[0]))
    mixture: Matrix = exponentials / exponentials.sum()
    return mixture


def _choose(probabilities: NDArray[np.float64], temperature: float, random: np.random.Generator) -> int:
    if temperature == 0:
        return int(probabilities.argmax())
    relative = probabilities / probabilities.max()
    scores = np.where(relative < _DRAWN_FROM, 0, relative ** (1 / temperature))
    return int(random.choice(len(scores), p=scores / scores.sum()))
