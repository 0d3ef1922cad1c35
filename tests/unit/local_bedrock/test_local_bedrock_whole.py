"""The local Bedrock as a whole: every operation, several threads, and the stand-in that really learns."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from finetuning.services import Clock

import local.stand_in
from local.bedrock import LocalBedrock

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient
    from types_boto3_service_quotas.client import ServiceQuotasClient

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
MINUTE, HOUR = 60, 3600
MESSAGES: Any = [{"role": "user", "content": [{"text": "question 7?"}]}]


def test_every_operation_answers_as_the_published_api_says(
    create_job: Callable[..., str],
    create_throughput: Callable[..., str],
    create_deployment: Callable[..., str],
    custom_model: str,
    client: "BedrockClient",
    runtime: "BedrockRuntimeClient",
    quotas: "ServiceQuotasClient",
    bedrock: LocalBedrock,
) -> None:
    """Each answer is checked against the service model when it is made, and again by boto3 when it is read."""
    job = create_job(jobName="ft-job-2", customModelName="ft-model-2", clientRequestToken="token-2")
    client.stop_model_customization_job(jobIdentifier=job)
    client.list_model_customization_jobs()
    throughput = create_throughput()
    client.get_provisioned_model_throughput(provisionedModelId=throughput)
    client.list_provisioned_model_throughputs()
    client.tag_resource(resourceARN=throughput, tags=[{"key": "run", "value": "1"}])
    client.untag_resource(resourceARN=throughput, tagKeys=["run"])
    client.list_tags_for_resource(resourceARN=throughput)
    client.delete_provisioned_model_throughput(provisionedModelId=throughput)
    deployment = create_deployment()
    client.get_custom_model_deployment(customModelDeploymentIdentifier=deployment)
    client.list_custom_model_deployments()
    client.delete_custom_model_deployment(customModelDeploymentIdentifier=deployment)
    client.get_custom_model(modelIdentifier=custom_model)
    client.list_custom_models()
    client.delete_custom_model(modelIdentifier=custom_model)
    client.get_foundation_model(modelIdentifier=HAIKU)
    client.list_foundation_models()
    runtime.converse(modelId=HAIKU, messages=MESSAGES)
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "question 7?"}],
    }
    runtime.invoke_model(modelId=HAIKU, body=json.dumps(body))
    code = quotas.list_service_quotas(ServiceCode="bedrock")["Quotas"][0]["QuotaCode"]
    quotas.list_aws_default_service_quotas(ServiceCode="bedrock")
    quotas.get_service_quota(ServiceCode="bedrock", QuotaCode=code)

    answered = {call.operation for call in bedrock.ledger.calls if call.error is None}
    assert answered == set().union(*bedrock.operations().values())


def test_many_threads_with_one_token_buy_once(
    create_throughput: Callable[..., str], client: "BedrockClient", bedrock: LocalBedrock
) -> None:
    with ThreadPoolExecutor(8) as pool:
        arns = list(pool.map(lambda _: create_throughput(), range(24)))

    assert len(set(arns)) == 1
    assert len(bedrock.ledger.purchases) == 1
    assert len(bedrock.ledger.calls_of("CreateProvisionedModelThroughput")) == 24
    assert len(client.list_provisioned_model_throughputs()["provisionedModelSummaries"]) == 1


def test_many_threads_for_one_model_unit_get_one(
    create_throughput: Callable[..., str], client: "BedrockClient", bedrock: LocalBedrock
) -> None:
    def buy(number: int) -> bool:
        try:
            create_throughput(provisionedModelName=f"ft-{number}", clientRequestToken=f"token-{number}")
        except client.exceptions.ServiceQuotaExceededException:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        bought = list(pool.map(buy, range(24)))

    assert sum(bought) == len(bedrock.ledger.purchases) == 1


def test_the_stand_in_that_really_learns_fits(
    create_job: Callable[..., str], bedrock: LocalBedrock, clock: Clock, session: boto3.Session
) -> None:
    """With the fixtures' data under another local Bedrock."""
    arn = create_job()
    learning = LocalBedrock(clock, "us-west-2", "123456789012", local.stand_in)
    with learning.registered():
        assert create_job() == arn
        clock.sleep(2 * HOUR)
        client = session.client("bedrock")
        throughput = client.create_provisioned_model_throughput(
            provisionedModelName="ft-throughput-1", modelId="ft-model-1", modelUnits=1
        )["provisionedModelArn"]
        clock.sleep(15 * MINUTE)
        answer = session.client("bedrock-runtime").converse(modelId=throughput, messages=MESSAGES)
    assert answer["output"]["message"]["content"][0]["text"]
    assert bedrock.ledger.purchases == []
    assert len(learning.ledger.purchases) == 1


def test_the_same_requests_give_the_same_names(create_job: Callable[..., str], clock: Clock) -> None:
    arn = create_job()
    other = LocalBedrock(clock, "us-west-2", "123456789012", local.stand_in)

    with other.registered():
        assert create_job() == arn
