"""Provisioned Throughput, against a Bedrock that loses responses, refuses deletions and takes its time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import botocore.session
import create_provisioned_throughput
import delete_provisioned_throughput
import get_provisioned_throughput
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from finetuning.base_models import PRICE_UNITS, base_model
from finetuning.errors import OverBudgetError, ProvisionedThroughputError, TransientError
from finetuning.run_config import RunConfig, configure
from finetuning.services import Clock
from finetuning.task import usable
from finetuning.throughput import (
    ANSWERING_RESERVE,
    DELETION_RESERVE,
    MAX_CREATION_DURATION,
    MAX_DELETION_DURATION,
    ThroughputStatus,
    answering_ends,
    create,
    delete,
    get,
)

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient

CREATED = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
NAME = "claude-3-haiku-ft-pt-first-run"
ARN = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abc"
CUSTOM_MODEL = "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.model/abc"
LIFE = timedelta(minutes=90)
DEADLINE = CREATED + LIFE
EXECUTION = "arn:aws:states:us-west-2:123456789012:execution:experiment:first-run"

AwsError = Callable[..., ClientError]


@dataclass
class FakeBedrock:
    """At most one throughput of a name. `deletion_errors` are answered first, before a deletion works."""

    error: AwsError
    exceptions: object
    lost_responses: int = 0
    refusal: str | None = None
    deletion_errors: list[str] = field(default_factory=list)
    purchases: list[dict[str, Any]] = field(default_factory=list)
    throughputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def client(self) -> "BedrockClient":
        return cast("BedrockClient", self)

    def holds(self, status: str = "Creating", **others: object) -> None:
        arn = f"{ARN}{len(self.purchases)}"
        self.throughputs[NAME] = {"provisionedModelArn": arn, "status": status, "creationTime": CREATED, **others}

    def create_provisioned_model_throughput(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        if self.refusal:
            raise self.error("bedrock", self.refusal, "No model units for you.")
        self.purchases.append(request)
        self.holds()
        if self.lost_responses:
            self.lost_responses -= 1
            raise ReadTimeoutError(endpoint_url="https://bedrock")
        return self.throughputs[NAME]

    def get_provisioned_model_throughput(self, *, provisionedModelId: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's
        for name, throughput in self.throughputs.items():
            if provisionedModelId in (name, throughput["provisionedModelArn"]):
                return throughput
        raise self.error("bedrock", "ResourceNotFoundException")

    def delete_provisioned_model_throughput(self, *, provisionedModelId: str) -> None:  # noqa: N803 - boto3's name
        if self.deletion_errors:
            raise self.error("bedrock", self.deletion_errors.pop(0), "Not now.")
        self.throughputs = {
            name: throughput
            for name, throughput in self.throughputs.items()
            if throughput["provisionedModelArn"] != provisionedModelId
        }


@pytest.fixture
def bedrock(aws_error: AwsError, aws_exceptions: Callable[[str], object]) -> FakeBedrock:
    return FakeBedrock(aws_error, aws_exceptions("bedrock"))


def test_one_unit_is_bought_without_commitment_and_says_whose_it_is(bedrock: FakeBedrock) -> None:
    throughput = create(bedrock.client, NAME, CUSTOM_MODEL, EXECUTION, now=CREATED, deadline=DEADLINE)

    (bought,) = bedrock.purchases
    assert (throughput.arn, throughput.status) == (ARN + "1", ThroughputStatus.CREATING)
    assert throughput.created_at == CREATED.isoformat()
    assert (bought["modelId"], bought["modelUnits"]) == (CUSTOM_MODEL, 1)
    assert "commitmentDuration" not in bought
    assert {tag["key"]: tag["value"] for tag in bought["tags"]} == {
        "bedrock-ft:app": "bedrock-ft",
        "bedrock-ft:execution-arn": EXECUTION,
        "bedrock-ft:deadline": DEADLINE.isoformat(),
    }


def test_a_throughput_whose_response_was_lost_is_found_and_no_second_one_bought(bedrock: FakeBedrock) -> None:
    # given
    bedrock.lost_responses = 1
    with pytest.raises(ReadTimeoutError):
        create(bedrock.client, NAME, CUSTOM_MODEL, EXECUTION, now=CREATED, deadline=DEADLINE)

    # when the task is tried again, a minute later
    throughput = create(
        bedrock.client, NAME, CUSTOM_MODEL, EXECUTION, now=CREATED + timedelta(minutes=1), deadline=DEADLINE
    )

    assert len(bedrock.purchases) == 1
    assert throughput.arn == ARN + "1"
    assert throughput.created_at == CREATED.isoformat()


def test_a_quota_of_0_says_what_to_ask_for_and_how_to_go_on(bedrock: FakeBedrock) -> None:
    bedrock.refusal = "ServiceQuotaExceededException"

    with pytest.raises(ProvisionedThroughputError) as caught:
        create(bedrock.client, NAME, CUSTOM_MODEL, EXECUTION, now=CREATED, deadline=DEADLINE)

    assert "No model units for you" in str(caught.value)
    assert "raise the quota" in str(caught.value)
    assert f'{{"customModelArn": "{CUSTOM_MODEL}"}}' in str(caught.value)


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException", "ValidationException"])
def test_any_other_refusal_stays_what_it_is(bedrock: FakeBedrock, code: str) -> None:
    bedrock.refusal = code

    with pytest.raises(ClientError, match=code):
        create(bedrock.client, NAME, CUSTOM_MODEL, EXECUTION, now=CREATED, deadline=DEADLINE)


@pytest.mark.parametrize(
    ("status", "minutes", "outcome"),
    [
        ("Creating", 0, ThroughputStatus.CREATING),
        ("Creating", 75, ThroughputStatus.CREATING),
        ("Creating", 76, "is still Creating after 1:15:00; it is being deleted"),
        ("Updating", 10, ThroughputStatus.UPDATING),
        ("Updating", 76, "is still Updating after 1:15:00"),
        ("InService", 10, ThroughputStatus.IN_SERVICE),
        ("InService", 76, ThroughputStatus.IN_SERVICE),
        ("Failed", 10, "failed: There is no capacity. Try again later."),
    ],
)
def test_every_status_has_its_outcome(bedrock: FakeBedrock, status: str, minutes: int, outcome: str) -> None:
    bedrock.holds(status, failureMessage="There is no capacity")
    now = CREATED + timedelta(minutes=minutes)

    if isinstance(outcome, ThroughputStatus):
        found = get(bedrock.client, NAME, now, DEADLINE)
        assert found.status is outcome
        assert found.in_service_at == (now.isoformat() if outcome is ThroughputStatus.IN_SERVICE else None)
    else:
        with pytest.raises(ProvisionedThroughputError, match=outcome):
            get(bedrock.client, NAME, now, DEADLINE)


def test_every_status_that_bedrock_documents_is_known() -> None:
    shape = botocore.session.get_session().get_service_model("bedrock").shape_for("ProvisionedModelStatus")
    assert set(shape.metadata["enum"]) == {status.value for status in ThroughputStatus}


def test_the_limit_on_creation_is_longer_than_any_report_of_one() -> None:
    assert timedelta(minutes=45) <= min(MAX_CREATION_DURATION, LIFE - ANSWERING_RESERVE)


@pytest.mark.parametrize(("life", "limit"), [(30, 15), (60, 45), (90, 75), (600, 75)])
def test_a_throughput_without_time_left_for_answers_is_given_up(bedrock: FakeBedrock, life: int, limit: int) -> None:
    bedrock.holds()
    at = CREATED + timedelta(minutes=limit)

    assert get(bedrock.client, NAME, at, CREATED + timedelta(minutes=life)).status is ThroughputStatus.CREATING
    with pytest.raises(ProvisionedThroughputError, match="is being deleted"):
        get(bedrock.client, NAME, at + timedelta(seconds=1), CREATED + timedelta(minutes=life))


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
    throughput = {
        "deadline": (CREATED + run.throughput_life).isoformat(),
        "inServiceAt": (CREATED + timedelta(minutes=in_service)).isoformat(),
    }

    assert answering_ends(throughput, run) == CREATED + timedelta(minutes=ends)
    assert answering_ends(throughput, run) <= CREATED + run.throughput_life - DELETION_RESERVE


def test_where_there_is_none_it_is_gone(bedrock: FakeBedrock) -> None:
    deletion = delete(bedrock.client, NAME, CREATED, since=CREATED)

    assert (deletion.gone, deletion.created_at) == (True, None)


@pytest.mark.parametrize(
    "errors",
    [
        [],
        ["ConflictException"],
        ["ValidationException", "ConflictException"],
        ["ResourceNotFoundException"],
    ],
)
@pytest.mark.parametrize("status", ["Creating", "InService", "Failed"])
def test_it_is_deleted_as_soon_as_bedrock_allows_and_only_then_gone(
    bedrock: FakeBedrock, status: str, errors: list[str]
) -> None:
    # given a throughput that cannot be deleted at first
    bedrock.holds(status)
    bedrock.deletion_errors = list(errors)

    # when it is deleted again and again
    attempts = [delete(bedrock.client, NAME, CREATED, since=CREATED) for _ in range(len(errors) + 2)]

    # then it is gone when Bedrock no longer knows it, not when Bedrock took the order
    assert [attempt.gone for attempt in attempts] == [False] * (len(errors) + 1) + [True]
    assert {attempt.created_at for attempt in attempts[:-1]} == {CREATED.isoformat()}
    assert bedrock.throughputs == {}


@pytest.mark.parametrize("code", ["ThrottlingException", "InternalServerException", "AccessDeniedException"])
def test_a_deletion_that_did_not_get_through_is_an_error(bedrock: FakeBedrock, code: str) -> None:
    bedrock.holds()
    bedrock.deletion_errors = [code]

    with pytest.raises(ClientError, match=code):
        delete(bedrock.client, NAME, CREATED, since=CREATED)


def test_after_an_hour_of_deleting_a_person_must_look(bedrock: FakeBedrock) -> None:
    bedrock.holds()
    bedrock.deletion_errors = ["ConflictException"] * 3
    limit = CREATED + MAX_DELETION_DURATION

    assert delete(bedrock.client, NAME, limit, since=CREATED).gone is False
    with pytest.raises(ProvisionedThroughputError, match="still there after deleting it for 1:00:00, and costs by the"):
        delete(bedrock.client, NAME, limit + timedelta(seconds=1), since=CREATED)


def test_what_a_lost_response_created_is_deleted_too(bedrock: FakeBedrock) -> None:
    bedrock.lost_responses = 1
    with pytest.raises(ReadTimeoutError):
        create(bedrock.client, NAME, CUSTOM_MODEL, EXECUTION, now=CREATED, deadline=DEADLINE)

    delete(bedrock.client, NAME, CREATED, since=CREATED)

    assert bedrock.throughputs == {}


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


def test_the_handlers_buy_watch_and_delete_one_and_the_same_throughput(
    bedrock: FakeBedrock, invoke: Invoke, clock: Clock
) -> None:
    # given a run whose create gets no answer
    bedrock.lost_responses = 1
    with pytest.raises(TransientError):
        invoke(create_provisioned_throughput.handler, state(), bedrock=bedrock)

    # when it is tried again, watched, and deleted
    bought = invoke(create_provisioned_throughput.handler, state(), bedrock=bedrock)
    watched = invoke(get_provisioned_throughput.handler, state() | {"throughput": bought}, bedrock=bedrock)
    asked = invoke(delete_provisioned_throughput.handler, {"throughput": watched}, bedrock=bedrock)
    clock.sleep(asked["waitSeconds"])
    gone = invoke(delete_provisioned_throughput.handler, {"throughput": watched, "deletion": asked}, bedrock=bedrock)

    assert [purchase["modelId"] for purchase in bedrock.purchases] == [CUSTOM_MODEL]
    assert (watched["arn"], watched["status"]) == (bought["arn"], "Creating")
    assert (asked["gone"], gone["gone"]) == (False, True)
    assert gone["createdAt"] == CREATED.isoformat()
    assert datetime.fromisoformat(gone["at"]) - datetime.fromisoformat(gone["since"]) == timedelta(
        seconds=asked["waitSeconds"]
    )


def test_one_that_no_name_finds_yet_is_deleted_by_its_arn(bedrock: FakeBedrock, invoke: Invoke) -> None:
    bought = invoke(create_provisioned_throughput.handler, state(), bedrock=bedrock)
    bedrock.throughputs["hidden"] = bedrock.throughputs.pop(NAME)

    invoke(delete_provisioned_throughput.handler, {"throughput": bought}, bedrock=bedrock)

    assert bedrock.throughputs == {}


@pytest.mark.parametrize(("cleanup", "known"), [({}, {"at": "1"}), ("<html>", {"at": "1"}), ({"at": "2"}, {"at": "2"})])
def test_what_the_failure_path_learns_of_the_deletion_is_the_later_word_unless_it_is_broken(
    cleanup: object, known: Mapping[str, str]
) -> None:
    assert usable({"deletion": {"at": "1"}, "cleanup": cleanup}) == {"deletion": known}


def test_a_given_custom_model_is_the_one_that_is_hosted(bedrock: FakeBedrock, invoke: Invoke) -> None:
    given = "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.model:0:200k/abcdef123456"

    invoke(create_provisioned_throughput.handler, state(customModelArn=given), bedrock=bedrock)

    assert bedrock.purchases[0]["modelId"] == given


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
    assert len(bedrock.purchases) == bought


def test_what_an_earlier_run_paid_for_training_is_not_this_runs(bedrock: FakeBedrock, invoke: Invoke) -> None:
    run = state(maxSpendUsd=132, prices={**ONLY_TRAINING, "throughputPerHour": 132})
    run["job"]["createdAt"] = (CREATED - timedelta(hours=3)).isoformat()

    invoke(create_provisioned_throughput.handler, run, bedrock=bedrock)

    assert len(bedrock.purchases) == 1


def test_since_when_it_was_there_is_known_where_only_a_lost_response_made_it(
    bedrock: FakeBedrock, invoke: Invoke
) -> None:
    bedrock.holds()

    asked = invoke(delete_provisioned_throughput.handler, {}, bedrock=bedrock)
    gone = invoke(delete_provisioned_throughput.handler, {"deletion": asked}, bedrock=bedrock)

    assert (gone["gone"], gone["createdAt"]) == (True, CREATED.isoformat())


def test_what_is_gone_costs_nothing_while_the_run_goes_on_to_fail(
    bedrock: FakeBedrock, invoke: Invoke, clock: Clock
) -> None:
    # given a throughput that went before a later state failed
    bedrock.holds()
    asked = invoke(delete_provisioned_throughput.handler, {}, bedrock=bedrock)
    gone = invoke(delete_provisioned_throughput.handler, {"deletion": asked}, bedrock=bedrock)

    # when the failure path makes sure of it, two hours later
    clock.sleep(7200)
    again = invoke(delete_provisioned_throughput.handler, {"deletion": gone}, bedrock=bedrock)

    assert again == gone


def test_a_throughput_that_is_there_again_is_deleted_again(bedrock: FakeBedrock, invoke: Invoke) -> None:
    gone = invoke(delete_provisioned_throughput.handler, {}, bedrock=bedrock)
    bedrock.holds()

    assert invoke(delete_provisioned_throughput.handler, {"deletion": gone}, bedrock=bedrock)["gone"] is False
    assert bedrock.throughputs == {}


def test_a_run_that_never_had_one_has_nothing_to_delete(bedrock: FakeBedrock, invoke: Invoke) -> None:
    deletion = invoke(delete_provisioned_throughput.handler, {}, bedrock=bedrock)

    assert (deletion["gone"], deletion["createdAt"]) == (True, None)
