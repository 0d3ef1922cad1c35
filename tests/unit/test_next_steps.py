"""What to try next: few proposals, each fitting how the run ended, each ready to paste."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from finetuning.base_models import BASE_MODELS, DEFAULT_JUDGE_MODEL, base_model
from finetuning.next_steps import MOST, next_steps, weak_topics
from finetuning.outcome import Outcome
from finetuning.run_config import RunConfig, configure
from finetuning.texts import LANGUAGES, Language, texts
from finetuning.verdict import Verdict

RESUME = {"resumeFrom": "first-run"}
CUSTOM_MODEL = (
    "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdef123456"
)
SHIPPED = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
NEXT = {"dataset": "bedrock-faq-2"}
NEXT_ANSWERED = {"dataset": "bedrock-faq-2", "customModelArn": CUSTOM_MODEL}


def configured(model: str = "claude-3-haiku", **execution_input: object) -> RunConfig:
    started_at = "2026-02-01T09:00:00+00:00"

    def find_run(run: str) -> RunConfig | None:
        return configure({}, base_model(model), SHIPPED, "data", started_at) if run == "first-run" else None

    return configure(execution_input, base_model(model), SHIPPED, "data", started_at, find_run)


def finding(code: str, **evidence: object) -> dict[str, Any]:
    return {"code": code, "text": f"It is {code}.", "evidence": evidence}


def trained(*findings: Mapping[str, Any], stopped_early: bool = False) -> dict[str, Any]:
    return {"findings": list(findings), "stoppedEarly": stopped_early}


def covered(*findings: Mapping[str, Any]) -> dict[str, Any]:
    return {"findings": list(findings)}


def question(topic: str, correctness: float | None) -> dict[str, Any]:
    return {"topic": topic, "custom": {"correctness": correctness}}


def steps(
    verdict: Verdict,
    *,
    model: str = "claude-3-haiku",
    run: RunConfig | None = None,
    resume: Mapping[str, Any] | None = None,
    custom_model_arn: str | None = None,
    language: Language = "en",
    **result: object,
) -> list[dict[str, Any]]:
    return next_steps(
        Outcome(
            verdict=verdict,
            model=base_model(model),
            run=run or configured(model),
            result={"headline": "The headline.", **result},
            too_much_usd=132.04,
            resume=resume,
            custom_model_arn=custom_model_arn,
            say=texts(language),
        )
    )


def test_over_budget_proposes_a_limit_that_is_enough() -> None:
    (step,) = steps(Verdict.OVER_BUDGET)

    assert step["input"] == {"maxSpendUsd": 133}
    assert step["why"] == "The run would cost $132.04; maxSpendUsd is $200.00."


def test_no_limit_is_proposed_where_the_price_of_the_throughput_is_unknown() -> None:
    assert steps(Verdict.OVER_BUDGET, cost={"unknownPrices": ["throughputPerHour"]}) == []


def test_over_budget_after_training_proposes_to_go_on_with_a_limit_that_is_enough() -> None:
    (step,) = steps(Verdict.OVER_BUDGET, resume=RESUME)

    assert step["input"] == {"resumeFrom": "first-run", "maxSpendUsd": 133}


def test_a_failure_proposes_to_go_on_from_what_there_is() -> None:
    (step,) = steps(Verdict.FAILED, resume=RESUME)

    assert step["input"] == RESUME


def test_a_failure_that_left_nothing_proposes_nothing() -> None:
    assert steps(Verdict.FAILED) == []


def test_a_model_that_did_not_learn_can_be_evaluated_all_the_same() -> None:
    *_, last = steps(Verdict.DID_NOT_LEARN, custom_model_arn=CUSTOM_MODEL)

    assert last["input"] == {"customModelArn": CUSTOM_MODEL}


def test_a_judge_that_cannot_judge_is_replaced_first() -> None:
    failure = {"error": "JudgeUnusableError", "message": "It scored nothing."}

    step, *_ = steps(Verdict.FAILED, resume=RESUME, failure=failure)
    (anew,) = steps(Verdict.FAILED, failure=failure)

    assert step["input"]["resumeFrom"] == "first-run"
    assert step["input"]["judgeModel"] not in (DEFAULT_JUDGE_MODEL, None)
    assert step["why"].startswith(f"The scores of {DEFAULT_JUDGE_MODEL} would mean nothing")
    assert anew["input"].keys() == {"judgeModel"}


def test_answers_without_a_score_are_judged_by_another_model() -> None:
    (step,) = steps(Verdict.NO_VISIBLE_EFFECT, resume=RESUME, unscored={"base": 1, "custom": 2})

    assert "no score that can be used to 3 answers" in step["why"]
    assert step["input"].keys() == {"resumeFrom", "judgeModel"}


@pytest.mark.parametrize("verdict", [Verdict.IMPROVED, Verdict.INCONCLUSIVE])
def test_questions_that_time_did_not_suffice_for_are_asked_by_going_on(verdict: Verdict) -> None:
    step, *_ = steps(verdict, resume=RESUME, unanswered={"base": 0, "custom": 12})

    assert "the 12 questions" in step["text"]
    assert step["input"] == RESUME


def test_no_headroom_proposes_other_questions() -> None:
    (step,) = steps(Verdict.NO_HEADROOM)

    assert "does not know" in step["text"]
    assert (step["why"], step["input"]) == ("The headline.", NEXT)


def test_an_inconclusive_run_proposes_as_many_questions_as_it_takes_and_trains_nothing_again() -> None:
    power = {"neededQuestions": 31, "text": "About 31 questions would be needed."}

    step, *_ = steps(Verdict.INCONCLUSIVE, power=power, custom_model_arn=CUSTOM_MODEL)

    assert "at least 31 evaluation questions" in step["text"]
    assert (step["why"], step["input"]) == (power["text"], NEXT_ANSWERED)


STILL = finding("still_learning")
BARELY = finding("barely_moved")


@pytest.mark.parametrize(
    ("model", "given", "training", "expected"),
    [
        ("claude-3-haiku", {"epochCount": 2}, trained(STILL), {"epochCount": 4}),
        ("claude-3-haiku", {"epochCount": 2}, trained(BARELY), {"epochCount": 4}),
        ("claude-3-haiku", {"epochCount": 8}, trained(STILL), {"epochCount": 10}),
        ("nova-micro", {"epochCount": 4}, trained(STILL), {"epochCount": 5}),
        # Where there are no more epochs, or early stopping would end them, the learning rate is raised.
        ("claude-3-haiku", {}, trained(STILL), {"learningRateMultiplier": 2}),
        ("claude-3-haiku", {}, trained(BARELY, stopped_early=True), {"learningRateMultiplier": 2}),
        ("nova-micro", {}, trained(BARELY), {"learningRate": 2e-5}),
        ("claude-3-haiku", {}, trained(finding("stopped_too_soon")), {"earlyStoppingThreshold": 0.0001}),
        ("claude-3-haiku", {}, trained(finding("overfitting", bestEpoch=3)), {"epochCount": 3}),
        ("claude-3-haiku", {}, trained(finding("overfitting", bestEpoch=1)), {"learningRateMultiplier": 0.5}),
        ("claude-3-haiku", {}, trained(finding("unstable")), {"learningRateMultiplier": 0.5}),
    ],
)
def test_what_training_showed_decides_which_hyperparameter_changes(
    model: str, given: dict[str, Any], training: dict[str, Any], expected: dict[str, Any]
) -> None:
    run = configured(model, hyperParameters=given)

    (step,) = steps(Verdict.DID_NOT_LEARN, model=model, run=run, training=training)

    assert step["input"] == {"hyperParameters": {**given, **expected}}
    assert step["why"] == training["findings"][0]["text"]
    (value,) = expected.values()
    assert f"{value:g}" in step["text"]


def test_no_hyperparameter_is_changed_twice() -> None:
    training = trained(finding("unstable"), finding("overfitting", bestEpoch=1), finding("not_validated"))
    twice = trained(BARELY, STILL)
    run = configured(hyperParameters={"learningRateMultiplier": 2})

    assert [step["input"] for step in steps(Verdict.WORSE, training=training)] == [
        {"hyperParameters": {"learningRateMultiplier": 0.5}}
    ]
    # Nothing is left to raise: more records, once.
    assert [step["input"] for step in steps(Verdict.DID_NOT_LEARN, run=run, training=twice)] == [
        {**NEXT, "hyperParameters": {"learningRateMultiplier": 2}}
    ]


def test_a_model_that_takes_no_early_stopping_gets_no_step_about_it() -> None:
    assert steps(Verdict.WORSE, model="nova-micro", training=trained(finding("stopped_too_soon"))) == []


@pytest.mark.parametrize(("verdict", "count"), [(Verdict.NO_VISIBLE_EFFECT, 1), (Verdict.IMPROVED, 0)])
def test_training_that_has_given_what_it_can_asks_for_records_where_that_did_not_suffice(
    verdict: Verdict, count: int
) -> None:
    found = steps(verdict, training=trained(finding("saturated")))

    assert [step["input"] for step in found] == [NEXT] * count


@pytest.mark.parametrize(("mean", "count"), [(9.0, 1), (9.1, 0)])
def test_no_records_are_asked_for_where_the_base_model_was_right_already(mean: float, count: int) -> None:
    headroom = {"mean": mean, "minimum": 1.0}

    found = steps(Verdict.NO_VISIBLE_EFFECT, training=trained(finding("saturated")), headroom=headroom)

    assert [step["input"] for step in found] == [NEXT] * count


@pytest.mark.parametrize("later", [finding("overfitting", bestEpoch=3), finding("saturated")])
def test_records_learned_by_heart_are_to_be_checked(later: Mapping[str, Any]) -> None:
    by_heart = trained(finding("memorised"), later)

    (step,) = steps(Verdict.NO_VISIBLE_EFFECT, training=by_heart)

    assert step["text"].startswith("Check that each training record answers its own question")
    assert step["input"] == NEXT


def test_leaks_and_contradictions_are_mended_before_training_is_changed() -> None:
    leaked, contradictory = finding("leaked", file="evaluation.jsonl"), finding("contradictory")
    run = configured(hyperParameters={"epochCount": 2})

    found = steps(Verdict.IMPROVED, run=run, coverage=covered(leaked, contradictory), training=trained(STILL))

    assert [step["why"] for step in found] == [leaked["text"], contradictory["text"], STILL["text"]]
    assert found[0]["input"] == {**NEXT, "hyperParameters": {"epochCount": 2}}
    assert "evaluation.jsonl" in found[0]["text"]


def test_thin_topics_are_filled_and_other_weak_ones_looked_at() -> None:
    thin = finding("thin_topic", weak=3, topics=[{"topic": "agents"}])
    fine = [question(f"topic {number}", 9) for number in range(3)]
    questions = [question("agents", 2), question("quotas", 3), *fine]

    fill, improve = steps(Verdict.NO_VISIBLE_EFFECT, coverage=covered(thin), questions=questions)

    assert fill["text"] == "Add training records on agents, in the dataset bedrock-faq-2."
    assert fill["why"] == thin["text"]
    assert "on quotas:" in improve["text"]
    assert improve["why"].endswith("quotas 3.0.")


def test_where_most_topics_are_weak_no_topic_is_the_reason() -> None:
    assert steps(Verdict.NO_VISIBLE_EFFECT, questions=[question("agents", 2), question("quotas", 9)]) == []


def test_a_custom_model_that_was_given_is_trained_anew_for_new_records() -> None:
    run = configured(customModelArn=CUSTOM_MODEL)

    questions = [question("quotas", 3), question("agents", 9), question("pricing", 9)]
    (step,) = steps(Verdict.WORSE, run=run, questions=questions, custom_model_arn=CUSTOM_MODEL)

    assert step["input"] == NEXT


def test_thin_topics_that_nothing_was_asked_of_yet_are_no_proposal() -> None:
    assert steps(Verdict.DID_NOT_LEARN, coverage=covered(finding("thin_topic", topics=[{"topic": "agents"}]))) == []


@pytest.mark.parametrize(("custom", "count"), [(0.4, 1), (0.95, 0)])
def test_a_pattern_that_few_answers_match_is_to_be_taught(custom: float, count: int) -> None:
    scores = {"pattern": {"name": "ござる", "base": 0.1, "custom": custom}}

    found = steps(Verdict.NO_VISIBLE_EFFECT, scores=scores)

    assert ["“ござる”" in step["text"] for step in found] == [True] * count
    assert ["40%" in step["why"] for step in found] == [True] * count


def test_an_improvement_is_confirmed_on_new_questions() -> None:
    (step,) = steps(Verdict.IMPROVED, scores={"correctness": {"n": 70}}, custom_model_arn=CUSTOM_MODEL)

    assert step["input"] == NEXT_ANSWERED
    assert "these 70" in step["why"]


@pytest.mark.parametrize(
    ("name", "following"),
    [("mine", "mine-2"), ("mine-2", "mine-3"), ("v1.9-99", "v1.9-100"), ("a" * 63, "a" * 56 + "-2")],
)
def test_a_changed_dataset_gets_a_name_of_its_own(name: str, following: str) -> None:
    (step,) = steps(Verdict.NO_HEADROOM, run=configured(dataset=name))

    assert step["input"] == {"dataset": following}


def test_a_dataset_given_by_uris_gets_a_name_that_can_be_one() -> None:
    uris = {file: f"s3://data/datasets/My Data/{file}.jsonl" for file in ("training", "validation", "evaluation")}

    (step,) = steps(Verdict.NO_HEADROOM, run=configured(dataset=uris))

    assert step["input"] == {"dataset": "my-data-2"}


def test_weak_topics_are_sorted_the_weakest_first() -> None:
    questions = [
        question("agents", 4),
        question("agents", 3),
        question("pricing", 9),
        question("quotas", 2),
        question("unscored", None),
        {"topic": "unanswered", "custom": None},
    ]

    assert weak_topics(questions) == [("quotas", 2), ("agents", 3.5)]


ALL_FINDINGS: Sequence[Mapping[str, Any]] = (
    BARELY,
    finding("unstable"),
    finding("memorised"),
    finding("overfitting", bestEpoch=1),
    STILL,
    finding("saturated"),
)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("model", BASE_MODELS)
@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("resume", [None, RESUME])
def test_there_are_never_more_than_a_few_and_each_input_is_accepted(
    verdict: Verdict, model: str, language: Language, resume: Mapping[str, Any] | None
) -> None:
    run = configured(model, hyperParameters={"epochCount": 1})
    result = {
        "training": trained(*ALL_FINDINGS),
        "coverage": covered(finding("leaked", file="x"), finding("thin_topic", weak=1, topics=[{"topic": "topic 1"}])),
        "questions": [question(f"topic {number}", 1) for number in range(20)],
        "scores": {"correctness": {"n": 20}, "pattern": {"name": "{x}", "base": 0.0, "custom": 0.5}},
        "unscored": {"base": 1},
        "unanswered": {"custom": 1},
        "power": {"neededQuestions": 9, "text": "Nine."},
    }

    proposals = steps(
        verdict, model=model, run=run, resume=resume, custom_model_arn=CUSTOM_MODEL, language=language, **result
    )

    assert len(proposals) <= MOST
    for step in proposals:
        assert step["text"]
        assert step["why"]
        configured(model, **json.loads(json.dumps(step["input"])))
