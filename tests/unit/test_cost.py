"""What a run costs, and whether that is within its budget."""

from collections.abc import Callable, Mapping
from typing import Any

import estimate_cost
import pytest
from finetuning.base_models import PRICE_UNITS, BaseModel, base_model
from finetuning.cost import Cost, bill, estimate
from finetuning.run_config import RunConfig, configure
from hypothesis import given
from hypothesis import strategies as st

HAIKU, NOVA = base_model("claude-3-haiku"), base_model("nova-micro")
# 50 tokens by our estimate.
SYSTEM_PROMPT = "word " * 48
DATASET = {
    "training": {"records": 85, "tokens": 10_000},
    "validation": {"records": 32, "tokens": 4_000},
    "evaluation": {"records": 48, "tokens": 3_000},
    "systemPrompt": SYSTEM_PROMPT,
    "trained": False,
    "customModelAnswered": False,
}
CUSTOM_MODEL = (
    "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdef123456"
)


def configured(model: BaseModel = HAIKU, **execution_input: object) -> RunConfig:
    shipped = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
    return configure(execution_input, model, shipped, "data", "2026-02-01T09:00:00+00:00")


def estimated(dataset: Mapping[str, Any] = DATASET, **execution_input: object) -> Cost:
    return estimate(configured(HAIKU, **execution_input), HAIKU, dataset, rubric_tokens=200)


def quantities(cost: Cost) -> dict[str, float]:
    return {item.item: item.quantity for item in cost.items}


def test_an_estimate_multiplies_tokens_epochs_hours_and_judgements() -> None:
    cost = estimated(hyperParameters={"epochCount": 4}, answers={"maxTokens": 500})

    assert quantities(cost) == pytest.approx(
        {
            "trainingPer1kTokens": 10 * 4,
            # Three quarters of an hour until it is in service, 48 answers of 10 s, four at a time; begun hours count.
            "throughputPerHour": 1,
            "inputPer1kTokens": (3_000 + 48 * 50) / 1000,
            "outputPer1kTokens": 48 * 500 / 1000,
            # Both models' answers, and 4 kinds of answers to 4 questions, as long as question and reference answer.
            "judgeInputPer1kTokens": (2 * (48 * 200 + 3_000 + 48 * 500) + 16 * (200 + 2 * 3_000 / 48)) / 1000,
            "judgeOutputPer1kTokens": (2 * 48 + 16) * 150 / 1000,
            "embeddingPer1kTokens": 2 * (3_000 + 48 * 500) / 1000,
        }
    )


def test_a_judge_that_is_asked_three_times_is_paid_three_times() -> None:
    once, thrice = quantities(estimated()), quantities(estimated(judgeRepeats=3))

    calibration = 16 * 150 / 1000
    assert thrice["judgeOutputPer1kTokens"] - calibration == pytest.approx(
        3 * (once["judgeOutputPer1kTokens"] - calibration)
    )
    assert thrice["embeddingPer1kTokens"] == once["embeddingPer1kTokens"]


def test_what_has_no_known_price_is_named_and_leaves_a_lower_bound() -> None:
    cost = estimated(answers={"maxTokens": 500})

    assert cost.unknown == ["trainingPer1kTokens", "judgeInputPer1kTokens", "judgeOutputPer1kTokens"]
    assert cost.usd == pytest.approx(132 + 5.4 * 0.00025 + 24 * 0.00125 + 54 * 0.00002)


def test_a_price_of_the_input_outranks_the_catalogues_and_is_named_as_such() -> None:
    cost = estimated(prices={"throughputPerHour": 20, "trainingPer1kTokens": 0.5})

    by_name = {item.item: item for item in cost.items}
    assert (by_name["throughputPerHour"].usd, by_name["throughputPerHour"].source) == (20, "execution input")
    assert by_name["trainingPer1kTokens"].usd == 10 * 10 * 0.5
    assert "trainingPer1kTokens" not in cost.unknown


def test_a_given_custom_model_is_not_trained() -> None:
    assert "trainingPer1kTokens" not in quantities(estimated(customModelArn=CUSTOM_MODEL))


def test_many_questions_one_at_a_time_take_more_hours() -> None:
    many = {**DATASET, "evaluation": {"records": 500, "tokens": 50_000}}

    assert quantities(estimated(many, answers={"concurrency": 1}))["throughputPerHour"] == 3
    assert quantities(estimated(many, answers={"concurrency": 10}))["throughputPerHour"] == 1


prices = st.floats(0, 1000)


@given(
    st.dictionaries(st.sampled_from(list(PRICE_UNITS)), st.floats(0, 1e6)),
    st.dictionaries(st.sampled_from(list(PRICE_UNITS)), prices),
)
def test_a_bill_names_or_counts_everything_that_was_used(used: dict[str, float], prices: dict[str, float]) -> None:
    cost = bill(used, configured(prices=prices), HAIKU)

    assert quantities(cost) == {name: quantity for name, quantity in used.items() if quantity}
    assert not set(cost.unknown) & set(prices)
    assert cost.usd == pytest.approx(sum(item.usd for item in cost.items if item.usd is not None))


def test_nothing_used_costs_nothing() -> None:
    assert bill(dict.fromkeys(PRICE_UNITS, 0.0), configured(), HAIKU) == Cost([])


@pytest.mark.parametrize(("limit", "within_budget"), [(200, True), (100, True), (99.99, False), (0, False)])
def test_a_run_over_its_limit_is_not_within_budget_as_far_as_people_see(
    invoke: Callable[..., Mapping[str, Any]], limit: float, within_budget: bool
) -> None:
    # given a run that costs a hair more than $100.00
    prices = {**dict.fromkeys(PRICE_UNITS, 0), "throughputPerHour": 100.004}
    run = configured(maxSpendUsd=limit, prices=prices)

    cost = invoke(estimate_cost.handler, {"run": run.to_json(), "dataset": DATASET})

    assert cost["estimatedUsd"] == 100
    assert cost["withinBudget"] is within_budget
    assert f"to cost $100.00, and maxSpendUsd is ${limit:.2f}" in cost["message"]


@pytest.mark.parametrize(("given", "within_budget"), [({"maxSpendUsd": 50}, False), ({}, True)])
def test_the_limit_of_a_run_that_is_gone_on_from_must_be_kept_too(
    invoke: Callable[..., Mapping[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    given: Mapping[str, Any],
    within_budget: bool,
) -> None:
    # given Nova, whose price of a throughput is not known
    monkeypatch.setenv("BASE_MODEL", NOVA.key)
    first = configured(NOVA, hosting="provisionedThroughput", **given)
    run = configure({"resumeFrom": "first"}, NOVA, {}, "data", first.started_at, {"first": first}.get)

    state = {"input": {"resumeFrom": "first"}, "run": run.to_json(), "dataset": DATASET}
    cost = invoke(estimate_cost.handler, state)

    assert "throughputPerHour" in cost["unknownPrices"]
    assert cost["withinBudget"] is within_budget
    assert ("give it as prices.throughputPerHour" in cost["message"]) is not within_budget


def test_an_estimate_without_every_price_says_that_it_is_a_lower_bound(
    invoke: Callable[..., Mapping[str, Any]],
) -> None:
    cost = invoke(estimate_cost.handler, {"run": configured().to_json(), "dataset": DATASET})

    assert "at least $132." in cost["message"]
    assert cost["unknownPrices"] == ["trainingPer1kTokens", "judgeInputPer1kTokens", "judgeOutputPer1kTokens"]
