"""What serves a custom model, against a Bedrock that loses responses, refuses deletions and takes its time."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import create_custom_model_deployment
import create_provisioned_throughput
import delete_custom_model_deployment
import delete_provisioned_throughput
import get_custom_model_deployment
import get_provisioned_throughput
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from finetuning.base_models import PRICE_UNITS, Hosting, base_model
from finetuning.errors import OverBudgetError, TransientError
from finetuning.hosting import HOSTS, Host
from finetuning.hosting.life import (
    ANSWERING_RESERVE,
    DELETION_RESERVE,
    MAX_DELETION_DURATION,
    NOT_YET_VISIBLE,
    Created,
    answering_ends,
    create,
    delete,
    service,
)
from finetuning.hosting.record import Record, read
from finetuning.run_config import RunConfig, configure
from finetuning.run_store import RunStore
from finetuning.services import Clock
from finetuning.task import usable

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient

CREATED = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
NAME = "the-host"
ARN = "arn:aws:bedrock:us-west-2:123456789012:host/abc"
CUSTOM_MODEL = "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.model/abc"
LIFE = timedelta(minutes=90)
DEADLINE = CREATED + LIFE
EXECUTION = "arn:aws:states:us-west-2:123456789012:execution:experiment:first-run"

AwsError = Callable[..., ClientError]


@dataclass
class FakeBedrock:
    """Hosts of both kinds by name. `deletion_errors` are answered first, before a deletion works."""

    error: AwsError
    exceptions: object
    lost_responses: int = 0
    refusal: str | None = None
    deletion_errors: list[str] = field(default_factory=list)
    created: list[dict[str, Any]] = field(default_factory=list)
    hosts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def client(self) -> "BedrockClient":
        return cast("BedrockClient", self)

    def holds(self, name: str = NAME, status: str = "Creating", **others: object) -> None:
        arn = f"{ARN}{len(self.created)}"
        self.hosts[name] = {
            "provisionedModelArn": arn,
            "provisionedModelName": name,
            "creationTime": CREATED,
            "customModelDeploymentArn": arn,
            "modelDeploymentName": name,
            "createdAt": CREATED,
            "status": status,
            **others,
        }

    def _create(self, name: str, request: dict[str, Any]) -> Mapping[str, Any]:
        if self.refusal:
            raise self.error("bedrock", self.refusal, "No room for you.")
        self.created.append(request)
        self.holds(name)
        if self.lost_responses:
            self.lost_responses -= 1
            raise ReadTimeoutError(endpoint_url="https://bedrock")
        return self.hosts[name]

    def _get(self, identifier: str) -> Mapping[str, Any]:
        for name, host in self.hosts.items():
            if identifier in (name, host["provisionedModelArn"]):
                return host
        raise self.error("bedrock", "ResourceNotFoundException")

    def _delete(self, arn: str) -> None:
        if self.deletion_errors:
            raise self.error("bedrock", self.deletion_errors.pop(0), "Not now.")
        self.hosts = {name: host for name, host in self.hosts.items() if host["provisionedModelArn"] != arn}

    # As boto3 has them.
    def create_provisioned_model_throughput(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401
        return self._create(request["provisionedModelName"], request)

    def create_custom_model_deployment(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401
        return self._create(request["modelDeploymentName"], request)

    def get_provisioned_model_throughput(self, *, provisionedModelId: str) -> Mapping[str, Any]:  # noqa: N803
        return self._get(provisionedModelId)

    def get_custom_model_deployment(self, *, customModelDeploymentIdentifier: str) -> Mapping[str, Any]:  # noqa: N803
        return self._get(customModelDeploymentIdentifier)

    def delete_provisioned_model_throughput(self, *, provisionedModelId: str) -> None:  # noqa: N803
        self._delete(provisionedModelId)

    def delete_custom_model_deployment(self, *, customModelDeploymentIdentifier: str) -> None:  # noqa: N803
        self._delete(customModelDeploymentIdentifier)


@pytest.fixture
def bedrock(aws_error: AwsError, aws_exceptions: Callable[[str], object]) -> FakeBedrock:
    return FakeBedrock(aws_error, aws_exceptions("bedrock"))


@pytest.fixture(params=HOSTS)
def hosting(request: pytest.FixtureRequest) -> Hosting:
    kind: Hosting = request.param
    return kind


@pytest.fixture
def host(bedrock: FakeBedrock, hosting: Hosting) -> Host:
    return HOSTS[hosting](bedrock.client)


def make(host: Host, now: datetime = CREATED) -> Created:
    return create(host, NAME, CUSTOM_MODEL, EXECUTION, now=now, deadline=DEADLINE)


def made(life: timedelta = LIFE) -> Created:
    return Created(f"{ARN}0", CREATED.isoformat(), (CREATED + life).isoformat())


def test_one_model_unit_is_bought_without_commitment(bedrock: FakeBedrock) -> None:
    make(HOSTS["provisionedThroughput"](bedrock.client))

    (bought,) = bedrock.created
    assert (bought["modelId"], bought["modelUnits"]) == (CUSTOM_MODEL, 1)
    assert "commitmentDuration" not in bought


def test_a_deployment_is_of_the_custom_model(bedrock: FakeBedrock) -> None:
    make(HOSTS["onDemand"](bedrock.client))

    assert bedrock.created[0]["modelArn"] == CUSTOM_MODEL


def test_a_host_says_whose_it_is_and_until_when_it_may_live(bedrock: FakeBedrock, host: Host) -> None:
    created = make(host)

    (asked,) = bedrock.created
    assert created == Created(f"{ARN}1", CREATED.isoformat(), DEADLINE.isoformat())
    assert {tag["key"]: tag["value"] for tag in asked["tags"]} == {
        "bedrock-ft:app": "bedrock-ft",
        "bedrock-ft:execution-arn": EXECUTION,
        "bedrock-ft:deadline": DEADLINE.isoformat(),
    }


def test_one_whose_response_was_lost_is_found_and_no_second_one_made(bedrock: FakeBedrock, host: Host) -> None:
    # given
    bedrock.lost_responses = 1
    with pytest.raises(ReadTimeoutError):
        make(host)

    # when the task is tried again, a minute later
    created = make(host, CREATED + timedelta(minutes=1))

    assert len(bedrock.created) == 1
    assert (created.arn, created.created_at) == (f"{ARN}1", CREATED.isoformat())


@pytest.mark.parametrize(
    ("kind", "advice"), [("provisionedThroughput", "raise the quota"), ("onDemand", "At most two of an account")]
)
def test_a_quota_says_what_to_do_and_how_to_go_on(bedrock: FakeBedrock, kind: Hosting, advice: str) -> None:
    bedrock.refusal = "ServiceQuotaExceededException"
    host = HOSTS[kind](bedrock.client)

    with pytest.raises(host.error) as caught:
        make(host)

    for words in ("No room for you", advice, f'{{"customModelArn": "{CUSTOM_MODEL}"}}'):
        assert words in str(caught.value)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException", "ValidationException"])
def test_any_other_refusal_stays_what_it_is(bedrock: FakeBedrock, host: Host, code: str) -> None:
    bedrock.refusal = code

    with pytest.raises(ClientError, match=code):
        make(host)


def outcomes() -> Iterator[tuple[Hosting, str, int, bool | str]]:
    """Kind of host, status, minutes since its creation: whether it is in service, or with what it is given up."""
    for kind, host in HOSTS.items():
        yield kind, "Creating", 0, False
        yield kind, "Creating", 75, False
        yield kind, "Creating", 76, "is still Creating after 1:15:00; it is being deleted"
        yield kind, host.in_service, 10, True
        yield kind, host.in_service, 76, True
        yield kind, "Failed", 10, "failed: There is no capacity. Try again later."
    yield "provisionedThroughput", "Updating", 10, False
    yield "provisionedThroughput", "Updating", 76, "is still Updating after 1:15:00"


@pytest.mark.parametrize(("kind", "status", "minutes", "outcome"), list(outcomes()))
def test_every_status_has_its_outcome(
    bedrock: FakeBedrock, kind: Hosting, status: str, minutes: int, outcome: bool | str
) -> None:
    bedrock.holds(status=status, failureMessage="There is no capacity")
    host, now = HOSTS[kind](bedrock.client), CREATED + timedelta(minutes=minutes)

    if isinstance(outcome, bool):
        found = service(host, made(), now)
        assert (found.status, found.in_service) == (status, outcome)
        assert found.in_service_at == (now.isoformat() if outcome else None)
    else:
        with pytest.raises(host.error, match=outcome):
            service(host, made(), now)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [("provisionedThroughput", "ProvisionedModelStatus"), ("onDemand", "CustomModelDeploymentStatus")],
)
def test_every_status_that_bedrock_documents_is_in_the_table(kind: Hosting, shape: str) -> None:
    documented = botocore.session.get_session().get_service_model("bedrock").shape_for(shape)
    assert set(documented.metadata["enum"]) == {status for of_kind, status, _, _ in outcomes() if of_kind == kind}


def test_one_that_was_just_made_may_not_be_found_yet(host: Host) -> None:
    found = service(host, made(), CREATED + NOT_YET_VISIBLE - timedelta(seconds=1))

    assert not found.in_service


def test_one_that_somebody_deleted_is_not_waited_for(host: Host) -> None:
    with pytest.raises(host.error, match="is gone: it was deleted outside of this run"):
        service(host, made(), CREATED + NOT_YET_VISIBLE)


def test_the_limit_on_creation_is_longer_than_any_report_of_one() -> None:
    limits = [host.longest_creation for host in HOSTS.values()]
    assert timedelta(minutes=45) <= min(*limits, LIFE - ANSWERING_RESERVE)


@pytest.mark.parametrize(("life", "limit"), [(30, 15), (60, 45), (90, 75), (600, 75)])
def test_a_host_without_time_left_for_answers_is_given_up(
    bedrock: FakeBedrock, host: Host, life: int, limit: int
) -> None:
    bedrock.holds()
    created, at = made(timedelta(minutes=life)), CREATED + timedelta(minutes=limit)

    assert not service(host, created, at).in_service
    with pytest.raises(host.error, match="is being deleted"):
        service(host, created, at + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("given", "in_service", "ends"),
    [
        ({}, 15, 15 + 50),
        ({"answers": {"timeLimitMinutes": 2}}, 15, 15 + 2),
        # Before the deadline there is time for deleting it.
        ({}, 60, 90 - 5),
        ({"deadlineMinutes": 30}, 15, 30 - 5),
        ({"deadlineMinutes": 600, "answers": {"timeLimitMinutes": 500}}, 20, 20 + 500),
    ],
)
def test_answering_ends_by_its_limit_or_before_the_deadline(
    given: Mapping[str, Any], in_service: float, ends: float
) -> None:
    run = configured(given)
    created = {"deadline": (CREATED + run.host_life).isoformat()}
    in_service_at = {"inServiceAt": (CREATED + timedelta(minutes=in_service)).isoformat()}
    until = answering_ends(created, in_service_at, run)

    assert until == CREATED + timedelta(minutes=ends)
    assert until <= CREATED + run.host_life - DELETION_RESERVE


@pytest.mark.parametrize("errors", [[], ["ConflictException"], ["ValidationException", "ResourceNotFoundException"]])
def test_a_deletion_that_is_refused_is_asked_for_again(bedrock: FakeBedrock, host: Host, errors: list[str]) -> None:
    bedrock.holds()
    bedrock.deletion_errors = list(errors)

    # It is gone when Bedrock no longer knows it, not when Bedrock took the order.
    while found := host.find(NAME):
        deletion = delete(host, found, CREATED, since=CREATED)
        assert (deletion.gone, deletion.created_at) == (False, CREATED.isoformat())
    assert not bedrock.deletion_errors


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException", "AccessDeniedException"])
def test_a_deletion_that_did_not_get_through_is_an_error(bedrock: FakeBedrock, host: Host, code: str) -> None:
    bedrock.holds()
    bedrock.deletion_errors = [code]
    found = host.find(NAME)
    assert found

    with pytest.raises(ClientError, match=code):
        delete(host, found, CREATED, since=CREATED)


def test_after_an_hour_of_deleting_a_person_must_look(bedrock: FakeBedrock, host: Host) -> None:
    bedrock.holds()
    bedrock.deletion_errors = ["ConflictException"] * 3
    limit, found = CREATED + MAX_DELETION_DURATION, host.find(NAME)
    assert found

    assert delete(host, found, limit, since=CREATED).gone is False
    with pytest.raises(host.error, match="still there after deleting it for 1:00:00, and may cost money"):
        delete(host, found, limit + timedelta(seconds=1), since=CREATED)


Invoke = Callable[..., Mapping[str, Any]]


def configured(given: Mapping[str, Any]) -> RunConfig:
    shipped = {"bedrock-faq": {"training": "s3://a/1", "validation": "s3://a/2", "evaluation": "s3://a/3"}}
    return configure(given, base_model("claude-3-haiku"), shipped, "data", CREATED.isoformat())


def state(**given: object) -> dict[str, Any]:
    """After training: 10,000 tokens, 8 epochs."""
    return {
        "run": configured(given).to_json(),
        "dataset": {
            "training": {"tokens": 10_000},
            "evaluation": {"records": 48, "tokens": 3_000},
            "customModelAnswered": False,
        },
        "calibration": {"spent": {}},
        "baseScores": {"spent": {"inputPer1kTokens": 5.0, "outputPer1kTokens": 10.0, "judgeInputPer1kTokens": 20.0}},
        "job": {"customModelArn": CUSTOM_MODEL, "createdAt": CREATED.isoformat()},
        "training": {"epochs": 8},
    }


@dataclass(frozen=True)
class Handlers:
    """Of one kind of host."""

    create: Callable[..., Any]
    get: Callable[..., Any]
    delete: Callable[..., Any]


@pytest.fixture
def handlers(hosting: Hosting) -> Handlers:
    return {
        "provisionedThroughput": Handlers(
            create_provisioned_throughput.handler,
            get_provisioned_throughput.handler,
            delete_provisioned_throughput.handler,
        ),
        "onDemand": Handlers(
            create_custom_model_deployment.handler,
            get_custom_model_deployment.handler,
            delete_custom_model_deployment.handler,
        ),
    }[hosting]


def test_the_handlers_make_watch_and_delete_one_and_the_same_host(
    bedrock: FakeBedrock, handlers: Handlers, invoke: Invoke, clock: Clock
) -> None:
    # given a run whose create gets no answer
    bedrock.lost_responses = 1
    with pytest.raises(TransientError):
        invoke(handlers.create, state(), bedrock=bedrock)

    # when it is tried again, watched, and deleted
    created = {"host": invoke(handlers.create, state(), bedrock=bedrock)}
    watched = invoke(handlers.get, state() | created, bedrock=bedrock)
    asked = invoke(handlers.delete, created, bedrock=bedrock)
    clock.sleep(asked["waitSeconds"])
    gone = invoke(handlers.delete, created | {"deletion": asked}, bedrock=bedrock)

    assert len(bedrock.created) == 1
    assert (watched["status"], watched["inService"]) == ("Creating", False)
    assert (asked["gone"], gone["gone"]) == (False, True)
    assert gone["createdAt"] == CREATED.isoformat()
    assert datetime.fromisoformat(gone["at"]) - datetime.fromisoformat(gone["since"]) == timedelta(
        seconds=asked["waitSeconds"]
    )


def test_one_that_no_name_finds_yet_is_deleted_by_its_arn(
    bedrock: FakeBedrock, handlers: Handlers, invoke: Invoke
) -> None:
    created = invoke(handlers.create, state(), bedrock=bedrock)
    (name,) = bedrock.hosts
    bedrock.hosts["hidden"] = bedrock.hosts.pop(name)

    invoke(handlers.delete, {"host": created}, bedrock=bedrock)

    assert bedrock.hosts == {}


@pytest.mark.parametrize(("cleanup", "known"), [({}, {"at": "1"}), ("<html>", {"at": "1"}), ({"at": "2"}, {"at": "2"})])
def test_what_the_failure_path_learns_of_the_deletion_is_the_later_word_unless_it_is_broken(
    cleanup: object, known: Mapping[str, str]
) -> None:
    assert usable({"deletion": {"at": "1"}, "cleanup": cleanup}) == {"deletion": known}


def test_a_given_custom_model_is_the_one_that_is_hosted(bedrock: FakeBedrock, invoke: Invoke) -> None:
    given = "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.model:0:200k/abcdef123456"

    invoke(create_provisioned_throughput.handler, state(customModelArn=given), bedrock=bedrock)

    assert bedrock.created[0]["modelId"] == given


ONLY_TRAINING = {**dict.fromkeys(PRICE_UNITS, 0), "trainingPer1kTokens": 1}


@pytest.mark.parametrize(("limit", "bought"), [(212, True), (211.99, False)])
def test_what_training_really_took_leaves_enough_for_a_throughput_or_buys_none(
    bedrock: FakeBedrock, invoke: Invoke, limit: float, bought: bool
) -> None:
    # given 80,000 tokens trained on for $80, and a throughput for $132
    run = state(maxSpendUsd=limit, prices={**ONLY_TRAINING, "throughputPerHour": 132})

    if bought:
        invoke(create_provisioned_throughput.handler, run, bedrock=bedrock)
    else:
        with pytest.raises(OverBudgetError, match=r"cost \$80.00 so far, .* it would be \$212.00, and .* is \$211.99"):
            invoke(create_provisioned_throughput.handler, run, bedrock=bedrock)
    assert len(bedrock.created) == bought


def test_what_an_earlier_run_paid_for_training_is_not_this_runs(bedrock: FakeBedrock, invoke: Invoke) -> None:
    run = state(maxSpendUsd=132, prices={**ONLY_TRAINING, "throughputPerHour": 132})
    run["job"]["createdAt"] = (CREATED - timedelta(hours=3)).isoformat()

    invoke(create_provisioned_throughput.handler, run, bedrock=bedrock)

    assert len(bedrock.created) == 1


@pytest.fixture
def name(host: Host) -> str:
    """Of the run's host."""
    return host.name("claude-3-haiku", "first-run")


