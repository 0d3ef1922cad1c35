"""docs/report.md says what the code does."""

from pathlib import Path

import pytest
from finetuning.calibration import LEAST_SEPARATION, LOWEST_REFERENCE, QUESTIONS
from finetuning.coverage import RELATED
from finetuning.coverage_findings import THIN, WEAK
from finetuning.diagnosis import FALLING, LEARNED_BY_HEART, OVERFITTING_RISE, RULES
from finetuning.headroom import PLANNED_SD
from finetuning.power import ALPHA
from finetuning.repetition import COPIED_ANSWER, DIFFERENT_ANSWERS, REWORDED_QUESTION, SAME_QUESTION
from finetuning.scoring import METRICS
from finetuning.similarity import LENGTH
from finetuning.statistics import FEWEST_FOR_INTERVAL, RESAMPLES
from finetuning.training_metrics import MINIMUM_DROP
from finetuning.verdict import MINIMUM_QUESTIONS, NEGLIGIBLE, Verdict

TEXT = Path("docs/report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", [*Verdict, *(rule.__name__ for rule in RULES), "thin_topic", "leaked", "contradictory"]
)
def test_every_verdict_and_finding_is_explained(name: str) -> None:
    assert f"`{name}`" in TEXT


@pytest.mark.parametrize("metric", [metric.name for metric in METRICS])
def test_every_metric_is_explained(metric: str) -> None:
    written = {"chrf": "chrF", "outputTokens": "output tokens"}.get(metric, metric)
    assert f"| {written} " in TEXT


@pytest.mark.parametrize(
    "said",
    [
        f"fewer than {MINIMUM_QUESTIONS} questions",
        f"and *p* ≤ {ALPHA} either way",
        f"max(|*d*|, {NEGLIGIBLE} \N{MINUS SIGN} |*d*|)",
        f"{NEGLIGIBLE} ≤ low and high ≤ {NEGLIGIBLE}",
        f"{RESAMPLES:,} times as many questions",
        f"fewer than {FEWEST_FOR_INTERVAL} values",
        f"*s* is then {PLANNED_SD:g} points",
        f"for up to {QUESTIONS} questions",
        f"have {LOWEST_REFERENCE:g} or more on average and the separation is {LEAST_SEPARATION:g} or more",
        f"lowest / first ≥ {MINIMUM_DROP:.0%}",
        f"by {LEARNED_BY_HEART:.0%} or more",
        f"more than {OVERFITTING_RISE:.0%} above the lowest",
        f"by more than {FALLING:.0%}",
        f"runs of {LENGTH} characters",
        f"from {RELATED} on",
        f"at most {THIN} training records",
        f"an answer below {WEAK:g}",
        f"similarity ≥ {SAME_QUESTION}",
        f"answers ≥ {COPIED_ANSWER}, questions ≥ {REWORDED_QUESTION}",
        f"less similar than {DIFFERENT_ANSWERS}",
    ],
)
def test_every_limit_is_the_codes(said: str) -> None:
    assert said in " ".join(TEXT.split())
