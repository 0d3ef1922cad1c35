"""What the guard removes: the decision, and the look at a Bedrock that fails and loses answers."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
import reap_throughput
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from finetuning import resume
from finetuning.base_models import base_model
from finetuning.errors import ReapIncompleteError
from finetuning.guard import ENDED, LONGEST_LIFE, NOT_FOUND, Kind, Reap, Reason, Resource, decide, own, past_deadline
from finetuning.run_config import configure
from finetuning.run_store import REAPED, RunStore
from finetuning.services import Clock, Services, services
from finetuning.tags import APP, APP_NAME, DEADLINE, OWNER, owner_tags
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

NOW = datetime(2026, 2, 1, 9, 0, tzinfo=UTC)
STATE_MACHINE = "arn:aws:states:us-west-2:123456789012:stateMachine:claude-3-haiku-ft-experiment"
EXECUTIONS = "arn:aws:states:us-west-2:123456789012:execution:claude-3-haiku-ft-experiment:"
OWNER_ARN = EXECUTIONS + "first-run"
ARN = "arn:aws:bedrock:us-west-2:123456789012:provisioned-model/abcdefghijkl"
MINUTE = timedelta(minutes=1)


def throughput(owner: str = OWNER_ARN, deadline: datetime | None = NOW + MINUTE, status: str = "InService") -> Resource:
    return Resource(Kind.THROUGHPUT, ARN, "throughput", owner, deadline, NOW - 30 * MINUTE, status)


def job(owner: str = OWNER_ARN, status: str = "InProgress") -> Resource:
    return Resource(Kind.JOB, "arn:job", "job", owner, None, NOW - 30 * MINUTE, status)


@pytest.mark.parametrize(
    ("resource", "execution", "reason"),
    [
        (throughput(), "RUNNING", None),
        (throughput(deadline=NOW + MINUTE), "PENDING_REDRIVE", None),
        (throughput(deadline=NOW), "RUNNING", Reason.PAST_DEADLINE),
        (throughput(deadline=NOW - MINUTE), "RUNNING", Reason.PAST_DEADLINE),
        (throughput(), "SUCCEEDED", Reason.EXECUTION_ENDED),
        (throughput(), "FAILED", Reason.EXECUTION_ENDED),
        (throughput(), "ABORTED", Reason.EXECUTION_ENDED),
        (throughput(), "TIMED_OUT", Reason.EXECUTION_ENDED),
        (throughput(), NOT_FOUND, Reason.EXECUTION_ENDED),
        (throughput(deadline=NOW - MINUTE), "ABORTED", Reason.EXECUTION_ENDED),
        # The execution could not be looked up: only the deadline counts.
        (throughput(), None, None),
        (throughput(deadline=NOW - MINUTE), None, Reason.PAST_DEADLINE),
        # Every status of a throughput costs.
        (throughput(status="Creating"), "ABORTED", Reason.EXECUTION_ENDED),
        (throughput(status="Failed"), "ABORTED", Reason.EXECUTION_ENDED),
        (throughput(status="Updating"), "ABORTED", Reason.EXECUTION_ENDED),
        # A deadline that cannot be read does not make a throughput live for ever.
        (throughput(deadline=None), "RUNNING", None),
        (job(), "RUNNING", None),
        (job(), "ABORTED", Reason.EXECUTION_ENDED),
        (job(), NOT_FOUND, Reason.EXECUTION_ENDED),
        (job(), None, None),
        (job(status="Completed"), "ABORTED", None),
        (job(status="Stopping"), "ABORTED", None),
        (job(status="Failed"), "TIMED_OUT", None),
    ],
)
def test_what_goes_and_why(resource: Resource, execution: str | None, reason: Reason | None) -> None:
    executions = {} if execution is None else {resource.owner: execution}

    assert decide([resource], executions, NOW) == ([] if reason is None else [Reap(resource, reason)])


def test_without_a_readable_deadline_the_longest_one_holds() -> None:
    unreadable = throughput(deadline=None)
    limit = unreadable.created_at + LONGEST_LIFE

    assert decide([unreadable], {OWNER_ARN: "RUNNING"}, limit - MINUTE) == []
    assert decide([unreadable], {OWNER_ARN: "RUNNING"}, limit) == [Reap(unreadable, Reason.PAST_DEADLINE)]


def test_what_costs_most_goes_first() -> None:
    decided = decide([job(), throughput(), job()], {OWNER_ARN: "ABORTED"}, NOW)

    assert [reap.resource.kind for reap in decided] == [Kind.THROUGHPUT, Kind.JOB, Kind.JOB]


def test_step_functions_has_no_other_way_to_end() -> None:
    shape = botocore.session.get_session().get_service_model("stepfunctions").shape_for("ExecutionStatus")

    assert set(shape.metadata["enum"]) - ENDED == {"RUNNING", "PENDING_REDRIVE"}


owners = st.sampled_from([EXECUTIONS + name for name in "abc"])
times = st.datetimes(datetime(2026, 1, 30), datetime(2026, 2, 3), timezones=st.just(UTC))
statuses = st.sampled_from(["RUNNING", *sorted(ENDED)])
resources = st.builds(
    Resource,
    kind=st.sampled_from(Kind),
    arn=st.uuids().map(str),
    name=st.just("any"),
    owner=owners,
    deadline=st.none() | times,
    created_at=times,
    status=st.sampled_from(["Creating", "InService", "Updating", "Failed", "InProgress", "Completed", "Stopping"]),
)


@given(st.lists(resources), st.dictionaries(owners, statuses), times)
def test_a_running_execution_keeps_what_it_has_until_the_deadline(
    found: list[Resource], executions: Mapping[str, str], now: datetime
) -> None:
    for reap in decide(found, executions, now):
        resource = reap.resource
        assert resource in found
        ended = executions.get(resource.owner) in ENDED
        late = resource.kind is not Kind.JOB and now >= (resource.deadline or resource.created_at + LONGEST_LIFE)
        assert ended or late


@given(st.lists(resources), st.dictionaries(owners, statuses), times)
def test_nothing_that_costs_outlives_its_execution_or_its_deadline(
    found: list[Resource], executions: Mapping[str, str], now: datetime
) -> None:
    kept = set(found) - {reap.resource for reap in decide(found, executions, now)}

    for resource in kept:
        if resource.kind is not Kind.JOB:
            assert executions.get(resource.owner) not in ENDED
            assert now < (resource.deadline or resource.created_at + LONGEST_LIFE)
        elif resource.status == "InProgress":
            assert executions.get(resource.owner) not in ENDED


@given(st.lists(resources), st.dictionaries(owners, statuses), times, st.randoms())
def test_order_and_repetition_make_no_difference(
    found: list[Resource],
    executions: Mapping[str, str],
    now: datetime,
    random: Any,  # noqa: ANN401
) -> None:
    shuffled = random.sample(found, len(found))

    assert set(decide(found, executions, now)) == set(decide([*shuffled, *found], executions, now))


@given(st.lists(resources), times)
def test_late_are_hosts_only_whoever_owns_them(found: list[Resource], now: datetime) -> None:
    assert past_deadline(found, now) == sum(reap.resource.kind is not Kind.JOB for reap in decide(found, {}, now))


def owned(tags: Mapping[str, str]) -> Resource | None:
    return own(
        Kind.THROUGHPUT, arn=ARN, name="any", status="InService", created_at=NOW, tags=tags, executions_of=EXECUTIONS
    )


@given(st.dictionaries(st.sampled_from([APP, OWNER, DEADLINE, "Name"]) | st.text(), st.text()))
def test_without_our_tags_nothing_is_ours(tags: dict[str, str]) -> None:
    resource = owned(tags)

    assert (resource is not None) == (tags.get(APP) == APP_NAME and tags.get(OWNER, "").startswith(EXECUTIONS))


@pytest.mark.parametrize(
    "owner",
    [
        "",
        "first-run",
        "arn:aws:states:us-west-2:123456789012:execution:nova-lite-ft-experiment:first-run",
        "arn:aws:states:us-west-2:123456789012:execution:claude-3-haiku-ft-experiment-2:first-run",
        "arn:aws:states:us-east-1:123456789012:execution:claude-3-haiku-ft-experiment:first-run",
    ],
)
def test_what_another_deployment_made_is_not_ours(owner: str) -> None:
    assert owned({APP: APP_NAME, OWNER: owner}) is None


@pytest.mark.parametrize(
    ("tag", "deadline"),
    [
        ("2026-02-01T10:30:00+00:00", datetime(2026, 2, 1, 10, 30, tzinfo=UTC)),
        ("2026-02-01T10:30:00", datetime(2026, 2, 1, 10, 30, tzinfo=UTC)),
        ("soon", None),
        ("", None),
    ],
)
def test_a_deadline_is_read_from_its_tag(tag: str, deadline: datetime | None) -> None:
    resource = owned({APP: APP_NAME, OWNER: OWNER_ARN, DEADLINE: tag})

    assert resource is not None
    assert resource.deadline == deadline


def test_what_a_task_tags_the_guard_recognizes() -> None:
    tags = {tag["key"]: tag["value"] for tag in owner_tags(OWNER_ARN, NOW)}

    resource = owned(tags)

    assert resource is not None
    assert (resource.owner, resource.deadline) == (OWNER_ARN, NOW)


AwsError = Callable[..., ClientError]


@dataclass
class Pages:
    """A paginator with one resource a page."""

    name: str
    summaries: Callable[[], list[dict[str, Any]]]

    def paginate(self, **_filters: str) -> Iterator[dict[str, Any]]:
        for summary in self.summaries():
            yield {self.name: [summary]}


@dataclass
class FakeBedrock:
    """Throughputs and jobs by ARN, each with its tags; `faults` are raised once by the call they are named for.

    A fault with effect stands for an answer that got lost: the call does its work first.
    """

    exceptions: object
    error: AwsError
    throughputs: dict[str, dict[str, str]] = field(default_factory=dict)
    jobs: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: dict[str, BaseException] = field(default_factory=dict)
    effective: bool = False
    lingering: bool = False
    job_status: str = "InProgress"
    deleted: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def get_paginator(self, operation: str) -> Pages:
        if operation == "list_provisioned_model_throughputs":
            return Pages("provisionedModelSummaries", lambda: self._listed(operation, "provisionedModel", "InService"))
        return Pages("modelCustomizationJobSummaries", lambda: self._listed(operation, "job", "InProgress"))

    def _listed(self, operation: str, prefix: str, status: str) -> list[dict[str, Any]]:
        self._fail(operation)
        arns = self.jobs if prefix == "job" else self.throughputs
        return [
            {f"{prefix}Arn": arn, f"{prefix}Name": "any", "status": status, "creationTime": NOW - 60 * MINUTE}
            for arn in arns
        ]

    def list_tags_for_resource(self, *, resourceARN: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self._fail(f"tags {resourceARN}")
        tags = {**self.throughputs, **self.jobs}[resourceARN]
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def delete_provisioned_model_throughput(self, *, provisionedModelId: str) -> None:  # noqa: N803 - boto3's name
        if not self.effective:
            self._fail(f"delete {provisionedModelId}")
        if provisionedModelId not in self.throughputs:
            raise self.error("bedrock", "ResourceNotFoundException", status=404)
        self.deleted.append(provisionedModelId)
        if not self.lingering:
            del self.throughputs[provisionedModelId]
        self._fail(f"delete {provisionedModelId}")

    def get_provisioned_model_throughput(self, *, provisionedModelId: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's
        self._fail(f"get {provisionedModelId}")
        found = self._listed("get", "provisionedModel", "InService")
        for throughput in found:
            if throughput["provisionedModelArn"] == provisionedModelId:
                return throughput
        raise self.error("bedrock", "ResourceNotFoundException", status=404)

    def stop_model_customization_job(self, *, jobIdentifier: str) -> None:  # noqa: N803 - boto3's name
        self._fail(f"stop {jobIdentifier}")
        self.stopped.append(jobIdentifier)

    def get_model_customization_job(self, *, jobIdentifier: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        return {"status": "Stopping" if jobIdentifier in self.stopped else self.job_status}

    def _fail(self, call: str) -> None:
        if call in self.faults:
            raise self.faults.pop(call)


@dataclass
class FakeStepFunctions:
    """Statuses by execution ARN. recent: what is listed of the last days; none lacks a report."""

    exceptions: object
    error: AwsError
    statuses: dict[str, str] = field(default_factory=dict)
    recent: list[dict[str, Any]] = field(default_factory=list)
    throttled: bool = False

    def describe_execution(self, *, executionArn: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        if self.throttled:
            raise self.error("stepfunctions", "ThrottlingException")
        if executionArn not in self.statuses:
            raise self.error("stepfunctions", "ExecutionDoesNotExist")
        return {"status": self.statuses[executionArn]}

    def get_paginator(self, _operation: str) -> Pages:
        return Pages("executions", lambda: self.recent)


@dataclass
class FakeSns:
    """before_publishing: what else happens then."""

    published: list[Mapping[str, str]] = field(default_factory=list)
    before_publishing: Callable[[], None] = lambda: None

    def publish(self, **message: str) -> None:
        self.before_publishing()
        self.published.append(message)


@dataclass
class World:
    bedrock: FakeBedrock
    stepfunctions: FakeStepFunctions
    sns: FakeSns
    look: Callable[[], Mapping[str, Any]]

    def holds_throughput(self, arn: str = ARN, owner: str = OWNER_ARN, deadline: datetime = NOW + MINUTE) -> str:
        self.bedrock.throughputs[arn] = {tag["key"]: tag["value"] for tag in owner_tags(owner, deadline)}
        return arn

    def runs(self, status: str) -> None:
        """The execution that owns what the world holds."""
        self.stepfunctions.statuses[OWNER_ARN] = status
        self.stepfunctions.recent = [{"executionArn": OWNER_ARN, "status": status, "startDate": NOW}]

    def holds_job(self, arn: str = "arn:job", owner: str = OWNER_ARN) -> str:
        self.bedrock.jobs[arn] = {tag["key"]: tag["value"] for tag in owner_tags(owner)}
        return arn


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch,
    clock: Clock,
    s3: "S3Client",
    aws_error: AwsError,
    aws_exceptions: Callable[[str], object],
) -> World:
    bedrock = FakeBedrock(aws_exceptions("bedrock"), aws_error)
    stepfunctions = FakeStepFunctions(aws_exceptions("stepfunctions"), aws_error)
    sns = FakeSns()
    for name, value in {"BASE_MODEL": "claude-3-haiku", "RESULTS_BUCKET": "results", "TOPIC_ARN": "topic"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("STATE_MACHINE_ARN", STATE_MACHINE)
    clients = {"bedrock": bedrock, "stepfunctions": stepfunctions, "s3_in_haste": s3, "sns": sns, "clock": clock}
    for name, client in clients.items():
        monkeypatch.setitem(vars(services), name, client)
    return World(bedrock, stepfunctions, sns, lambda: reap_throughput.handler({"detail-type": "Scheduled Event"}, None))


def test_what_an_aborted_execution_left_behind_is_removed_and_told(world: World, s3: "S3Client") -> None:
    world.holds_throughput()
    world.holds_job()
    world.stepfunctions.statuses[OWNER_ARN] = "ABORTED"

    found = world.look()

    assert (world.bedrock.deleted, world.bedrock.stopped) == ([ARN], ["arn:job"])
    assert [(removal["kind"], removal["outcome"], removal["usd"]) for removal in found["removals"]] == [
        ("throughput", "gone", 132.0),
        ("job", "asked", None),
    ]
    about_throughput, about_job = world.sns.published
    assert about_throughput["Subject"] == "bedrock-ft first-run: the guard removed a throughput"
    assert "its execution is no longer running" in about_throughput["Message"]
    assert "It lived 1 h 00 min, which cost about $132.00." in about_throughput["Message"]
    assert "$" not in about_job["Message"]
    key = "runs/first-run/reaped/20260201T080000Z-throughput.json"
    assert json.load(s3.get_object(Bucket="results", Key=key)["Body"])["usd"] == 132.0


def test_what_is_not_ours_is_not_touched(world: World) -> None:
    world.bedrock.throughputs["untagged"] = {}
    world.bedrock.throughputs["named-alike"] = {"Name": "claude-3-haiku-ft-pt-first-run"}
    world.bedrock.throughputs["other-app"] = {APP: "other", OWNER: OWNER_ARN}
    world.holds_throughput("other-deployment", owner=OWNER_ARN.replace("haiku", "sonnet"))
    world.stepfunctions.statuses[OWNER_ARN] = "ABORTED"

    assert world.look()["removals"] == []
    assert len(world.bedrock.throughputs) == 4


def test_a_running_execution_keeps_its_throughput_and_its_job(world: World) -> None:
    world.holds_throughput()
    world.holds_job()
    world.stepfunctions.statuses[OWNER_ARN] = "RUNNING"

    found = world.look()

    assert (found["throughputs"], found["jobs"], found["removals"]) == (1, 1, [])
    assert (world.bedrock.deleted, world.bedrock.stopped, world.sns.published) == ([], [], [])


def test_an_execution_that_step_functions_forgot_has_ended(world: World) -> None:
    world.holds_throughput()

    assert [removal["outcome"] for removal in world.look()["removals"]] == ["gone"]


def test_an_execution_that_cannot_be_looked_up_keeps_nothing_past_its_deadline_alive(world: World) -> None:
    late = world.holds_throughput("late", deadline=NOW)
    world.holds_throughput("in-time")
    world.stepfunctions.throttled = True

    with pytest.raises(ReapIncompleteError, match=r"look up .*first-run: .*Throttling"):
        world.look()

    assert world.bedrock.deleted == [late]


def test_one_thing_that_fails_keeps_nothing_else_alive(world: World, aws_error: AwsError) -> None:
    for arn in ("a", "b", "c", "d"):
        world.holds_throughput(arn)
    world.holds_job()
    world.bedrock.faults = {
        "delete a": aws_error("bedrock", "AccessDeniedException", status=403),
        "tags b": aws_error("bedrock", "ThrottlingException", status=429),
        "get d": aws_error("bedrock", "InternalServerException", status=500),
    }

    with pytest.raises(ReapIncompleteError) as caught:
        world.look()

    assert (world.bedrock.deleted, world.bedrock.stopped) == (["c", "d"], ["arn:job"])
    for problem in (
        "remove a: AccessDenied",
        "read the tags of b: Throttling",
        "see whether d is gone: InternalServer",
    ):
        assert problem in str(caught.value)
    # The next look finishes it.
    world.look()
    assert world.bedrock.throughputs == {}


@pytest.mark.parametrize("listing", ["list_provisioned_model_throughputs", "list_model_customization_jobs"])
def test_a_list_that_fails_does_not_hide_the_other(world: World, aws_error: AwsError, listing: str) -> None:
    world.holds_throughput()
    world.holds_job()
    world.bedrock.faults[listing] = aws_error("bedrock", "ThrottlingException", status=429)

    with pytest.raises(ReapIncompleteError):
        world.look()

    assert len(world.bedrock.deleted) + len(world.bedrock.stopped) == 1


@pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
def test_a_deletion_that_is_refused_is_asked_for_again_at_the_next_look(
    world: World, aws_error: AwsError, code: str
) -> None:
    world.holds_throughput()
    world.bedrock.faults[f"delete {ARN}"] = aws_error("bedrock", code)

    assert [removal["outcome"] for removal in world.look()["removals"]] == ["not yet"]
    assert world.sns.published == []
    assert [removal["outcome"] for removal in world.look()["removals"]] == ["gone"]
    assert len(world.sns.published) == 1


def test_a_deletion_whose_answer_was_lost_counts(world: World) -> None:
    world.holds_throughput()
    world.bedrock.effective = True
    world.bedrock.faults[f"delete {ARN}"] = ConnectionClosedError(endpoint_url="https://bedrock")

    assert [removal["outcome"] for removal in world.look()["removals"]] == ["gone"]
    assert len(world.sns.published) == 1


def test_what_takes_its_time_to_go_is_told_when_it_was_ordered_and_with_its_whole_cost_once_gone(
    world: World, clock: Clock, store: RunStore
) -> None:
    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.bedrock.lingering = True

    assert [removal["outcome"] for removal in (*world.look()["removals"], *world.look()["removals"])] == ["asked"] * 2
    assert len(world.sns.published) == 1
    clock.sleep(3600)
    del world.bedrock.throughputs[ARN]
    assert [removal["outcome"] for removal in (*world.look()["removals"], *world.look()["removals"])] == ["gone"]
    ordered, gone = (each["Message"] for each in world.sns.published)
    for message, said in ((ordered, "is on its way out"), (ordered, "$132.00"), (gone, "is gone"), (gone, "$264.00")):
        assert said in message
    assert (note_of(store)["outcome"], note_of(store)["usd"]) == ("gone", 264.0)


def test_what_was_said_to_be_gone_and_is_there_again_is_told_with_its_whole_cost(
    world: World, clock: Clock, store: RunStore, aws_error: AwsError
) -> None:
    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.bedrock.lingering = True
    world.bedrock.faults[f"get {ARN}"] = aws_error("bedrock", "ResourceNotFoundException", status=404)
    assert [removal["outcome"] for removal in world.look()["removals"]] == ["gone"]
    clock.sleep(1800)
    world.bedrock.faults[f"delete {ARN}"] = aws_error("bedrock", "ConflictException")
    assert [removal["outcome"] for removal in world.look()["removals"]] == ["not yet"]
    assert note_of(store)["outcome"] == "asked"
    clock.sleep(1800)
    del world.bedrock.throughputs[ARN]

    assert [removal["outcome"] for removal in (*world.look()["removals"], *world.look()["removals"])] == ["gone"]
    assert ["$132.00" in world.sns.published[0]["Message"], "$264.00" in world.sns.published[1]["Message"]] == [
        True
    ] * 2
    assert len(world.sns.published) == 2
    assert (note_of(store)["outcome"], note_of(store)["usd"]) == ("gone", 264.0)


def note_of(store: RunStore) -> Mapping[str, Any]:
    [key] = store.keys(REAPED)
    return store.read_json(key)


Once = Callable[[type, str, Callable[[], object]], None]


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Once:
    """Lets something happen before the next call of a method."""

    def happen_before(of: type, method: str, event: Callable[[], object]) -> None:
        original = getattr(of, method)

        def called(self: object, *given: object, **named: object) -> object:
            monkeypatch.setattr(of, method, original)
            event()
            return original(self, *given, **named)

        monkeypatch.setattr(of, method, called)

    return happen_before


@pytest.mark.parametrize(
    ("of", "method"),
    [(RunStore, "write_version"), (FakeBedrock, "delete_provisioned_model_throughput")],
    ids=["before the note", "before the order"],
)
@pytest.mark.parametrize("refused_earlier", [False, True])
def test_what_another_look_at_the_same_time_removes_and_tells_is_told_once(
    world: World, store: RunStore, before: Once, aws_error: AwsError, of: type, method: str, refused_earlier: bool
) -> None:
    world.holds_throughput()
    world.runs("SUCCEEDED")
    if refused_earlier:
        world.bedrock.faults[f"delete {ARN}"] = aws_error("bedrock", "ConflictException")
        world.look()
    before(of, method, world.look)

    for _ in range(2):
        assert world.look()["removals"] == []
    assert len(world.sns.published) == 1
    assert note_of(store)["outcome"] == "gone"


@pytest.mark.parametrize("code", ["ConflictException", "ThrottlingException"])
def test_what_another_look_at_the_same_time_ordered_is_told_to_its_end(
    world: World, store: RunStore, before: Once, clock: Clock, aws_error: AwsError, code: str
) -> None:
    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.bedrock.lingering = True

    def look_first() -> None:
        world.look()
        world.bedrock.faults[f"delete {ARN}"] = aws_error("bedrock", code)

    before(FakeBedrock, "delete_provisioned_model_throughput", look_first)
    with nullcontext() if code == "ConflictException" else pytest.raises(ReapIncompleteError):
        world.look()
    clock.sleep(3600)
    del world.bedrock.throughputs[ARN]

    for _ in range(2):
        world.look()
    assert ["is gone" in each["Message"] for each in world.sns.published] == [False, True]
    assert (note_of(store)["outcome"], note_of(store)["usd"]) == ("gone", 264.0)


@pytest.mark.parametrize("refused_earlier", [False, True])
def test_what_neither_bucket_nor_topic_took_while_the_guard_looked_is_told_later(
    world: World, before: Once, store: RunStore, aws_error: AwsError, refused_earlier: bool
) -> None:
    def fail() -> None:
        raise ReadTimeoutError(endpoint_url="https://s3")

    def fail_to_tell() -> None:
        raise aws_error("sns", "InternalErrorException", status=500)

    world.holds_throughput()
    world.runs("SUCCEEDED")
    if refused_earlier:
        world.bedrock.faults[f"delete {ARN}"] = aws_error("bedrock", "ConflictException")
        world.look()
    before(RunStore, "write_version", fail)
    world.sns.before_publishing = fail_to_tell
    with pytest.raises(ReapIncompleteError):
        world.look()
    world.sns.before_publishing = lambda: None
    assert (world.bedrock.deleted, world.sns.published) == ([ARN], [])

    for _ in range(2):
        world.look()
    assert len(world.sns.published) == 1
    assert (note_of(store)["outcome"], note_of(store)["told"]) == ("gone", True)


def test_what_a_bucket_does_not_take_is_told_all_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise ReadTimeoutError(endpoint_url="https://s3")

    world.holds_throughput()
    world.holds_job()
    monkeypatch.setattr(RunStore, "find_version", fail)
    monkeypatch.setattr(RunStore, "write_version", fail)
    with pytest.raises(ReapIncompleteError):
        world.look()

    assert len(world.sns.published) == 2


def test_a_deletion_of_which_nobody_can_say_whether_it_arrived_counts(world: World, aws_error: AwsError) -> None:
    world.holds_throughput()
    world.bedrock.effective = True
    world.bedrock.faults = {
        f"delete {ARN}": ConnectionClosedError(endpoint_url="https://bedrock"),
        f"get {ARN}": aws_error("bedrock", "InternalServerException", status=500),
    }

    with pytest.raises(ReapIncompleteError, match=r"see whether .* took its order: InternalServer"):
        world.look()

    assert len(world.sns.published) == 1
    assert world.bedrock.throughputs == {}


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_a_deletion_that_was_refused_does_not_count(world: World, aws_error: AwsError, code: str) -> None:
    world.holds_throughput()
    world.bedrock.faults = {
        f"delete {ARN}": aws_error("bedrock", code),
        f"get {ARN}": aws_error("bedrock", "InternalServerException", status=500),
    }

    with pytest.raises(ReapIncompleteError, match=f"remove .*: {code}"):
        world.look()

    assert world.sns.published == []


@pytest.mark.parametrize("lingering", [False, True])
def test_what_the_topic_did_not_take_is_told_later_as_it_was(
    world: World, clock: Clock, store: RunStore, aws_error: AwsError, lingering: bool
) -> None:
    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.bedrock.lingering = lingering

    def fail() -> None:
        raise aws_error("sns", "InternalErrorException", status=500)

    world.sns.before_publishing = fail
    with pytest.raises(ReapIncompleteError, match=r"tell of .*InternalError"):
        world.look()
    assert (world.sns.published, note_of(store)["told"]) == ([], False)
    world.sns.before_publishing = lambda: None
    clock.sleep(3600)

    world.look()
    world.look()
    [message] = [each["Message"] for each in world.sns.published]
    assert ("$264.00" if lingering else "$132.00") in message
    assert note_of(store)["told"]


def test_what_the_topic_did_not_take_from_another_look_at_the_same_time_is_told_later(
    world: World, before: Once, store: RunStore, aws_error: AwsError
) -> None:
    def look_in_vain() -> None:
        with pytest.raises(ReapIncompleteError, match=r"tell of .*InternalError"):
            world.look()
        world.sns.before_publishing = lambda: None

    def fail() -> None:
        raise aws_error("sns", "InternalErrorException", status=500)

    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.sns.before_publishing = fail
    before(FakeBedrock, "delete_provisioned_model_throughput", look_in_vain)

    for _ in range(2):
        world.look()
    assert len(world.sns.published) == 1
    assert (note_of(store)["outcome"], note_of(store)["told"]) == ("gone", True)


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ConflictException"])
def test_what_a_look_at_the_same_time_ordered_and_died_of_is_told_later(
    world: World, before: Once, clock: Clock, store: RunStore, aws_error: AwsError, code: str
) -> None:
    def die_of_order() -> None:
        clock.sleep(1)
        world.bedrock.effective = True
        world.bedrock.faults[f"delete {ARN}"] = SystemExit(1)
        with pytest.raises(SystemExit):
            world.look()
        world.bedrock.effective = False
        world.bedrock.faults[f"delete {ARN}"] = aws_error("bedrock", code)

    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.bedrock.lingering = code == "ConflictException"
    before(FakeBedrock, "delete_provisioned_model_throughput", die_of_order)
    world.look()
    world.bedrock.throughputs.clear()

    for _ in range(2):
        world.look()
    assert len(world.sns.published) == 1
    assert (note_of(store)["outcome"], note_of(store)["told"]) == ("gone", True)


@pytest.mark.parametrize("fault", [SystemExit(1), ConnectionClosedError(endpoint_url="https://bedrock")])
def test_what_was_said_to_be_gone_and_ordered_again_without_an_answer_is_told_with_its_whole_cost(
    world: World, clock: Clock, store: RunStore, aws_error: AwsError, fault: BaseException
) -> None:
    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.bedrock.lingering = world.bedrock.effective = True
    world.bedrock.faults[f"get {ARN}"] = aws_error("bedrock", "ResourceNotFoundException", status=404)
    world.look()
    clock.sleep(3600)
    world.bedrock.faults[f"delete {ARN}"] = fault
    with pytest.raises((SystemExit, ReapIncompleteError)):
        world.look()
    assert note_of(store)["outcome"] == "asked"
    world.bedrock.throughputs.clear()

    world.look()
    assert len(world.sns.published) == 2
    assert (note_of(store)["outcome"], note_of(store)["usd"]) == ("gone", 264.0)


def test_an_order_without_an_answer_is_noted_after_it_too(world: World, before: Once, store: RunStore) -> None:
    def fail() -> None:
        raise ReadTimeoutError(endpoint_url="https://s3")

    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.bedrock.lingering = world.bedrock.effective = True
    before(RunStore, "find_version", fail)
    world.bedrock.faults[f"delete {ARN}"] = ConnectionClosedError(endpoint_url="https://bedrock")
    with pytest.raises(ReapIncompleteError):
        world.look()
    assert note_of(store)["outcome"] == "ordered"
    world.bedrock.throughputs.clear()

    world.look()
    assert len(world.sns.published) == 1


def test_a_note_that_cannot_be_told_hides_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch, aws_error: AwsError
) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise aws_error("sns", "InternalErrorException", status=500)

    world.holds_throughput()
    world.runs("SUCCEEDED")
    world.bedrock.faults[f"stop {world.holds_job()}"] = ConnectionClosedError(endpoint_url="https://bedrock")
    world.sns.before_publishing = fail
    with pytest.raises(ReapIncompleteError):
        world.look()
    world.sns.before_publishing = lambda: None
    world.bedrock.jobs.clear()
    monkeypatch.setattr(FakeBedrock, "get_model_customization_job", fail)

    with pytest.raises(ReapIncompleteError, match=r"-job\.json of "):
        world.look()
    assert ["the guard removed a throughput" in each["Subject"] for each in world.sns.published] == [True]


def test_a_job_that_completed_before_its_order_arrived_is_not_told_as_stopped(world: World) -> None:
    world.runs("SUCCEEDED")
    job_arn = world.holds_job()
    world.bedrock.faults[f"stop {job_arn}"] = ConnectionClosedError(endpoint_url="https://bedrock")
    world.bedrock.job_status = "Completed"
    with pytest.raises(ReapIncompleteError):
        world.look()
    del world.bedrock.jobs[job_arn]

    assert world.look()["removals"] == []
    assert world.sns.published == []


def test_everything_is_removed_before_anything_is_told(world: World) -> None:
    world.holds_throughput()
    world.holds_job()
    seen: list[tuple[int, int]] = []
    world.sns.before_publishing = lambda: seen.append((len(world.bedrock.deleted), len(world.bedrock.stopped)))

    world.look()

    assert seen == [(1, 1)] * 2


def test_a_removal_that_the_guard_died_of_is_told_whatever_became_of_the_run(world: World) -> None:
    world.bedrock.faults[f"delete {world.holds_throughput()}"] = SystemExit(1)
    world.bedrock.effective = True
    with pytest.raises(SystemExit):
        world.look()
    assert (world.bedrock.deleted, world.sns.published) == ([ARN], [])
    world.runs("SUCCEEDED")

    for _ in range(2):
        world.look()

    assert [each["Subject"] for each in world.sns.published] == ["bedrock-ft first-run: the guard removed a throughput"]


REFUSED = pytest.mark.parametrize(
    ("code", "status"), [("ConflictException", 400), ("ResourceNotFoundException", 404), ("AccessDeniedException", 403)]
)


@REFUSED
def test_what_somebody_else_removed_is_not_told_as_the_guards_doing(
    world: World, aws_error: AwsError, code: str, status: int
) -> None:
    world.runs("RUNNING")
    world.bedrock.faults[f"delete {world.holds_throughput(deadline=NOW)}"] = aws_error("bedrock", code, status=status)
    with nullcontext() if code != "AccessDeniedException" else pytest.raises(ReapIncompleteError):
        world.look()
    del world.bedrock.throughputs[ARN]

    assert world.look()["removals"] == []
    assert world.sns.published == []


def test_a_job_that_ended_by_itself_is_not_told_as_stopped(world: World, aws_error: AwsError) -> None:
    world.runs("SUCCEEDED")
    job_arn = world.holds_job()
    world.bedrock.faults[f"stop {job_arn}"] = aws_error("bedrock", "ConflictException")
    world.look()
    del world.bedrock.jobs[job_arn]

    assert world.look()["removals"] == []
    assert world.sns.published == []


def test_an_order_that_arrived_without_an_answer_is_told_once_it_is_done(world: World) -> None:
    world.runs("SUCCEEDED")
    world.bedrock.effective = world.bedrock.lingering = True
    world.bedrock.faults[f"delete {world.holds_throughput()}"] = ConnectionClosedError(endpoint_url="https://bedrock")
    with pytest.raises(ReapIncompleteError):
        world.look()
    assert world.sns.published == []
    del world.bedrock.throughputs[ARN]

    assert [removal["outcome"] for removal in world.look()["removals"]] == ["gone"]
    assert len(world.sns.published) == 1


def test_what_is_not_listed_is_told_once_it_is_gone_and_no_sooner(world: World) -> None:
    world.runs("RUNNING")
    world.bedrock.effective = world.bedrock.lingering = True
    world.bedrock.faults[f"delete {world.holds_throughput(deadline=NOW)}"] = SystemExit(1)
    with pytest.raises(SystemExit):
        world.look()
    world.bedrock.throughputs[ARN] = {}

    assert world.look()["removals"] == []
    del world.bedrock.throughputs[ARN]
    assert [removal["outcome"] for removal in world.look()["removals"]] == ["gone"]
    assert len(world.sns.published) == 1


def test_a_bucket_that_takes_no_note_holds_up_one_call_and_no_removal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.holds_throughput()
    world.holds_job()
    calls: list[str] = []

    def hang(_store: RunStore, key: str) -> None:
        calls.append(key)
        if len(calls) == 1:
            raise ReadTimeoutError(endpoint_url="https://s3")

    monkeypatch.setattr(RunStore, "find_version", hang)
    with pytest.raises(ReapIncompleteError, match=r"note what is to be removed: ReadTimeout"):
        world.look()

    assert (len(world.bedrock.deleted), len(world.bedrock.stopped)) == (1, 1)
    assert len(world.sns.published) == 2


def test_a_bucket_that_is_slow_does_not_use_up_the_time_for_removals(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    arns = [world.holds_throughput(f"arn-{number}", OWNER_ARN + str(number)) for number in range(20)]
    looked_at, deleted_after = clock.now(), []
    find, delete = RunStore.find_version, FakeBedrock.delete_provisioned_model_throughput

    def find_slowly(store: RunStore, key: str) -> object:
        clock.sleep(9)
        return find(store, key)

    def delete_in_time(bedrock: FakeBedrock, provisionedModelId: str) -> None:  # noqa: N803 - boto3's name
        deleted_after.append(clock.now() - looked_at)
        delete(bedrock, provisionedModelId=provisionedModelId)

    monkeypatch.setattr(RunStore, "find_version", find_slowly)
    monkeypatch.setattr(FakeBedrock, "delete_provisioned_model_throughput", delete_in_time)
    with pytest.raises(ReapIncompleteError, match=r"note what is to be removed: TimeoutError"):
        world.look()

    assert world.bedrock.deleted == arns
    assert max(deleted_after) < 2 * MINUTE


def test_the_price_that_the_run_was_given_is_what_its_throughput_cost(world: World, store: RunStore) -> None:
    world.holds_throughput()
    files = dict.fromkeys(("training", "validation", "evaluation"), "s3://data/file.jsonl")
    execution_input = {"prices": {"throughputPerHour": 50.0}}
    run = configure(
        execution_input, base_model("claude-3-haiku"), {"bedrock-faq": files}, "data", "2026-02-01T09:00:00+00:00"
    )
    resume.leave(store, OWNER_ARN, run, {})

    assert [removal["usd"] for removal in world.look()["removals"]] == [50.0]
    assert "which cost about $50.00" in world.sns.published[0]["Message"]


def test_where_the_price_that_the_run_was_given_cannot_be_read_the_catalogues_is_told(
    world: World, before: Once
) -> None:
    def fail() -> None:
        raise ReadTimeoutError(endpoint_url="https://s3")

    world.holds_throughput()
    before(RunStore, "find_json", fail)
    with pytest.raises(ReapIncompleteError, match="read the price of"):
        world.look()

    assert "which cost about $132.00" in world.sns.published[0]["Message"]


def test_a_call_that_hangs_leaves_time_for_the_others() -> None:
    here = Services()

    for client in (here.bedrock, here.stepfunctions, here.s3_in_haste, here.sns):
        config: Any = client.meta.config
        assert config.connect_timeout == config.read_timeout == 10


@pytest.mark.parametrize("code", ["ConflictException", "ResourceNotFoundException"])
def test_a_job_that_has_ended_since_is_left_alone(world: World, aws_error: AwsError, code: str) -> None:
    world.holds_job()
    world.bedrock.faults["stop arn:job"] = aws_error("bedrock", code)

    assert world.look()["removals"] == []


def test_what_another_look_has_removed_since_is_left_alone(world: World, aws_error: AwsError) -> None:
    world.holds_throughput()
    world.bedrock.faults[f"delete {ARN}"] = aws_error("bedrock", "ResourceNotFoundException", status=404)

    assert world.look()["removals"] == []
    assert world.sns.published == []


def test_the_log_counts_what_is_late(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.holds_throughput("late", deadline=NOW)
    world.holds_throughput("in-time")
    world.stepfunctions.statuses[OWNER_ARN] = "RUNNING"

    with caplog.at_level("INFO"):
        world.look()

    (looked,) = [vars(record) for record in caplog.records if record.message == "looked"]
    assert looked["hostsPastDeadline"] == 1
