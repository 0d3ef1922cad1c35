"""Names that Bedrock accepts, whatever an execution is called."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
import pytest
from finetuning import names
from finetuning.base_models import BASE_MODELS
from finetuning.run_store import DATASET_FILES, JOB_OUTPUT, RunStore, dataset_key
from hypothesis import assume, given
from hypothesis import strategies as st

# Step Functions allows a name 1 to 80 characters, not only of ASCII.
execution_names = st.one_of(st.text(min_size=1, max_size=80), st.from_regex(r"[\w.-]{1,80}", fullmatch=True))
execution_arns = execution_names.map(lambda name: f"arn:aws:states:us-west-2:123456789012:execution:experiment:{name}")


@cache
def limits(shape: str) -> Mapping[str, Any]:
    """From botocore's description of the service."""
    return botocore.session.get_session().get_service_model("bedrock").shape_for(shape).metadata


def is_accepted(shape: str, value: str) -> bool:
    return len(value) <= limits(shape)["max"] and re.fullmatch(limits(shape)["pattern"], value) is not None


@pytest.mark.parametrize("base_model", BASE_MODELS)
@given(execution_name=execution_names)
def test_every_resource_name_is_one_that_bedrock_accepts(base_model: str, execution_name: str) -> None:
    run_id = names.run_id(execution_name)

    assert 1 <= len(run_id) <= names.MAX_RUN_ID_LENGTH
    assert is_accepted("JobName", names.job_name(base_model, run_id))
    assert is_accepted("CustomModelName", names.custom_model_name(base_model, run_id))
    assert is_accepted("ProvisionedModelName", names.throughput_name(base_model, run_id))


@given(execution_name=execution_names)
def test_a_job_may_read_and_write_where_the_run_keeps_its_files(execution_name: str) -> None:
    run_id = names.run_id(execution_name)
    prefix = f"s3://claude-3-haiku-ft-storage-results-1abc/runs/{run_id}/"

    assert all(is_accepted("S3Uri", prefix + key) for key in (*map(dataset_key, DATASET_FILES), JOB_OUTPUT))


@given(st.from_regex(r"[ -~]{1,80}", fullmatch=True) | execution_names)
def test_an_execution_of_an_acceptable_name_can_be_told_in_a_tag(execution_name: str) -> None:
    arn = f"arn:aws:states:us-west-2:123456789012:execution:experiment:{execution_name}"
    allowed_by_step_functions = not re.search(r"[\s:/]", execution_name)

    assert names.fits_a_tag(execution_name) is (allowed_by_step_functions and is_accepted("TagValue", arn))


@given(execution_names, execution_names)
def test_two_executions_never_share_a_run(one: str, other: str) -> None:
    assume(one != other)

    assert names.run_id(one) != names.run_id(other)


@pytest.mark.parametrize("name", ["first-run", "6d1c7a5e-8f64-4f26-9e0e-0a3f0a2c8f11", "a", "Run2"])
def test_an_acceptable_execution_name_is_the_run_id(name: str) -> None:
    assert names.run_id(name) == name


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("my run", "my-run-"),
        ("a--b", "a-b-"),
        ("trailing-", "trailing-"),
        ("under_score", "under-score-"),
        ("x" * 80, "x" * 27 + "-"),
        ("日本語", ""),
    ],
)
def test_any_other_execution_name_stays_readable_and_gets_its_hash(name: str, readable: str) -> None:
    assert re.fullmatch(re.escape(readable) + "[0-9a-f]{8}", names.run_id(name))


@given(execution_arns, st.sampled_from(["job", "throughput"]))
def test_a_client_token_is_accepted_and_the_same_for_every_attempt(execution_arn: str, resource: str) -> None:
    token = names.client_request_token(resource, execution_arn)

    assert is_accepted("IdempotencyToken", token)
    assert token == names.client_request_token(resource, execution_arn)
    assert token != names.client_request_token(resource + "2", execution_arn)
    assert token != names.client_request_token(resource, execution_arn + "2")


def test_the_service_role_is_named_after_the_base_model() -> None:
    assert names.service_role_name("claude-3-haiku") == "claude-3-haiku-ft-role"


def test_a_uri_names_the_key_that_the_store_uses(store: RunStore) -> None:
    assert store.uri("dataset/training.jsonl") == "s3://results/" + store.key("dataset/training.jsonl")
