"""What must hold before money is spent: each problem alone, and several at once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import check_prerequisites
import pytest
from botocore.exceptions import ClientError
from finetuning.base_models import base_model
from finetuning.errors import PrerequisitesNotMetError, TransientError
from finetuning.prerequisites import QUOTA_NAME, Surroundings, problems
from finetuning.run_config import configure
from finetuning.services import Clock, Services

ROLE = "arn:aws:iam::123456789012:role/claude-3-haiku-ft-role"
HAIKU = base_model("claude-3-haiku")
JUDGE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
CUSTOM_MODEL = (
    "arn:aws:bedrock:us-west-2:123456789012:custom-model/anthropic.claude-3-haiku-20240307-v1:0:200k/abcdef123456"
)
STATEMENT: Mapping[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "bedrock.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnEquals": {"aws:SourceArn": "arn:aws:bedrock:us-west-2:123456789012:model-customization-job/*"},
    },
}


class AtDate:
    """A clock that stands still."""

    def __init__(self, year: int, month: int, day: int) -> None:
        self._now = datetime(year, month, day, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here waits, let alone {seconds} s")


@dataclass
class FakeAws:
    """An account in which a run can succeed, until a test breaks it. `refusals`: error code by what is asked for."""

    error: Callable[..., ClientError]
    refusals: dict[str, str] = field(default_factory=dict)
    lifecycle: str = "ACTIVE"
    customizations: list[str] | None = field(default_factory=lambda: ["FINE_TUNING"])
    custom_models_base: str = HAIKU.customization_id
    trust: object = field(default_factory=lambda: {"Statement": [STATEMENT]})
    quotas: dict[str, float] = field(default_factory=lambda: {"Another quota": 0.0, QUOTA_NAME: 1.0})

    defaults: dict[str, float] = field(default_factory=lambda: {QUOTA_NAME: 0.0})
    quotas_listed: dict[str, float] = field(default_factory=dict)

    def _check(self, service: str, asked: str) -> None:
        if asked in self.refusals:
            raise self.error(service, self.refusals[asked], f"about {asked}")

    def get_foundation_model(self, *, modelIdentifier: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's name
        self._check("bedrock", modelIdentifier)
        details: dict[str, Any] = {"modelId": modelIdentifier, "modelLifecycle": {"status": self.lifecycle}}
        # Only the id that a customization job takes can be customized.
        if self.customizations is not None:
            details["customizationsSupported"] = self.customizations if modelIdentifier.endswith("k") else []
        return {"modelDetails": details}

    def get_custom_model(self, *, modelIdentifier: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's name
        self._check("bedrock", modelIdentifier)
        return {"baseModelArn": f"arn:aws:bedrock:us-west-2::foundation-model/{self.custom_models_base}"}

    def head_object(self, *, Bucket: str, Key: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's names
        self._check("s3", f"s3://{Bucket}/{Key}")
        return {}

    def get_role(self, *, RoleName: str) -> Mapping[str, Any]:  # noqa: N803 - boto3's name
        self._check("iam", RoleName)
        return {"Role": {"AssumeRolePolicyDocument": self.trust}}

    def get_paginator(self, operation: str) -> "FakeAws":
        self.quotas_listed = {"list_service_quotas": self.quotas, "list_aws_default_service_quotas": self.defaults}[
            operation
        ]
        return self

    def paginate(self, *, ServiceCode: str) -> Iterator[Mapping[str, Any]]:  # noqa: N803 - boto3's name
        self._check("service-quotas", ServiceCode)
        for name, value in self.quotas_listed.items():
            yield {"Quotas": [{"QuotaName": name, "Value": value}]}

    def converse(self, **request: Any) -> Mapping[str, Any]:  # noqa: ANN401 - as boto3 has it
        self._check("bedrock-runtime", request["modelId"])
        return {}


@pytest.fixture
def aws(aws_error: Callable[..., ClientError]) -> FakeAws:
    return FakeAws(aws_error)


def surroundings(aws: FakeAws, clock: Clock | None = None, **execution_input: object) -> Surroundings:
    files = {file: f"s3://data/datasets/mine/{file}.jsonl" for file in ("training", "validation", "evaluation")}
    run = configure({"dataset": files, **execution_input}, HAIKU, {}, "data", "2026-02-01T09:00:00+00:00")
    services = Services(clock or AtDate(2026, 2, 1), "local")
    clients = ("s3", "bedrock", "bedrock_runtime", "iam", "service_quotas")
    vars(services).update(dict.fromkeys(clients, aws))
    return Surroundings(services, run, HAIKU, ROLE)


def found(aws: FakeAws, clock: Clock | None = None, **execution_input: object) -> list[str]:
    return list(problems(surroundings(aws, clock, **execution_input)))


def test_where_all_is_well_there_is_no_problem(aws: FakeAws) -> None:
    assert found(aws) == []
    assert found(aws, customModelArn=CUSTOM_MODEL) == []


@pytest.mark.parametrize(
    ("asked", "code", "problem"),
    [
        (HAIKU.customization_id, "ResourceNotFoundException", "The base model anthropic.claude-3-haiku"),
        (HAIKU.customization_id, "AccessDeniedException", "cannot be used (AccessDeniedException: about anthropic"),
        (
            HAIKU.inference_id,
            "AccessDeniedException",
            "The base model anthropic.claude-3-haiku-20240307-v1:0 cannot be",
        ),
        (JUDGE, "AccessDeniedException", f"The judge model {JUDGE} cannot be used"),
        (JUDGE, "ResourceNotFoundException", f"The judge model {JUDGE} cannot be found"),
        (JUDGE, "ValidationException", f"The judge model {JUDGE} cannot be used"),
        ("s3://data/datasets/mine/training.jsonl", "404", "The training data s3://data/datasets/mine/training.jsonl"),
        ("s3://data/datasets/mine/validation.jsonl", "403", "The validation data s3://data/datasets/mine/validation"),
        ("s3://data/datasets/mine/evaluation.jsonl", "404", "Upload it there, or name another dataset"),
        ("claude-3-haiku-ft-role", "NoSuchEntity", f"The service role {ROLE} cannot be found"),
        ("claude-3-haiku-ft-role", "AccessDenied", f"The service role {ROLE} cannot be used"),
        ("bedrock", "AccessDeniedException", "The list of Bedrock's quotas cannot be used"),
        (CUSTOM_MODEL, "ResourceNotFoundException", f"The custom model {CUSTOM_MODEL} cannot be found"),
    ],
)
def test_what_cannot_be_reached_is_named_with_what_to_do(aws: FakeAws, asked: str, code: str, problem: str) -> None:
    aws.refusals[asked] = code

    (only,) = found(aws, customModelArn=CUSTOM_MODEL)

    assert problem in only
    assert only.endswith(".")


@pytest.mark.parametrize(
    ("date", "problem"),
    [
        ((2026, 3, 9), None),
        ((2026, 3, 10), "Claude 3 Haiku is a Legacy model"),
        ((2026, 9, 9), "Claude 3 Haiku is a Legacy model"),
        ((2026, 9, 10), "Claude 3 Haiku reached its end of life on 2026-09-10."),
    ],
)
def test_the_life_cycle_is_the_calendars(aws: FakeAws, date: tuple[int, int, int], problem: str | None) -> None:
    listed = found(aws, AtDate(*date))

    if problem is None:
        assert listed == []
    else:
        (only,) = listed
        assert only.startswith(problem)
        assert "-c baseModel=nova-micro (us-east-1)" in only
        assert "claude-3-haiku (" not in only


def test_of_a_retired_model_people_hear_once(aws: FakeAws) -> None:
    aws.refusals[HAIKU.inference_id] = "ResourceNotFoundException"

    assert len(found(aws, AtDate(2026, 11, 22))) == 1


def test_bedrocks_word_on_a_legacy_model_counts_before_the_catalogue_knows(aws: FakeAws) -> None:
    aws.lifecycle = "LEGACY"

    assert "is a Legacy model" in found(aws)[0]


@pytest.mark.parametrize(("customizations", "count"), [(["FINE_TUNING"], 0), (["DISTILLATION"], 1), ([], 1), (None, 0)])
def test_a_model_that_bedrock_does_not_fine_tune_is_a_problem(
    aws: FakeAws, customizations: list[str] | None, count: int
) -> None:
    aws.customizations = customizations

    listed = found(aws)

    assert len(listed) == count
    assert all("Bedrock does not fine-tune Claude 3 Haiku in us-west-2" in problem for problem in listed)


@pytest.mark.parametrize(
    "statement",
    [
        {**STATEMENT, "Condition": {}},
        {key: value for key, value in STATEMENT.items() if key != "Condition"},
        {**STATEMENT, "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
        {**STATEMENT, "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:bedrock:*"}}},
        {**STATEMENT, "Principal": {"Service": "lambda.amazonaws.com"}},
        {**STATEMENT, "Principal": {"Service": "bedrock.amazonaws.com", "AWS": "*"}},
        {**STATEMENT, "Principal": "*"},
        {**STATEMENT, "Effect": "Deny"},
        {**STATEMENT, "Action": "sts:TagSession"},
        {"Effect": "Allow", "NotPrincipal": {"AWS": "*"}, "NotAction": "sts:*"},
    ],
)
def test_a_service_role_that_trusts_otherwise_is_a_problem(aws: FakeAws, statement: Mapping[str, Any]) -> None:
    for trust in ([statement], [STATEMENT, statement], statement):
        aws.trust = {"Statement": trust}

        (only,) = found(aws)

        assert f"The service role {ROLE} must trust bedrock.amazonaws.com alone" in only


def test_a_service_role_that_trusts_nobody_is_a_problem(aws: FakeAws) -> None:
    aws.trust = {"Statement": []}

    assert len(found(aws)) == 1


@pytest.mark.parametrize(
    "trust",
    [
        STATEMENT,
        [STATEMENT],
        [{**STATEMENT, "Sid": "BedrockOnly"}],
        {
            **STATEMENT,
            "Condition": {"StringEquals": {"AWS:SourceAccount": "123456789012"}, "ArnLike": {"aws:sourceArn": "arn:*"}},
        },
    ],
)
def test_a_trust_policy_may_be_written_in_every_way_that_iam_takes(aws: FakeAws, trust: object) -> None:
    aws.trust = {"Statement": trust}

    assert found(aws) == []


def test_a_quota_of_0_is_found_before_anything_is_paid(aws: FakeAws) -> None:
    aws.quotas[QUOTA_NAME] = 0

    (only,) = found(aws)

    assert f"The quota '{QUOTA_NAME}' is 0 in this account and region" in only
    assert "Ask AWS Support" in only


def test_every_problem_is_listed_at_once(aws: FakeAws) -> None:
    aws.quotas[QUOTA_NAME] = 0
    aws.trust = {"Statement": []}
    aws.refusals = {
        "s3://data/datasets/mine/training.jsonl": "404",
        "s3://data/datasets/mine/evaluation.jsonl": "403",
        HAIKU.inference_id: "AccessDeniedException",
        JUDGE: "AccessDeniedException",
        CUSTOM_MODEL: "ResourceNotFoundException",
    }

    listed = found(aws, customModelArn=CUSTOM_MODEL)

    subjects = [
        "training data",
        "evaluation data",
        "service role",
        "quota",
        "base model",
        "judge model",
        "custom model",
    ]
    assert len(listed) == len(subjects)
    assert all(subject in problem for subject, problem in zip(subjects, listed, strict=True))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (JUDGE, "ThrottlingException"),
        (HAIKU.customization_id, "InternalServerException"),
        ("s3://data/datasets/mine/training.jsonl", "503"),
        ("bedrock", "TooManyRequestsException"),
    ],
)
def test_what_may_pass_is_no_problem_of_the_account_and_goes_up(aws: FakeAws, asked: str, code: str) -> None:
    aws.refusals[asked] = code

    with pytest.raises(ClientError, match=code):
        found(aws)


Invoke = Callable[..., Mapping[str, Any]]


@pytest.fixture
def check(aws: FakeAws, invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Mapping[str, Any]]:
    """The whole task, as the state machine runs it."""
    monkeypatch.setenv("SERVICE_ROLE_ARN", ROLE)
    around = surroundings(aws)
    clients = {name: vars(around.services)[name] for name in ("s3", "bedrock", "bedrock_runtime", "iam")}
    state = {"run": around.run.to_json()}
    return lambda: invoke(check_prerequisites.handler, state, service_quotas=aws, **clients)


def test_the_task_passes_where_all_is_well(check: Callable[[], Mapping[str, Any]]) -> None:
    assert check() == {"warnings": []}


def test_a_quota_that_is_not_listed_is_a_warning(aws: FakeAws, check: Callable[[], Mapping[str, Any]]) -> None:
    del aws.quotas[QUOTA_NAME], aws.defaults[QUOTA_NAME]

    assert check() == {"warnings": [f"Service Quotas does not list '{QUOTA_NAME}', so it was not checked."]}


def test_what_is_not_documented_of_the_base_model_is_a_warning(
    check: Callable[..., Mapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BASE_MODEL", "nova-lite")

    (warning,) = check()["warnings"]

    assert "For Amazon Nova Lite AWS does not document everything" in warning
    assert "how many validation records it takes, if any; how large the files may be" in warning


def test_a_quota_that_was_never_changed_is_found_among_the_defaults(aws: FakeAws) -> None:
    del aws.quotas[QUOTA_NAME]

    (only,) = found(aws)

    assert "is 0 in this account and region" in only


def test_the_task_fails_with_all_that_must_change(aws: FakeAws, check: Callable[[], Mapping[str, Any]]) -> None:
    aws.quotas[QUOTA_NAME] = 0
    aws.refusals[JUDGE] = "AccessDeniedException"

    with pytest.raises(PrerequisitesNotMetError) as caught:
        check()

    first, *lines = str(caught.value).split("\n- ")
    assert first.endswith("nothing was spent:")
    assert len(lines) == 2


def test_the_task_is_tried_again_where_aws_was_busy(aws: FakeAws, check: Callable[[], Mapping[str, Any]]) -> None:
    aws.refusals[JUDGE] = "ThrottlingException"

    with pytest.raises(TransientError, match="ThrottlingException"):
        check()


def test_a_custom_model_of_another_base_model_is_refused(aws: FakeAws) -> None:
    aws.custom_models_base = "amazon.nova-lite-v1:0:300k"

    (only,) = found(aws, customModelArn=CUSTOM_MODEL)

    assert "was made from amazon.nova-lite-v1:0:300k, and this deployment is for Claude 3 Haiku" in only
