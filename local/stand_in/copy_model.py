"""An n-gram model of several texts at once, each of which continues a history as it did itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local.stand_in.features import Array, Matrix
from local.stand_in.tokens import BEGIN, END, TokenIds

# How many preceding tokens are compared, and the share of the prediction that each comparison decides. With none a text
# just repeats its own words; with the most it is told word by word, also in Japanese, where a token is one character.
_CONTEXTS = {0: 0.1, 1: 0.1, 2: 0.2, 4: 0.3, 8: 0.3}
_LONGEST = max(_CONTEXTS)


@dataclass(frozen=True)
class NextToken:
    """What comes next: for every position of every text, the share of its text's prediction."""

    shares: Matrix
    tokens: TokenIds
    text_of: NDArray[np.intp]

    def mixed(self, weights: Array) -> NDArray[np.float64]:
        """Probability of each token id by the texts together, mixed with `weights`, shape (texts,)."""
        return np.bincount(self.tokens, weights=self.shares * weights[self.text_of]).astype(np.float64)

    def of(self, token: int) -> NDArray[np.float64]:
        """Probability of `token` by each text, shape (texts,)."""
        return np.bincount(self.text_of, weights=self.shares * (self.tokens == token)).astype(np.float64)


class CopyModel:
    """Probabilities of the next token, by each of the texts on its own.

    A context that a text doesn't hold falls back to the next shorter one, so a text's probabilities always sum to 1.
    """

    def __init__(self, texts: Sequence[TokenIds]) -> None:
        framed = [_framed(text) for text in texts]
        lengths = [len(text) for text in framed]
        self._tokens = np.concatenate(framed)
        self._starts = np.cumsum([0, *lengths[:-1]])
        self._text_of = np.repeat(np.arange(len(texts)), lengths)

    def likelihoods(self, answer: TokenIds) -> Matrix:
        """Probability of each token of `answer` and of its end, by each text; shape (tokens + 1, texts)."""
        framed = _framed(answer)
        histories = np.lib.stride_tricks.sliding_window_view(framed[:-1], _LONGEST)
        hits = self._tokens == framed[_LONGEST:, None]
        return np.add.reduceat(self._shares(histories) * hits, self._starts, axis=1)

    def next_token(self, written: Sequence[int]) -> "NextToken":
        """The predictions after the token ids `written`."""
        history = np.array([*[BEGIN] * _LONGEST, *written][-_LONGEST:])
        return NextToken(self._shares(history[None])[0], self._tokens, self._text_of)

    def _shares(self, histories: NDArray[np.intp]) -> Matrix:
        """How each text shares its prediction among its positions; shape (histories, positions of all texts)."""
        held = np.broadcast_to(self._tokens != BEGIN, (len(histories), len(self._tokens)))
        shares = np.zeros(held.shape, dtype=np.float32)
        prediction = shares
        compared = 0
        for context, weight in _CONTEXTS.items():
            for back in range(compared + 1, context + 1):
                held = held & (np.roll(self._tokens, back) == histories[:, -back, None])
            compared = context
            found = np.add.reduceat(held, self._starts, axis=1, dtype=np.float32)[:, self._text_of]
            prediction = np.where(found > 0, held / np.maximum(found, 1), prediction)
            shares = shares + np.float32(weight) * prediction
        return shares


def _framed(text: TokenIds) -> TokenIds:
    """With enough beginning that every token has a full history, and its end."""
    return np.concatenate((np.full(_LONGEST, BEGIN), text, [END]))
