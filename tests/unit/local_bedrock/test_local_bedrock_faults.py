"""Faults of every kind, as boto3's own clients meet them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from finetuning.services import Clock

from local.bedrock import DriftError, Fault, LocalBedrock

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_service_quotas.client import ServiceQuotasClient

CreateThroughput = Callable[..., str]
CREATE = "CreateProvisionedModelThroughput"
GET = "GetProvisionedModelThroughput"


def test_an_error_before_the_effect(create_throughput: CreateThroughput, bedrock: LocalBedrock) -> None:
    bedrock.faults.inject(CREATE, Fault.before("InternalServerException"))

    with pytest.raises(ClientError) as raised:
        create_throughput()

    assert raised.value.response["Error"]["Code"] == "InternalServerException"
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert bedrock.ledger.purchases == []
    create_throughput()
    assert len(bedrock.ledger.purchases) == 1


def test_an_error_after_the_effect(create_throughput: CreateThroughput, bedrock: LocalBedrock) -> None:
    bedrock.faults.inject(CREATE, Fault.after("InternalServerException"))

    with pytest.raises(ClientError, match="InternalServerException"):
        create_throughput()

    (bought,) = bedrock.ledger.purchases
    assert create_throughput() == bought.arn
    assert len(bedrock.ledger.purchases) == 1


def test_a_lost_response(create_throughput: CreateThroughput, bedrock: LocalBedrock) -> None:
    bedrock.faults.inject(CREATE, Fault.lost_response())

    with pytest.raises(ConnectionClosedError):
        create_throughput()

    assert len(bedrock.ledger.purchases) == 1
    call = bedrock.ledger.calls_of(CREATE)[0]
    assert (call.error, call.fault) == ("ConnectionClosedError", Fault.lost_response())


def test_a_refusal_can_be_lost_too(create_throughput: CreateThroughput, bedrock: LocalBedrock) -> None:
    bedrock.faults.inject(CREATE, Fault.lost_response())

    with pytest.raises(ConnectionClosedError):
        create_throughput(modelId="no-such-model")

    assert bedrock.ledger.purchases == []


def test_a_crash_after_the_effect(create_throughput: CreateThroughput, bedrock: LocalBedrock) -> None:
    bedrock.faults.inject(CREATE, Fault.crash())

    with pytest.raises(SystemExit):
        create_throughput()

    assert len(bedrock.ledger.purchases) == 1
    assert bedrock.ledger.calls_of(CREATE)[0].error == "SystemExit"


@pytest.mark.parametrize("takes_effect", [False, True])
def test_a_timeout_takes_virtual_time(
    create_throughput: CreateThroughput, bedrock: LocalBedrock, clock: Clock, takes_effect: bool
) -> None:
    bedrock.faults.inject(CREATE, Fault.timeout(60, takes_effect=takes_effect))
    before = clock.now()

    with pytest.raises(ReadTimeoutError):
        create_throughput()

    assert (clock.now() - before).total_seconds() == 60
    assert len(bedrock.ledger.purchases) == int(takes_effect)


def test_a_delay_is_only_that(client: "BedrockClient", bedrock: LocalBedrock, clock: Clock) -> None:
    bedrock.faults.inject("ListFoundationModels", Fault.delay(30))
    before = clock.now()

    assert client.list_foundation_models()["modelSummaries"]
    assert (clock.now() - before).total_seconds() == 30


def test_throttling_that_ends(client: "BedrockClient", bedrock: LocalBedrock) -> None:
    bedrock.faults.inject("ListCustomModels", Fault.throttle(times=2))

    for _ in range(2):
        with pytest.raises(client.exceptions.ThrottlingException) as raised:
            client.list_custom_models()
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    client.list_custom_models()


def test_throttling_that_does_not_end_until_cleared(client: "BedrockClient", bedrock: LocalBedrock) -> None:
    bedrock.faults.inject("ListCustomModels", Fault.throttle())

    for _ in range(20):
        with pytest.raises(client.exceptions.ThrottlingException):
            client.list_custom_models()
    bedrock.faults.clear()
    client.list_custom_models()


def test_denied_access(client: "BedrockClient", bedrock: LocalBedrock) -> None:
    bedrock.faults.inject("ListCustomModels", Fault.access_denied())

    with pytest.raises(client.exceptions.AccessDeniedException) as raised:
        client.list_custom_models()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_malformed_answer_lacks_its_members(create_throughput: CreateThroughput, bedrock: LocalBedrock) -> None:
    bedrock.faults.inject(CREATE, Fault.malformed())

    with pytest.raises(KeyError, match="provisionedModelArn"):
        create_throughput()

    assert len(bedrock.ledger.purchases) == 1


def test_an_answer_with_other_members(
    create_throughput: CreateThroughput, client: "BedrockClient", bedrock: LocalBedrock
) -> None:
    arn = create_throughput()
    bedrock.faults.inject(GET, Fault.answer(status="Updating"))
    bedrock.faults.inject(GET, Fault.answer(status="Failed", failureMessage="No capacity."))

    answers = [client.get_provisioned_model_throughput(provisionedModelId=arn) for _ in range(3)]

    assert [answer["status"] for answer in answers] == ["Updating", "Failed", "Creating"]
    assert answers[1]["failureMessage"] == "No capacity."


def test_an_injected_answer_must_keep_to_the_model(
    create_throughput: CreateThroughput, client: "BedrockClient", bedrock: LocalBedrock
) -> None:
    arn = create_throughput()
    bedrock.faults.inject(GET, Fault.answer(status="Deleting"))

    with pytest.raises(DriftError, match=r"GetProvisionedModelThroughput.*'Deleting' at 'status'"):
        client.get_provisioned_model_throughput(provisionedModelId=arn)


def test_a_fault_of_a_later_call(client: "BedrockClient", bedrock: LocalBedrock) -> None:
    bedrock.faults.inject("ListCustomModels", Fault.access_denied(times=1), skip=2)

    client.list_custom_models()
    client.list_custom_models()
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.list_custom_models()
    client.list_custom_models()


def test_service_quotas_has_its_own_names_for_errors(quotas: "ServiceQuotasClient", bedrock: LocalBedrock) -> None:
    bedrock.faults.inject("ListServiceQuotas", Fault.throttle(times=1))
    bedrock.faults.inject("ListServiceQuotas", Fault.before("InternalServerException"))

    with pytest.raises(quotas.exceptions.TooManyRequestsException):
        quotas.list_service_quotas(ServiceCode="bedrock")
    with pytest.raises(quotas.exceptions.ServiceException):
        quotas.list_service_quotas(ServiceCode="bedrock")


@pytest.mark.parametrize(
    ("operation", "code"),
    [("CreateEndpoint", "ThrottlingException"), (CREATE, "ConflictException"), (CREATE, "NoSuchException")],
)
def test_only_what_the_api_has_can_be_injected(bedrock: LocalBedrock, operation: str, code: str) -> None:
    with pytest.raises(ValueError, match=operation):
        bedrock.faults.inject(operation, Fault.before(code))


def test_every_operation_can_be_refused_in_every_common_way(bedrock: LocalBedrock) -> None:
    for operations in bedrock.operations().values():
        for operation in operations:
            for code in (
                "ThrottlingException",
                "AccessDeniedException",
                "InternalServerException",
                "ValidationException",
            ):
                bedrock.faults.inject(operation, Fault.before(code))
                assert bedrock.faults.take(operation) == Fault.before(code)
