"""The execution input: defaults, overrides, and every problem at once."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from finetuning.base_models import (
    BASE_MODELS,
    DEFAULT_JUDGE_MODEL,
    JUDGE_MODELS,
    PRICE_UNITS,
    BaseModel,
    HyperParameter,
    base_model,
)
from finetuning.errors import InvalidInputError
from finetuning.run_config import AnswerSettings, Dataset, RunConfig, configure
from finetuning.texts import LANGUAGES
from hypothesis import given
from hypothesis import strategies as st

SHIPPED = {"bedrock-faq": {file: f"s3://assets/{file}" for file in ("training", "validation", "evaluation")}}
CUSTOM_MODEL = (
    "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdef123456"
)
TO_PASTE = Path(__file__).parents[2] / "docs" / "execution-input.json"
FIELDS = (
    "dataset",
    "hyperParameters",
    "judgeModel",
    "systemPrompt",
    "maxSpendUsd",
    "minimumHeadroom",
    "customModelArn",
    "answers",
    "prices",
    "deadlineMinutes",
    "language",
    "judgeRepeats",
    "resumeFrom",
)


def configured(execution_input: object, model: str = "claude-3-haiku") -> RunConfig:
    return configure(execution_input, base_model(model), SHIPPED, "data", "2026-02-01T09:00:00+00:00")


def problems(execution_input: object, model: str = "claude-3-haiku") -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        configured(execution_input, model)
    summary, *lines = str(caught.value).split("\n- ")
    assert summary == "The execution input is wrong:"
    return lines


@pytest.mark.parametrize("model", BASE_MODELS)
def test_the_input_to_paste_suits_every_base_model(model: str) -> None:
    pasted = json.loads(TO_PASTE.read_text(encoding="utf-8"))

    assert configured(pasted, model).hyper_parameters["epochCount"] == "5"
    # It would need a price of the throughput, which is not known for all.
    assert "maxSpendUsd" not in pasted


def test_an_empty_input_runs_the_experiment_as_documented() -> None:
    run = configured({})

    assert run == RunConfig(
        base_model="claude-3-haiku",
        dataset=Dataset("bedrock-faq", "s3://assets/training", "s3://assets/validation", "s3://assets/evaluation"),
        hyper_parameters={
            "epochCount": "10",
            "batchSize": "32",
            "learningRateMultiplier": "1",
            "earlyStoppingThreshold": "0.001",
            "earlyStoppingPatience": "2",
        },
        judge_model=DEFAULT_JUDGE_MODEL,
        max_spend_usd=200,
        minimum_headroom=1,
        started_at="2026-02-01T09:00:00+00:00",
    )


def test_every_field_can_be_set() -> None:
    files = {file: f"s3://data/datasets/mine/v2/{file}.jsonl" for file in ("training", "validation", "evaluation")}

    run = configured(
        {
            "dataset": files,
            "hyperParameters": {"epochCount": 3, "learningRateMultiplier": "0.5"},
            "judgeModel": "us.amazon.nova-2-lite-v1:0",
            "systemPrompt": "Answer briefly.",
            "maxSpendUsd": 0,
            "minimumHeadroom": 2.5,
            "customModelArn": CUSTOM_MODEL,
            "answers": {"maxTokens": 100, "temperature": 0.7, "concurrency": 1},
            "prices": {"trainingPer1kTokens": 0.004},
        }
    )

    assert run.dataset == Dataset("mine", **files, card="s3://data/datasets/mine/v2/card.json")
    assert run.hyper_parameters["epochCount"] == "3"
    assert run.hyper_parameters["learningRateMultiplier"] == "0.5"
    assert run.hyper_parameters["batchSize"] == "32"
    assert run.judge_model == "us.amazon.nova-2-lite-v1:0"
    assert run.system_prompt == "Answer briefly."
    assert (run.max_spend_usd, run.minimum_headroom) == (0, 2.5)
    assert run.custom_model_arn == CUSTOM_MODEL
    assert run.answers == AnswerSettings(max_tokens=100, temperature=0.7, concurrency=1)
    assert run.prices == {"trainingPer1kTokens": 0.004}


def test_a_name_that_is_not_shipped_is_a_folder_in_the_data_bucket() -> None:
    assert configured({"dataset": "my-data"}).dataset == Dataset(
        "my-data",
        "s3://data/datasets/my-data/training.jsonl",
        "s3://data/datasets/my-data/validation.jsonl",
        "s3://data/datasets/my-data/evaluation.jsonl",
        "s3://data/datasets/my-data/card.json",
    )


@pytest.mark.parametrize(
    ("execution_input", "problem"),
    [
        ([], "it must be a JSON object"),
        (None, "it must be a JSON object"),
        ("{}", "it must be a JSON object"),
        ({"epochs": 3}, "epochs: unknown field; known are dataset, hyperParameters"),
        ({"dataset": ""}, "dataset: '' is no dataset name"),
        ({"dataset": "../secrets"}, "dataset: '../secrets' is no dataset name"),
        ({"dataset": "name\n"}, "is no dataset name"),
        ({"dataset": 7}, "dataset: must be a name or an object"),
        ({"dataset": None}, "dataset: must be a name or an object"),
        ({"hyperParameters": []}, "hyperParameters: must be an object"),
        (
            {"hyperParameters": {"epochCount": 99}},
            "hyperParameters.epochCount: must be a whole number from 1 to 10; got 99",
        ),
        ({"hyperParameters": {"epochCount": 2.5}}, "hyperParameters.epochCount: must be a whole number"),
        ({"hyperParameters": {"epochCount": True}}, "hyperParameters.epochCount: must be a whole number"),
        ({"hyperParameters": {"epochCount": "many"}}, "hyperParameters.epochCount: must be a number, got 'many'"),
        ({"hyperParameters": {"epochCount": "nan"}}, "hyperParameters.epochCount: must be a whole number"),
        ({"hyperParameters": {"learningRate": 1}}, "hyperParameters.learningRate: Claude 3 Haiku has no such"),
        ({"judgeModel": "gpt"}, "judgeModel: must be one of us.anthropic"),
        ({"judgeModel": ["us.amazon.nova-2-lite-v1:0"]}, "judgeModel: must be one of"),
        ({"systemPrompt": "  "}, "systemPrompt: must be a text that is not empty"),
        ({"systemPrompt": "x" * 10_001}, "systemPrompt: has 10,001 characters; at most 10,000"),
        ({"language": "fr"}, "language: must be one of en, ja; got 'fr'"),
        ({"language": ["en"]}, "language: must be one of en, ja; got ['en']"),
        ({"judgeRepeats": 6}, "judgeRepeats: must be a whole number from 1 to 5; got 6"),
        ({"maxSpendUsd": "200"}, "maxSpendUsd: must be a number from 0 to 1000000; got '200'"),
        ({"maxSpendUsd": -1}, "maxSpendUsd: must be a number from 0 to 1000000; got -1"),
        ({"maxSpendUsd": float("nan")}, "maxSpendUsd: must be a number from 0 to 1000000; got nan"),
        ({"maxSpendUsd": float("inf")}, "maxSpendUsd: must be a number from 0 to 1000000; got inf"),
        ({"maxSpendUsd": 10**400}, "maxSpendUsd: must be a number from 0 to 1000000; got 1000"),
        ({"minimumHeadroom": 9.5}, "minimumHeadroom: must be a number from 0 to 9; got 9.5"),
        ({"customModelArn": "my-model"}, "customModelArn: must be the ARN of a custom model"),
        ({"customModelArn": CUSTOM_MODEL + "\n"}, "customModelArn: must be the ARN of a custom model"),
        ({"answers": 5}, "answers: must be an object with any of maxTokens, temperature, concurrency"),
        ({"answers": {"maxTokens": 0}}, "answers.maxTokens: must be a whole number from 1 to 4096; got 0"),
        ({"answers": {"topK": 3}}, "answers.topK: unknown field; known are maxTokens, temperature, concurrency"),
        ({"prices": {"gpu": 3}}, "prices.gpu: unknown field"),
        ({"prices": {"throughputPerHour": 10**400}}, "prices.throughputPerHour: must be a number from 0 to 1000000"),
    ],
)
def test_what_is_wrong_is_named_with_what_would_be_right(execution_input: object, problem: str) -> None:
    found = problems(execution_input)

    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("s3://elsewhere/datasets/mine/training.jsonl", "must begin with s3://data/datasets/"),
        ("s3://data/runs/other/training.jsonl", "must begin with s3://data/datasets/"),
        ("https://data/datasets/training.jsonl", "must begin with s3://data/datasets/"),
        (None, "an S3 URI is needed"),
    ],
)
def test_a_dataset_is_only_read_from_where_the_workflow_may_read(uri: str | None, problem: str) -> None:
    files = {file: f"s3://data/datasets/mine/{file}.jsonl" for file in ("validation", "evaluation")}

    (found,) = problems({"dataset": {**files, "training": uri}})

    assert found.startswith("dataset.training: ")
    assert problem in found


def test_every_problem_is_listed_at_once() -> None:
    found = problems(
        {
            "dataset": {"training": 1, "extra": 2},
            "hyperParameters": {"epochCount": 0, "batchSize": 1000, "momentum": 1},
            "judgeModel": "none",
            "maxSpendUsd": None,
            "answers": {"maxTokens": 0, "concurrency": 99, "style": 1},
            "budget": 5,
        }
    )

    assert [line.split(":")[0] for line in found] == [
        "dataset.evaluation",
        "dataset.extra",
        "dataset.training",
        "dataset.validation",
        "hyperParameters.momentum",
        "hyperParameters.epochCount",
        "hyperParameters.batchSize",
        "judgeModel",
        "maxSpendUsd",
        "answers.maxTokens",
        "answers.concurrency",
        "answers.style",
        "budget",
    ]


@pytest.mark.parametrize(
    ("model", "parameter"),
    [(model, parameter) for model in BASE_MODELS.values() for parameter in model.hyper_parameters],
)
def test_hyperparameters_are_accepted_up_to_the_models_bounds_and_no_further(
    model: BaseModel, parameter: HyperParameter
) -> None:
    for value in (parameter.minimum, parameter.maximum, str(parameter.minimum)):
        run = configured({"hyperParameters": {parameter.name: value}}, model.key)
        assert float(run.hyper_parameters[parameter.name]) == float(value)
    for value in (parameter.minimum - 1, parameter.maximum * 1.01 + 0.01):
        assert parameter.name in problems({"hyperParameters": {parameter.name: value}}, model.key)[0]


@pytest.mark.parametrize("model", BASE_MODELS)
def test_every_base_model_runs_with_an_empty_input(model: str) -> None:
    run = configured({}, model)

    assert run.hyper_parameters.keys() == {parameter.name for parameter in base_model(model).hyper_parameters}


scalars = st.none() | st.booleans() | st.integers() | st.integers(10**308, 10**400) | st.floats() | st.text(max_size=20)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
)
inner_names = (
    st.sampled_from(["training", "validation", "epochCount", "batchSize", "maxTokens", *PRICE_UNITS]) | st.text()
)
near_misses = st.dictionaries(
    st.sampled_from(FIELDS) | st.text(max_size=10),
    documents | st.dictionaries(inner_names, documents, max_size=3),
    max_size=5,
)


@given(documents | near_misses)
def test_any_json_is_configured_or_refused_with_every_unknown_field_named(execution_input: object) -> None:
    refusal = ""
    try:
        configured(execution_input)
    except InvalidInputError as error:
        refusal = str(error)

    if isinstance(execution_input, dict):
        unknown = execution_input.keys() - set(FIELDS)
        assert all(f"- {name}: unknown field" in refusal for name in unknown)
    else:
        assert "must be a JSON object" in refusal


runs = st.fixed_dictionaries(
    {},
    optional={
        "dataset": st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True),
        "hyperParameters": st.fixed_dictionaries({}, optional={"epochCount": st.integers(1, 10)}),
        "judgeModel": st.sampled_from(list(JUDGE_MODELS)),
        "systemPrompt": st.text(min_size=1, max_size=30).filter(str.strip),
        "maxSpendUsd": st.floats(0, 1e6) | st.integers(0, 1000),
        "minimumHeadroom": st.floats(0, 9),
        "customModelArn": st.just(CUSTOM_MODEL),
        "answers": st.fixed_dictionaries(
            {}, optional={"temperature": st.floats(0, 1), "maxTokens": st.integers(1, 4096)}
        ),
        "prices": st.dictionaries(st.sampled_from(list(PRICE_UNITS)), st.floats(0, 1e6)),
        "deadlineMinutes": st.floats(30, 600),
        "language": st.sampled_from(LANGUAGES),
        "judgeRepeats": st.integers(1, 5),
    },
)


@given(runs)
def test_a_run_survives_the_state_of_the_execution(execution_input: dict[str, Any]) -> None:
    run = configured(execution_input)

    document = json.loads(json.dumps(run.to_json(), allow_nan=False))

    assert RunConfig.from_json(document) == run
    assert document["customModelGiven"] is ("customModelArn" in execution_input)


def test_a_small_learning_rate_is_written_as_people_write_it() -> None:
    run = configure({}, BASE_MODELS["nova-lite"], {}, "data", "2026-02-01T09:00:00+00:00")

    assert run.hyper_parameters == {"epochCount": "5", "learningRate": "0.00001", "learningRateWarmupSteps": "10"}


EARLIER = {
    "hyperParameters": {"epochCount": 3},
    "judgeModel": list(JUDGE_MODELS)[1],
    "maxSpendUsd": 150,
    "answers": {"maxTokens": 100, "timeLimitMinutes": 20},
}


def resumed(execution_input: object, earlier: RunConfig | None = None) -> RunConfig:
    """Where there is one earlier run, named run-1."""
    found = earlier or configured(EARLIER)
    return configure(execution_input, base_model("claude-3-haiku"), SHIPPED, "data", "2026-02-02", {"run-1": found}.get)


def test_a_run_that_goes_on_does_as_the_earlier_one_was_told() -> None:
    run = resumed({"resumeFrom": "run-1"})

    assert run == replace(configured(EARLIER), earlier_runs=("run-1",), started_at="2026-02-02")


def test_a_run_that_goes_on_may_be_told_to_spend_more_wait_longer_and_judge_anew() -> None:
    more = {
        "maxSpendUsd": 300,
        "minimumHeadroom": 0,
        "deadlineMinutes": 120,
        "judgeModel": DEFAULT_JUDGE_MODEL,
        "answers": {"timeLimitMinutes": 40, "concurrency": 1},
        "prices": {"trainingPer1kTokens": 0.1},
    }

    run = resumed({"resumeFrom": "run-1", **more})

    assert run.answers == AnswerSettings(max_tokens=100, concurrency=1, time_limit_minutes=40)
    assert (run.max_spend_usd, run.deadline_minutes, run.judge_model) == (300, 120, DEFAULT_JUDGE_MODEL)
    assert run.hyper_parameters == configured(EARLIER).hyper_parameters
    # What a run of its own would be told to do the same.
    assert run.given == {**EARLIER, **more, "answers": {"maxTokens": 100, "timeLimitMinutes": 40, "concurrency": 1}}
    assert replace(configured(run.given), started_at="", earlier_runs=("run-1",), given={}) == replace(
        run, started_at="", given={}
    )


def test_a_run_can_go_on_from_one_that_went_on() -> None:
    second = resumed({"resumeFrom": "run-1"})

    assert resumed({"resumeFrom": "run-1"}, replace(second, earlier_runs=("run-0",))).earlier_runs == ("run-1", "run-0")


@pytest.mark.parametrize(
    ("execution_input", "problem"),
    [
        ({"resumeFrom": "run-2"}, "resumeFrom: there is nothing of a run 'run-2' to go on from"),
        ({"resumeFrom": "../run-1"}, "resumeFrom: there is nothing of a run '../run-1' to go on from"),
        ({"resumeFrom": ""}, "resumeFrom: must be the id of an earlier run"),
        ({"resumeFrom": 1}, "resumeFrom: must be the id of an earlier run"),
        ({"resumeFrom": "run-1", "dataset": "other"}, "dataset: differs from the run 'run-1'"),
        ({"resumeFrom": "run-1", "hyperParameters": {"epochCount": 4}}, "hyperParameters: differs"),
        ({"resumeFrom": "run-1", "systemPrompt": "Be brief."}, "systemPrompt: differs"),
        ({"resumeFrom": "run-1", "customModelArn": CUSTOM_MODEL}, "customModelArn: differs"),
        ({"resumeFrom": "run-1", "answers": {"maxTokens": 99}}, "answers.maxTokens: differs"),
        ({"resumeFrom": "run-1", "answers": {"temperature": 1}}, "answers.temperature: differs"),
    ],
)
def test_what_does_not_fit_the_earlier_run_is_refused(execution_input: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        resumed(execution_input)

    (line,) = str(caught.value).split("\n- ")[1:]
    assert line.startswith(problem)


def test_a_run_that_still_goes_on_cannot_be_gone_on_from() -> None:
    with pytest.raises(InvalidInputError, match="the run 'run-1' still goes on"):
        configure(
            {"resumeFrom": "run-1"},
            base_model("claude-3-haiku"),
            SHIPPED,
            "data",
            "2026-02-02",
            find_run={"run-1": configured(EARLIER)}.get,
            is_running={"run-1": True}.__getitem__,
        )


def test_the_same_settings_may_be_given_again() -> None:
    assert resumed({"resumeFrom": "run-1", "dataset": "bedrock-faq", "hyperParameters": {"epochCount": 3}}).dataset
