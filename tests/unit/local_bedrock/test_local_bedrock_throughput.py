"""Provisioned Throughput, foundation models and quotas, through boto3's own clients."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from finetuning.base_models import BASE_MODELS, DEFAULT_JUDGE_MODEL, INFERENCE_PROFILES
from finetuning.services import Clock

from local.bedrock import LocalBedrock

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_s3.client import S3Client
    from types_boto3_service_quotas.client import ServiceQuotasClient

CreateThroughput = Callable[..., str]

MINUTE, HOUR = 60, 3600
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
QUOTA = "Model units no-commitment Provisioned Throughputs across custom models"


def test_a_throughput_is_creating_then_in_service_then_gone(
    create_throughput: CreateThroughput, client: "BedrockClient", clock: Clock, custom_model: str
) -> None:
    created = clock.now()
    arn = create_throughput()

    clock.sleep(15 * MINUTE - 1)
    assert client.get_provisioned_model_throughput(provisionedModelId=arn)["status"] == "Creating"
    clock.sleep(1)
    throughput = client.get_provisioned_model_throughput(provisionedModelId="ft-throughput-1")
    assert (throughput["status"], throughput["provisionedModelArn"]) == ("InService", arn)
    assert (throughput["modelArn"], throughput["modelUnits"]) == (custom_model, 1)
    assert throughput["creationTime"] == created
    assert throughput["lastModifiedTime"] == created + timedelta(minutes=15)

    client.delete_provisioned_model_throughput(provisionedModelId=arn)

    for gone in (arn, "ft-throughput-1"):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_provisioned_model_throughput(provisionedModelId=gone)
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.delete_provisioned_model_throughput(provisionedModelId=gone)


def test_the_ledger_knows_what_was_bought_and_how_long_it_lived(
    create_throughput: CreateThroughput, client: "BedrockClient", clock: Clock, bedrock: LocalBedrock
) -> None:
    created = clock.now()
    first = create_throughput()
    clock.sleep(20 * MINUTE)
    client.delete_provisioned_model_throughput(provisionedModelId=first)
    clock.sleep(HOUR)
    second = create_throughput(clientRequestToken="token-2")
    clock.sleep(MINUTE)

    ledger = bedrock.ledger

    assert first != second
    assert [each.arn for each in ledger.purchases] == [first, second]
    assert (ledger.purchases[0].created_at, ledger.purchases[0].deleted_at) == (
        created,
        created + timedelta(minutes=20),
    )
    assert [each.arn for each in ledger.alive(clock.now())] == [second]
    assert ledger.alive_seconds(clock.now()) == 21 * MINUTE
    assert ledger.alive_seconds(created + timedelta(minutes=5)) == 5 * MINUTE
    deletion = ledger.calls_of("DeleteProvisionedModelThroughput")[0]
    assert deletion.parameters == {"provisionedModelId": first}
    assert (deletion.at, deletion.error) == (created + timedelta(minutes=20), None)


def test_deleting_while_creating_works(create_throughput: CreateThroughput, client: "BedrockClient") -> None:
    arn = create_throughput()

    client.delete_provisioned_model_throughput(provisionedModelId=arn)

    assert client.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_deleting_while_creating_may_be_refused(
    create_throughput: CreateThroughput, client: "BedrockClient", bedrock: LocalBedrock, clock: Clock, code: str
) -> None:
    bedrock.settings.refuses_deletion_while_creating = code
    arn = create_throughput()

    with pytest.raises(ClientError, match=code):
        client.delete_provisioned_model_throughput(provisionedModelId=arn)

    clock.sleep(15 * MINUTE)
    client.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert bedrock.ledger.alive(clock.now()) == []


def test_a_new_throughput_may_be_hidden_for_a_while(
    create_throughput: CreateThroughput, client: "BedrockClient", bedrock: LocalBedrock, clock: Clock
) -> None:
    bedrock.settings.throughput_hidden = timedelta(minutes=2)
    arn = create_throughput()

    name = client.get_provisioned_model_throughput(provisionedModelId=arn)["provisionedModelName"]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_provisioned_model_throughput(provisionedModelId=name)
    assert client.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []
    clock.sleep(2 * MINUTE)
    assert client.get_provisioned_model_throughput(provisionedModelId=name)["provisionedModelArn"] == arn
    assert len(client.list_provisioned_model_throughputs()["provisionedModelSummaries"]) == 1


def test_deletion_may_take_a_while(
    create_throughput: CreateThroughput, client: "BedrockClient", bedrock: LocalBedrock, clock: Clock
) -> None:
    bedrock.settings.throughput_deletion = timedelta(minutes=3)
    arn = create_throughput()
    client.delete_provisioned_model_throughput(provisionedModelId=arn)

    with pytest.raises(client.exceptions.ConflictException, match="being deleted"):
        client.delete_provisioned_model_throughput(provisionedModelId=arn)
    assert len(bedrock.ledger.alive(clock.now())) == 1
    clock.sleep(3 * MINUTE)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_provisioned_model_throughput(provisionedModelId=arn)
    assert bedrock.ledger.alive_seconds(clock.now()) == 3 * MINUTE


def test_the_same_token_buys_nothing_new(
    create_throughput: CreateThroughput, client: "BedrockClient", bedrock: LocalBedrock
) -> None:
    first = create_throughput()
    assert create_throughput() == first
    client.delete_provisioned_model_throughput(provisionedModelId=first)

    assert create_throughput() == first
    assert len(bedrock.ledger.purchases) == 1


def test_a_misused_token_and_a_name_in_use_are_refused(
    create_throughput: CreateThroughput, client: "BedrockClient", bedrock: LocalBedrock
) -> None:
    create_throughput()

    with pytest.raises(client.exceptions.ValidationException, match="token"):
        create_throughput(provisionedModelName="ft-throughput-2")
    with pytest.raises(client.exceptions.ValidationException, match="is in use"):
        create_throughput(clientRequestToken="token-2")
    assert len(bedrock.ledger.purchases) == 1


def test_with_a_quota_of_zero_nothing_can_be_bought(
    create_throughput: CreateThroughput,
    client: "BedrockClient",
    quotas: "ServiceQuotasClient",
    bedrock: LocalBedrock,
) -> None:
    bedrock.settings.model_units = 0

    with pytest.raises(client.exceptions.ServiceQuotaExceededException) as raised:
        create_throughput()

    message = "Your account does not currently have any no commitment model units reserved for Claude 3 Haiku"
    assert message in raised.value.response["Error"]["Message"]
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert [each["Value"] for each in quotas.list_service_quotas(ServiceCode="bedrock")["Quotas"]] == [0]
    assert bedrock.ledger.purchases == []


def test_the_quota_counts_what_is_alive(create_throughput: CreateThroughput, client: "BedrockClient") -> None:
    arn = create_throughput()
    other = {"provisionedModelName": "ft-throughput-2", "clientRequestToken": "token-2"}

    with pytest.raises(client.exceptions.ServiceQuotaExceededException, match="1 used, 1 requested"):
        create_throughput(**other)
    client.delete_provisioned_model_throughput(provisionedModelId=arn)
    create_throughput(**other)


def test_throughputs_are_listed(
    create_throughput: CreateThroughput, client: "BedrockClient", bedrock: LocalBedrock, clock: Clock, custom_model: str
) -> None:
    bedrock.settings.model_units = 3
    for number in (1, 2, 3):
        create_throughput(provisionedModelName=f"ft-{number}", clientRequestToken=f"t{number}")
        clock.sleep(8 * MINUTE)

    def names(**filters: Any) -> list[str]:  # noqa: ANN401 (each filter has its own type)
        pages = client.get_paginator("list_provisioned_model_throughputs").paginate(**filters)
        return [each["provisionedModelName"] for page in pages for each in page["provisionedModelSummaries"]]

    assert names() == ["ft-3", "ft-2", "ft-1"]
    assert names(statusEquals="InService") == ["ft-2", "ft-1"]
    assert names(modelArnEquals=custom_model, sortOrder="Ascending", maxResults=1) == ["ft-1", "ft-2", "ft-3"]
    assert names(modelArnEquals=custom_model[:-1] + "z") == []
    assert names(nameContains="2") == ["ft-2"]
    with pytest.raises(client.exceptions.ValidationException, match="nextToken"):
        client.list_provisioned_model_throughputs(nextToken="next")


def test_tags_of_a_throughput(create_throughput: CreateThroughput, client: "BedrockClient") -> None:
    arn = create_throughput()

    assert client.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "app", "value": "bedrock-ft"}]


def test_a_model_in_use_cannot_be_deleted(
    create_throughput: CreateThroughput, client: "BedrockClient", custom_model: str
) -> None:
    arn = create_throughput()

    with pytest.raises(client.exceptions.ConflictException, match="is in use"):
        client.delete_custom_model(modelIdentifier=custom_model)
    client.delete_provisioned_model_throughput(provisionedModelId=arn)
    client.delete_custom_model(modelIdentifier=custom_model)


def test_what_has_no_model_cannot_be_served(create_throughput: CreateThroughput, client: "BedrockClient") -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="no-such-model"):
        create_throughput(modelId="no-such-model")


@pytest.mark.parametrize("changes", [{"commitmentDuration": "OneMonth"}, {"modelId": HAIKU}])
def test_what_is_not_emulated_says_so(create_throughput: CreateThroughput, changes: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="is not emulated"):
        create_throughput(**changes)


def move(clock: Clock, to: datetime) -> None:
    clock.sleep((to - clock.now()).total_seconds())


LEGACY = datetime(2026, 3, 10, tzinfo=UTC)
END_OF_LIFE = datetime(2026, 9, 10, tzinfo=UTC)


def test_the_life_cycle_of_a_foundation_model(client: "BedrockClient", clock: Clock) -> None:
    def details() -> Any:  # noqa: ANN401 (the stubs have no type for a document)
        return client.get_foundation_model(modelIdentifier=f"{HAIKU}:200k")["modelDetails"]

    assert details()["customizationsSupported"] == ["FINE_TUNING"]
    assert details()["inferenceTypesSupported"] == ["PROVISIONED"]
    assert details()["modelLifecycle"] == {
        "status": "ACTIVE",
        "legacyTime": LEGACY,
        "publicExtendedAccessTime": datetime(2026, 6, 10, tzinfo=UTC),
        "endOfLifeTime": END_OF_LIFE,
    }
    move(clock, LEGACY)
    assert details()["modelLifecycle"]["status"] == "LEGACY"
    move(clock, END_OF_LIFE)
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="has reached the end of its life"):
        details()
    assert not [each for each in client.list_foundation_models()["modelSummaries"] if HAIKU in each["modelId"]]


def test_a_foundation_model_by_its_arn(client: "BedrockClient") -> None:
    arn = client.get_foundation_model(modelIdentifier=HAIKU)["modelDetails"]["modelArn"]

    assert client.get_foundation_model(modelIdentifier=arn)["modelDetails"]["modelId"] == HAIKU
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_foundation_model(modelIdentifier="anthropic.no-such-model")


def test_foundation_models_are_listed(client: "BedrockClient") -> None:
    def ids(**filters: Any) -> list[str]:  # noqa: ANN401 (each filter has its own type)
        return [each["modelId"] for each in client.list_foundation_models(**filters)["modelSummaries"]]

    tuned_here = {model.customization_id for model in BASE_MODELS.values() if model.region == "us-west-2"}
    assert set(ids(byCustomizationType="FINE_TUNING")) == tuned_here
    assert tuned_here - set(ids(byInferenceType="PROVISIONED")) == {"meta.llama3-3-70b-instruct-v1:0:128k"}
    assert ids(byInferenceType="ON_DEMAND", byOutputModality="TEXT", byProvider="anthropic") == [HAIKU]
    assert INFERENCE_PROFILES[DEFAULT_JUDGE_MODEL].foundation_model in ids(byProvider="Anthropic")
    assert ids(byProvider="Nobody") == []


def test_a_legacy_model_takes_no_new_throughput(
    create_throughput: CreateThroughput, client: "BedrockClient", clock: Clock
) -> None:
    move(clock, LEGACY)

    with pytest.raises(client.exceptions.ValidationException, match="Legacy"):
        create_throughput()


def test_a_model_that_is_hosted_on_demand_only_takes_no_throughput(
    create_job: Callable[..., str],
    client: "BedrockClient",
    clock: Clock,
    s3: "S3Client",
) -> None:
    messages = [{"role": role, "content": [{"text": f"{role}."}]} for role in ("user", "assistant")]
    record = json.dumps({"schemaVersion": "bedrock-conversation-2024", "messages": messages})
    for file, count in (("training", 100), ("validation", 1)):
        s3.put_object(Bucket="data", Key=f"{file}.jsonl", Body="\n".join([record] * count).encode())
    job = create_job(baseModelIdentifier="meta.llama3-3-70b-instruct-v1:0:128k")
    clock.sleep(2 * HOUR)
    custom_model = client.get_model_customization_job(jobIdentifier=job)["outputModelArn"]

    with pytest.raises(client.exceptions.ValidationException, match="does not support Provisioned Throughput"):
        client.create_provisioned_model_throughput(provisionedModelName="pt", modelId=custom_model, modelUnits=1)


def test_the_quota_by_its_code(quotas: "ServiceQuotasClient") -> None:
    (listed,) = quotas.list_service_quotas(ServiceCode="bedrock")["Quotas"]

    assert (listed["QuotaName"], listed["Value"]) == (QUOTA, 1)
    assert quotas.get_service_quota(ServiceCode="bedrock", QuotaCode=listed["QuotaCode"])["Quota"] == listed
    assert quotas.list_service_quotas(ServiceCode="bedrock", QuotaCode="L-1")["Quotas"] == []
    for service, quota in (("bedrock", "L-1"), ("lambda", listed["QuotaCode"])):
        with pytest.raises(quotas.exceptions.NoSuchResourceException):
            quotas.get_service_quota(ServiceCode=service, QuotaCode=quota)


def test_a_bad_parameter_is_an_illegal_argument_for_service_quotas(quotas: "ServiceQuotasClient") -> None:
    with pytest.raises(quotas.exceptions.IllegalArgumentException, match="ServiceCode"):
        quotas.list_service_quotas(ServiceCode="9")
