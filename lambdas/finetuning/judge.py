"""The judge: a model that scores an answer from 1 to 10 against a reference answer, as rubric.py tells it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finetuning.rubric import HIGHEST, LOWEST, RUBRIC, TOOL, TOOL_CONFIG, prompt
from finetuning.tool_use import tool_input

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient

# For one score, where the judge gives none that can be used.
ATTEMPTS = 2
MAX_TOKENS = 500


@dataclass(frozen=True)
class Grade:
    """What the judge recorded once. contradictions: claims of the answer that the reference answer contradicts."""

    score: int
    contradictions: int
    reason: str


@dataclass(frozen=True)
class Judgement:
    """Every grade that the judge gave an answer; none where it gave none that can be used.

    reason: the first grade's; without one, what the judge did instead.
    """

    grades: Sequence[Grade]
    reason: str
    input_tokens: int
    output_tokens: int

    @property
    def scores(self) -> list[int]:
        return [grade.score for grade in self.grades]

    @property
    def score(self) -> float | None:
        """The mean of the scores."""
        return sum(self.scores) / len(self.grades) if self.grades else None

    @property
    def spread(self) -> int | None:
        """How far the highest score is above the lowest; None for less than two."""
        return max(self.scores) - min(self.scores) if len(self.grades) > 1 else None

    @property
    def contradictions(self) -> float | None:
        """Their mean number."""
        return sum(grade.contradictions for grade in self.grades) / len(self.grades) if self.grades else None


def judge(
    client: "BedrockRuntimeClient", model_id: str, question: str, reference_answer: str, answer: str, repeats: int = 1
) -> Judgement:
    """Ask for `repeats` grades, for each up to ATTEMPTS times until there is one that can be used.

    Raises botocore's ClientError for what is not about this answer.
    """
    grades, problems = [], []
    input_tokens = output_tokens = 0
    message: Any = {"role": "user", "content": [{"text": prompt(question, reference_answer, answer)}]}
    for _ in range(repeats):
        for _ in range(ATTEMPTS):
            # No forced tool choice and no temperature: some models refuse either.
            try:
                response: Any = client.converse(
                    modelId=model_id,
                    system=[{"text": RUBRIC}],
                    messages=[message],
                    inferenceConfig={"maxTokens": MAX_TOKENS},
                    toolConfig=TOOL_CONFIG,
                )
            except (client.exceptions.ValidationException, client.exceptions.ModelErrorException) as error:
                # Those are about this one answer; every other error would meet the next one too.
                problems.append(f"the judge refused the answer: {error}")
                continue
            input_tokens += response["usage"]["inputTokens"]
            output_tokens += response["usage"]["outputTokens"]
            grade = read_grade(response)
            if isinstance(grade, Grade):
                grades.append(grade)
                break
            problems.append(grade)
    reason = grades[0].reason if grades else problems[-1]
    return Judgement(grades, reason, input_tokens, output_tokens)


def read_grade(response: Mapping[str, Any]) -> Grade | str:
    """The grade in a Converse response; what is wrong with it where it cannot be used."""
    given = tool_input(response, TOOL)
    if isinstance(given, str):
        return f"the judge {given}"
    score: Any = given.get("score")
    contradictions: Any = given.get("contradictions")
    reason = given.get("reason")
    if not _is_whole(score):
        return f"the judge's score is no whole number: {score!r}"
    if not LOWEST <= score <= HIGHEST:
        return f"the judge's score is not from {LOWEST} to {HIGHEST}: {score!r}"
    if not _is_whole(contradictions) or contradictions < 0:
        return f"the judge's number of contradictions is no whole number from 0: {contradictions!r}"
    return Grade(int(score), int(contradictions), reason if isinstance(reason, str) else "")


def _is_whole(value: Any) -> bool:  # noqa: ANN401 - whatever a model answers
    return isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