def test_since_when_it_was_there_is_known_also_where_the_answer_to_its_deletion_was_lost(
    bedrock: FakeBedrock, handlers: Handlers, invoke: Invoke, store: RunStore, clock: Clock, name: str
) -> None:
    # given a host that only a lost response made, and that a lost answer deleted
    bedrock.holds(name)
    invoke(handlers.delete, {}, bedrock=bedrock)
    assert read(store) == Record(CREATED.isoformat())

    # when the deletion is tried again, and then once more
    gone = invoke(handlers.delete, {}, bedrock=bedrock)
    clock.sleep(60)
    again = invoke(handlers.delete, {}, bedrock=bedrock)

    # then it is gone since it was first seen to be
    assert (gone["gone"], gone["createdAt"]) == (True, CREATED.isoformat())
    assert again["at"] == gone["at"]
    assert read(store) == Record(CREATED.isoformat(), gone["at"])


def test_what_is_gone_costs_nothing_while_the_run_goes_on_to_fail(
    bedrock: FakeBedrock, handlers: Handlers, invoke: Invoke, clock: Clock, name: str
) -> None:
    # given a host that went before a later state failed
    bedrock.holds(name)
    asked = invoke(handlers.delete, {}, bedrock=bedrock)
    gone = invoke(handlers.delete, {"deletion": asked}, bedrock=bedrock)

    # when the failure path makes sure of it, two hours later
    clock.sleep(7200)
    again = invoke(handlers.delete, {"deletion": gone}, bedrock=bedrock)

    assert again == gone


def test_a_host_that_is_there_again_is_deleted_again(
    bedrock: FakeBedrock, handlers: Handlers, invoke: Invoke, name: str
) -> None:
    gone = invoke(handlers.delete, {}, bedrock=bedrock)
    bedrock.holds(name)

    assert invoke(handlers.delete, {"deletion": gone}, bedrock=bedrock)["gone"] is False
    assert bedrock.hosts == {}


def test_a_run_that_never_had_one_has_nothing_to_delete_and_writes_nothing_down(
    bedrock: FakeBedrock, handlers: Handlers, invoke: Invoke, store: RunStore
) -> None:
    deletion = invoke(handlers.delete, {}, bedrock=bedrock)

    assert (deletion["gone"], deletion["createdAt"]) == (True, None)
    assert read(store) == Record()
