"""What to try next: few proposals, each fitting how the run ended."""

from collections.abc import Sequence
from typing import Any

import pytest
from finetuning.base_models import BASE_MODELS, base_model
from finetuning.next_steps import MOST, next_steps, weak_topics
from finetuning.run_config import RunConfig, configure
from finetuning.verdict import Verdict

RESUME = {"resumeFrom": "first-run"}
SHIPPED = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}


def configured(model: str = "claude-3-haiku", **execution_input: object) -> RunConfig:
    started_at = "2026-02-01T09:00:00+00:00"

    def find_run(run: str) -> RunConfig | None:
        return configure({}, base_model(model), SHIPPED, "data", started_at) if run == "first-run" else None

    return configure(execution_input, base_model(model), SHIPPED, "data", started_at, find_run)


def training(
    epochs: int, best: int | None = None, *, learned: bool = True, stopped_early: bool = False
) -> dict[str, Any]:
    return {"epochs": epochs, "bestEpoch": best or epochs, "learned": learned, "stoppedEarly": stopped_early}


def question(topic: str, correctness: int | None) -> dict[str, Any]:
    return {"topic": topic, "custom": {"correctness": correctness}}


def steps(
    verdict: Verdict,
    *,
    model: str = "claude-3-haiku",
    run: RunConfig | None = None,
    training: dict[str, Any] | None = None,
    questions: Sequence[dict[str, Any]] = (),
    estimated_usd: float | None = 132.04,
    resume: dict[str, Any] | None = None,
    unanswered: int = 0,
) -> list[dict[str, Any]]:
    run = run or configured(model)
    return next_steps(verdict, base_model(model), run, training, questions, estimated_usd, resume, unanswered)


def test_over_budget_proposes_a_limit_that_is_enough() -> None:
    (step,) = steps(Verdict.OVER_BUDGET)

    assert step["input"] == {"maxSpendUsd": 133}


def test_over_budget_after_training_proposes_to_go_on_with_a_limit_that_is_enough() -> None:
    (step,) = steps(Verdict.OVER_BUDGET, resume=RESUME)

    assert step["input"] == {"resumeFrom": "first-run", "maxSpendUsd": 133}


def test_a_failure_proposes_to_go_on_from_what_there_is() -> None:
    (step,) = steps(Verdict.FAILED, resume=RESUME)

    assert step["input"] == RESUME


def test_a_failure_that_left_nothing_proposes_nothing() -> None:
    assert steps(Verdict.FAILED) == []


def test_a_refused_input_proposes_nothing() -> None:
    assert next_steps(Verdict.FAILED, base_model("claude-3-haiku"), None, None, [], None, None) == []


@pytest.mark.parametrize("verdict", [Verdict.IMPROVED, Verdict.INCONCLUSIVE])
def test_questions_that_time_did_not_suffice_for_are_asked_by_going_on(verdict: Verdict) -> None:
    step, *_ = steps(verdict, resume=RESUME, unanswered=12)

    assert "the 12 questions" in step["text"]
    assert step["input"] == RESUME


def test_no_headroom_proposes_other_questions() -> None:
    (step,) = steps(Verdict.NO_HEADROOM)

    assert step["input"] is None
    assert "does not know" in step["text"]


@pytest.mark.parametrize(
    ("model", "epochs", "trained", "text", "execution_input"),
    [
        ("claude-3-haiku", 2, training(2), "Train for 4 epochs", {"hyperParameters": {"epochCount": 4}}),
        ("claude-3-haiku", 2, training(2, learned=False), "Train for 4 epochs", {"hyperParameters": {"epochCount": 4}}),
        ("claude-3-haiku", 8, training(8), "Train for 10 epochs", {"hyperParameters": {"epochCount": 10}}),
        ("nova-micro", 4, training(4), "Train for 5 epochs", {"hyperParameters": {"epochCount": 5}}),
        ("claude-3-haiku", 10, training(10), "Every epoch that the model allows was used", None),
        (
            "claude-3-haiku",
            10,
            training(3, 1, learned=False, stopped_early=True),
            "Raise the learning rate, or add training records",
            None,
        ),
    ],
)
def test_training_that_ended_too_soon_proposes_more_of_it(
    model: str, epochs: int, trained: dict[str, Any], text: str, execution_input: object
) -> None:
    run = configured(model, hyperParameters={"epochCount": epochs})

    (step,) = steps(Verdict.DID_NOT_LEARN, model=model, run=run, training=trained)

    assert step["text"].startswith(text)
    assert step["input"] == execution_input


@pytest.mark.parametrize("trained", [training(10, 6), training(7, 5, stopped_early=True)])
def test_training_that_went_past_its_best_needs_no_more_epochs(trained: dict[str, Any]) -> None:
    assert steps(Verdict.IMPROVED, training=trained) == []


def test_weak_topics_are_named_the_weakest_first() -> None:
    questions = [
        question("agents", 4),
        question("agents", 3),
        question("pricing", 9),
        question("quotas", 2),
        question("unscored", None),
        {"topic": "unanswered", "custom": None},
    ]

    assert weak_topics(questions) == [("quotas", 2), ("agents", 3.5)]
    assert [step["text"] for step in steps(Verdict.IMPROVED, questions=questions)] == [
        "Add training records on the topic 'quotas': its answers score 2.0 of 10 on average.",
        "Add training records on the topic 'agents': its answers score 3.5 of 10 on average.",
    ]


def test_an_inconclusive_run_proposes_more_questions() -> None:
    many_weak_topics = [question(f"topic {number}", 1) for number in range(20)]

    assert "Add evaluation questions" in steps(Verdict.INCONCLUSIVE, questions=many_weak_topics)[0]["text"]


@pytest.mark.parametrize("model", BASE_MODELS)
@pytest.mark.parametrize("verdict", Verdict)
def test_there_are_never_more_than_a_few_and_each_input_is_accepted(verdict: Verdict, model: str) -> None:
    run = configured(model, hyperParameters={"epochCount": 1})
    questions = [question(f"topic {number}", 1) for number in range(20)]

    proposals = steps(
        verdict, model=model, run=run, training=training(1), questions=questions, resume=RESUME, unanswered=1
    )

    assert len(proposals) <= MOST
    for step in proposals:
        configured(model, **(step["input"] or {}))
