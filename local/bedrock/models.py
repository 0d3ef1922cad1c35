"""What the local Bedrock needs of the models that stand in for the real ones; the package `local.stand_in` is one."""

from collections.abc import Collection, Sequence
from typing import Protocol

from local.stand_in import EpochMetric, HyperParameters, StepMetric, TrainingRecord


class LanguageModel(Protocol):
    """What answers in place of a foundation model or a custom model."""

    def answer(self, question: str, *, max_tokens: int, temperature: float, seed: int) -> str: ...


class Learnt(Protocol):
    """What training gives."""

    @property
    def model(self) -> LanguageModel: ...
    @property
    def steps(self) -> Sequence[StepMetric]: ...
    @property
    def epochs(self) -> Sequence[EpochMetric]: ...


class Models(Protocol):
    def untrained(self) -> LanguageModel: ...

    def train(
        self,
        training: Sequence[TrainingRecord],
        validation: Sequence[TrainingRecord],
        hyper_parameters: HyperParameters,
        seed: int,
        /,
    ) -> Learnt: ...

    def judge(self, question: str, reference: str, answer: str, /) -> tuple[int, int, str]:
        """A score from 1 to 10, the number of claims that the reference contradicts, and the reason."""
        ...

    def supports(self, question: str, passage: str, answer: str, /) -> tuple[bool, str]:
        """Whether the passage supports the answer, and the reason."""
        ...

    def write_pairs(
        self, text: str, language: str, number: int, asked: Collection[str], /
    ) -> list[tuple[str, str, str]]:
        """At most so many questions about the text that are not in `asked`: (question, answer, passage)."""
        ...

    def embed(self, text: str, dimensions: int, /) -> list[float]: ...
