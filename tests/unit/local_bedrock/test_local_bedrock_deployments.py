"""On-demand custom model deployments, through boto3's own clients."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from finetuning.services import Clock

from local.bedrock import LocalBedrock

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient

CreateDeployment = Callable[..., str]

MINUTE = 60
NAME = "ft-deployment-1"
MESSAGES: Any = [{"role": "user", "content": [{"text": "question 7?"}]}]


def another(number: int) -> dict[str, str]:
    return {"modelDeploymentName": f"ft-deployment-{number}", "clientRequestToken": f"token-{number}"}


def test_a_deployment_is_creating_then_active_then_gone(
    create_deployment: CreateDeployment,
    client: "BedrockClient",
    clock: Clock,
    bedrock: LocalBedrock,
    on_demand_model: str,
) -> None:
    created = clock.now()
    arn = create_deployment()

    clock.sleep(5 * MINUTE - 1)
    assert client.get_custom_model_deployment(customModelDeploymentIdentifier=arn)["status"] == "Creating"
    clock.sleep(1)
    found = client.get_custom_model_deployment(customModelDeploymentIdentifier=NAME)
    assert (found["status"], found["customModelDeploymentArn"]) == ("Active", arn)
    assert (found["modelArn"], found["createdAt"]) == (on_demand_model, created)

    client.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)

    for gone in (arn, NAME):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_custom_model_deployment(customModelDeploymentIdentifier=gone)
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.delete_custom_model_deployment(customModelDeploymentIdentifier=gone)
    [ever] = bedrock.ledger.deployments
    assert (ever.created_at, ever.deleted_at) == (created, created + timedelta(minutes=5))
    assert bedrock.ledger.alive_seconds(clock.now()) == 0


def test_it_answers_from_when_it_is_active_until_it_is_deleted(
    create_deployment: CreateDeployment, client: "BedrockClient", runtime: "BedrockRuntimeClient", clock: Clock
) -> None:
    arn = create_deployment()

    with pytest.raises(ClientError, match="ModelNotReadyException"):
        runtime.converse(modelId=arn, messages=MESSAGES)
    clock.sleep(5 * MINUTE)
    assert runtime.converse(modelId=arn, messages=MESSAGES)["output"]["message"]["content"] == [{"text": "answer 7"}]
    client.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        runtime.converse(modelId=arn, messages=MESSAGES)


def test_two_may_be_in_progress_at_a_time(create_deployment: CreateDeployment, clock: Clock) -> None:
    create_deployment()
    create_deployment(**another(2))

    with pytest.raises(ClientError, match=r"ServiceQuotaExceededException.* 2 custom model deployments in progress"):
        create_deployment(**another(3))
    clock.sleep(5 * MINUTE)
    create_deployment(**another(3))


def test_the_same_request_makes_nothing_new_and_a_name_is_one_deployments(create_deployment: CreateDeployment) -> None:
    arn = create_deployment()

    assert create_deployment() == arn
    with pytest.raises(ClientError, match=f"name {NAME} is in use"):
        create_deployment(clientRequestToken="token-2")


def test_a_base_model_without_deployments_is_refused(create_deployment: CreateDeployment, custom_model: str) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Claude 3 Haiku does not support custom model deploy"):
        create_deployment(modelArn=custom_model)


def test_a_custom_model_that_is_not_there_is_not_found(create_deployment: CreateDeployment, custom_model: str) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        create_deployment(modelArn=f"{custom_model[:-12]}abcdefabcdef")


def test_no_throughput_serves_what_only_deployments_do(client: "BedrockClient", on_demand_model: str) -> None:
    with pytest.raises(ClientError, match=r"Llama 3.3 70B Instruct does not support Provisioned Throughputs"):
        client.create_provisioned_model_throughput(
            provisionedModelName="ft-throughput-1", modelId=on_demand_model, modelUnits=1
        )


def test_a_model_in_use_cannot_be_deleted(
    create_deployment: CreateDeployment, client: "BedrockClient", on_demand_model: str
) -> None:
    arn = create_deployment()

    with pytest.raises(ClientError, match="ConflictException"):
        client.delete_custom_model(modelIdentifier=on_demand_model)
    client.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    client.delete_custom_model(modelIdentifier=on_demand_model)


def test_lists_are_filtered_and_paged(
    create_deployment: CreateDeployment, client: "BedrockClient", clock: Clock, on_demand_model: str
) -> None:
    first = create_deployment()
    clock.sleep(5 * MINUTE)
    second = create_deployment(**another(2))

    def listed(**filters: Any) -> list[str]:  # noqa: ANN401 - boto3's
        pages = client.get_paginator("list_custom_model_deployments").paginate(**filters)
        return [each["customModelDeploymentArn"] for page in pages for each in page["modelDeploymentSummaries"]]

    assert listed() == listed(maxResults=1) == [second, first]
    assert listed(statusEquals="Active") == [first]
    assert listed(nameContains="deployment-2", modelArnEquals=on_demand_model) == [second]
    assert listed(createdBefore=clock.now() - timedelta(minutes=1)) == [first]


def test_what_is_not_documented_can_be_set(
    create_deployment: CreateDeployment, client: "BedrockClient", bedrock: LocalBedrock, clock: Clock
) -> None:
    bedrock.settings.deployment_hidden = timedelta(minutes=1)
    bedrock.settings.deployment_deletion = timedelta(minutes=3)
    bedrock.settings.refuses_deletion_while_creating = "ConflictException"
    arn = create_deployment()

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_custom_model_deployment(customModelDeploymentIdentifier=NAME)
    assert client.list_custom_model_deployments()["modelDeploymentSummaries"] == []
    with pytest.raises(client.exceptions.ConflictException):
        client.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)

    clock.sleep(5 * MINUTE)
    client.delete_custom_model_deployment(customModelDeploymentIdentifier=arn)
    assert client.get_custom_model_deployment(customModelDeploymentIdentifier=NAME)["status"] == "Active"
    clock.sleep(3 * MINUTE)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_custom_model_deployment(customModelDeploymentIdentifier=NAME)


def test_tags_are_kept(create_deployment: CreateDeployment, client: "BedrockClient") -> None:
    tags = client.list_tags_for_resource(resourceARN=create_deployment())["tags"]

    assert tags == [{"key": "app", "value": "bedrock-ft"}]
