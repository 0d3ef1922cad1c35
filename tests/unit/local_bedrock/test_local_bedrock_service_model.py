"""Routing, parsing, validation and serialization come from botocore's service models."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError

from local.bedrock import DriftError, LocalBedrock
from local.bedrock.errors import AwsError
from local.bedrock.moto_urls import registered
from local.bedrock.service_model import Document, Request, service_model

REGION = "us-west-2"
ARN = "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdef012345"


def request(method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Request:
    data = b"" if body is None else json.dumps(body).encode()
    return Request(REGION, method, f"https://bedrock.us-west-2.amazonaws.com{path}", headers or {}, data)


def test_an_arn_in_the_path_keeps_its_slashes_together() -> None:
    encoded = ARN.replace(":", "%3A").replace("/", "%2F")

    name, parameters = service_model("bedrock").parse(request("GET", f"/custom-models/{encoded}"))

    assert (name, parameters) == ("GetCustomModel", {"modelIdentifier": ARN})


def test_a_literal_path_wins_over_one_with_a_parameter() -> None:
    name, _ = service_model("bedrock").parse(request("POST", "/custom-models/create-custom-model", {}))

    assert name == "CreateCustomModel"


def test_a_parameter_in_the_middle_of_the_path() -> None:
    assert service_model("bedrock").parse(request("POST", "/model-customization-jobs/ft-job-1/stop")) == (
        "StopModelCustomizationJob",
        {"jobIdentifier": "ft-job-1"},
    )


def test_query_parameters_get_their_types() -> None:
    path = "/model-customization-jobs?maxResults=7&creationTimeAfter=2026-02-01T09:00:00Z&nameContains=ft"

    _, parameters = service_model("bedrock").parse(request("GET", path))

    assert parameters == {
        "maxResults": 7,
        "creationTimeAfter": datetime(2026, 2, 1, 9, tzinfo=UTC),
        "nameContains": "ft",
    }


def test_the_json_protocol_routes_by_its_target_header() -> None:
    target = {"x-amz-target": "ServiceQuotasV20190624.GetServiceQuota"}
    body = {"ServiceCode": "bedrock", "QuotaCode": "L-1234"}

    assert service_model("service-quotas").parse(request("POST", "/", body, target)) == ("GetServiceQuota", body)


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    broken = Request(REGION, "POST", "https://bedrock.us-west-2.amazonaws.com/tagResource", {}, body)

    with pytest.raises(AwsError) as raised:
        service_model("bedrock").parse(broken)

    assert raised.value.code == "SerializationException"


VALID_THROUGHPUT = {"provisionedModelName": "ft-1", "modelId": ARN, "modelUnits": 1}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"provisionedModelName": "two--hyphens"}, "regular expression pattern"),
        ({"provisionedModelName": "x" * 64}, "length less than or equal to 63"),
        ({"provisionedModelName": ""}, "length greater than or equal to 1"),
        ({"provisionedModelName": None}, "Value null at 'provisionedModelName'"),
        ({"provisionedModelName": 7}, "Member must be a string"),
        ({"modelUnits": 0}, "value greater than or equal to 1"),
        ({"modelUnits": True}, "Member must be a integer"),
        ({"commitmentDuration": "OneDay"}, "enum value set: [OneMonth, SixMonths]"),
        ({"tags": [{"key": "a!", "value": "b"}]}, "'tags.1.member.key'"),
        ({"tags": [{"key": "a"}]}, "Value null at 'tags.1.member.value'"),
    ],
)
def test_a_parameter_that_breaks_the_model_is_named(changes: Document, complaint: str) -> None:
    with pytest.raises(AwsError) as raised:
        service_model("bedrock").check("CreateProvisionedModelThroughput", {**VALID_THROUGHPUT, **changes})

    assert raised.value.code == "ValidationException"
    assert str(raised.value).startswith("1 validation error detected: ")
    assert complaint in str(raised.value)


def test_all_broken_parameters_are_named_at_once() -> None:
    with pytest.raises(AwsError, match=r"^3 validation errors detected: .*provisionedModelName.*modelId.*modelUnits"):
        service_model("bedrock").check("CreateProvisionedModelThroughput", {"modelUnits": 0})


TAGS = {"tags": [{"key": "app", "value": "bedrock-ft"}]}
JOB_SUMMARY = {
    "jobArn": "arn:aws:bedrock:us-west-2:123456789012:model-customization-job/anthropic.claude-v1:0/abcdef012345",
    "baseModelArn": "arn:aws:bedrock:us-west-2::foundation-model/anthropic.claude-v1:0",
    "jobName": "ft-job-1",
    "status": "InProgress",
    "creationTime": datetime(2026, 2, 1, 9, tzinfo=UTC),
}


def test_an_answer_that_keeps_to_the_model_is_sent() -> None:
    response = service_model("bedrock").answer(
        "ListModelCustomizationJobs", {"modelCustomizationJobSummaries": [JOB_SUMMARY]}
    )

    assert response.status == 200
    assert json.loads(response.body)["modelCustomizationJobSummaries"][0]["creationTime"] == "2026-02-01T09:00:00Z"


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Deleting"},
        {"jobArn": "arn:aws:bedrock:us-west-2:123456789012:job/1"},
        {"jobName": None},
        {"creationTime": "2026-02-01"},
        {"progress": 0.5},
        {"endTime": None},
    ],
)
def test_an_answer_that_breaks_the_model_is_a_drift(changes: Document) -> None:
    summaries = {"modelCustomizationJobSummaries": [{**JOB_SUMMARY, **changes}]}

    with pytest.raises(DriftError, match=f"ListModelCustomizationJobs.*{next(iter(changes))}"):
        service_model("bedrock").answer("ListModelCustomizationJobs", summaries)


def test_a_union_with_two_members_is_a_drift() -> None:
    both = {"text": "a", "toolUse": {"toolUseId": "1", "name": "x", "input": {}}}

    with pytest.raises(DriftError, match="Exactly one member"):
        service_model("bedrock-runtime").answer(
            "Converse",
            {
                "output": {"message": {"role": "assistant", "content": [both]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
                "metrics": {"latencyMs": 1},
            },
        )


def test_an_error_that_the_operation_does_not_have_is_a_drift() -> None:
    conflict = AwsError("ConflictException", "in use")

    assert service_model("bedrock").error("DeleteProvisionedModelThroughput", conflict).status == 400
    with pytest.raises(DriftError, match="CreateProvisionedModelThroughput has no error ConflictException"):
        service_model("bedrock").error("CreateProvisionedModelThroughput", conflict)


@pytest.mark.usefixtures("bedrock")
def test_an_operation_that_is_not_emulated_says_so() -> None:
    with pytest.raises(ClientError, match="bedrock CreateGuardrail is not emulated") as raised:
        boto3.client("bedrock").create_guardrail(name="g", blockedInputMessaging="no", blockedOutputsMessaging="no")

    assert raised.value.response["Error"]["Code"] == "UnknownOperationException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.usefixtures("bedrock")
def test_another_region_is_not_emulated() -> None:
    with pytest.raises(ClientError, match=r"region us-east-1 \(only us-west-2 is\)"):
        boto3.client("bedrock", region_name="us-east-1").list_foundation_models()


def test_moto_gets_its_urls_back(bedrock: LocalBedrock) -> None:
    client = boto3.client("bedrock")
    answer = service_model("bedrock").answer("ListCustomModels", {"modelSummaries": []})

    with registered({"bedrock": lambda _: answer}):
        client.list_custom_models()
    assert bedrock.ledger.calls == []
    client.list_custom_models()
    assert [call.operation for call in bedrock.ledger.calls] == ["ListCustomModels"]
