"""An n-gram model of several texts at once, each of which continues a history as it did itself."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from local.stand_in.features import Array, Matrix
from local.stand_in.tokens import BEGIN, END, TokenIds

# How many preceding tokens are compared, and the share of the prediction that each comparison decides. With none a text
# just repeats its own words; with the most it is told word by word, also in Japanese, where a token is one character.
_CONTEXTS = {0: 0.1, 1: 0.1, 2: 0.2, 4: 0.3, 8: 0.3}
_LONGEST = max(_CONTEXTS)
_BEFORE_ANY = (BEGIN,) * _LONGEST

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class NextToken:
    """Predictions of the next token: candidate tokens, each with its text and its share of that text's prediction."""

    tokens: TokenIds
    texts: NDArray[np.intp]
    shares: Array

    def mixed(self, weights: Array) -> NDArray[np.float64]:
        """Probability of each token id by the texts together, mixed with `weights`, shape (texts,)."""
        return np.bincount(self.tokens, self.shares * weights[self.texts]).astype(np.float64)

    def of(self, token: int, texts: int) -> NDArray[np.float64]:
        """Probability of `token` by each of the `texts`, shape (texts,)."""
        return np.bincount(self.texts, self.shares * (self.tokens == token), minlength=texts).astype(np.float64)


class CopyModel:
    """Predicts the next token by each text on its own.

    A context that a text doesn't hold falls back to the next shorter one, so a text's probabilities always sum to 1.
    """

    def __init__(self, texts: Sequence[TokenIds]) -> None:
        tokens: list[int] = []
        following = defaultdict(list)
        for text in texts:
            history = _BEFORE_ANY
            for token in (*text.tolist(), END):
                for length in _CONTEXTS:
                    following[_last(history, length)].append(len(tokens))
                tokens.append(token)
                history = (*history[1:], token)
        self.size = len(texts)
        self._tokens = np.array(tokens, dtype=np.intp)
        self._text_of = np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])
        self._following = {context: np.array(positions) for context, positions in following.items()}

    def likelihoods(self, answer: TokenIds) -> Matrix:
        """Probability of each token of `answer` and of its end, by each text; shape (tokens + 1, texts)."""
        rows = np.zeros((len(answer) + 1, self.size), dtype=np.float32)
        history = _BEFORE_ANY
        for row, token in zip(rows, (*answer.tolist(), END), strict=True):
            for positions, share in self._predictions(history):
                texts = self._text_of[positions[self._tokens[positions] == token]]
                row += np.bincount(texts, minlength=self.size) * share
            history = (*history[1:], token)
        return rows

    def next_token(self, written: Sequence[int]) -> NextToken:
        """The predictions after the token ids `written`."""
        predictions = list(self._predictions(_last((*_BEFORE_ANY, *written), _LONGEST)))
        positions = np.concatenate([positions for positions, _ in predictions])
        shares = np.concatenate([share[self._text_of[positions]] for positions, share in predictions])
        return NextToken(self._tokens[positions], self._text_of[positions], shares)

    def _predictions(self, history: tuple[int, ...]) -> Iterator[tuple[Positions, Array]]:
        """For each context, the positions that follow it and what each of them gets of its text's prediction."""
        contexts = [_last(history, length) for length in _CONTEXTS]
        found = [self._following[context] for context in contexts if context in self._following]
        counts = [np.bincount(self._text_of[positions], minlength=self.size) for positions in found]
        undecided = 1.0
        for positions, count, longer, weight in zip(
            found, counts, [*counts[1:], np.zeros(self.size)], _CONTEXTS.values(), strict=False
        ):
            undecided -= weight
            # A text without the longer context leaves to this one what the longer ones would decide.
            yield positions, (weight + undecided * (longer == 0)) / np.maximum(count, 1)


def _last(history: tuple[int, ...], length: int) -> tuple[int, ...]:
    return history[len(history) - length :]
