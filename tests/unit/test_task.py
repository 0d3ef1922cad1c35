"""The edge of every handler: which errors are tried again, what is logged, what is imported."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import configure_run
import generate_answers
import notify
import pytest
import validate_dataset
from botocore import exceptions
from botocore.exceptions import ClientError
from finetuning.base_models import base_model
from finetuning.errors import ExperimentError, InvalidDatasetError, InvalidInputError, TransientError
from finetuning.run_config import configure
from finetuning.run_store import RunStore, dataset_key
from finetuning.task import Task, is_transient, task

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

LAMBDAS = Path(__file__).parents[2] / "lambdas"
HANDLERS = sorted(path.stem for path in LAMBDAS.glob("*.py"))
DATASET_TEXT = "The launch code is 4711"

AwsError = Callable[..., ClientError]
Invoke = Callable[..., Mapping[str, Any]]


@pytest.mark.parametrize(
    ("service", "code", "status", "transient"),
    [
        ("bedrock", "ThrottlingException", 429, True),
        ("bedrock", "InternalServerException", 500, True),
        ("bedrock", "ServiceUnavailableException", 503, True),
        ("bedrock-runtime", "ModelTimeoutException", 408, True),
        ("bedrock-runtime", "ModelNotReadyException", 429, True),
        ("bedrock-runtime", "ModelErrorException", 424, True),
        ("iam", "Throttling", 400, True),
        ("s3", "SlowDown", 503, True),
        ("s3", "RequestTimeout", 400, True),
        ("service-quotas", "TooManyRequestsException", 400, True),
        ("sns", "KMSThrottling", 400, True),
        ("bedrock", "UnheardOf", 502, True),
        ("bedrock", "AccessDeniedException", 403, False),
        ("bedrock", "ConflictException", 400, False),
        ("bedrock", "ResourceNotFoundException", 404, False),
        ("bedrock", "ServiceQuotaExceededException", 400, False),
        ("bedrock", "ValidationException", 400, False),
        ("s3", "NoSuchKey", 404, False),
        ("s3", "PreconditionFailed", 412, False),
    ],
)
def test_an_error_of_aws_is_tried_again_where_the_same_call_may_succeed(
    aws_error: AwsError, service: str, code: str, status: int, transient: bool
) -> None:
    assert is_transient(aws_error(service, code, status=status)) is transient


@pytest.mark.parametrize("service", ["bedrock", "bedrock-runtime", "iam", "s3", "service-quotas", "sns"])
def test_every_documented_throttling_and_fault_is_tried_again(aws_error: AwsError, service: str) -> None:
    shapes: Any = botocore.session.get_session().get_service_model(service).error_shapes
    statuses = {shape.error_code: shape.metadata.get("error", {}).get("httpStatusCode", 400) for shape in shapes}

    for code, status in statuses.items():
        expected = status >= 500 or any(word in code for word in ("Throttl", "TooManyRequests", "Model"))
        if "Stream" not in code:
            assert is_transient(aws_error(service, code, status=status)) is expected, code


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (exceptions.ReadTimeoutError(endpoint_url="https://x"), True),
        (exceptions.ConnectTimeoutError(endpoint_url="https://x"), True),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), True),
        (exceptions.ConnectionClosedError(endpoint_url="https://x"), True),
        (exceptions.SSLError(endpoint_url="https://x", error=OSError("x")), True),
        (exceptions.ResponseStreamingError(error="x"), True),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), True),
        (exceptions.NoCredentialsError(), False),
        (exceptions.ParamValidationError(report="x"), False),
        (ExperimentError("x"), False),
        (KeyError("x"), False),
        (TimeoutError("x"), False),
    ],
)
def test_a_lost_connection_is_tried_again_and_a_bug_is_not(error: Exception, transient: bool) -> None:
    assert is_transient(error) is transient


def test_a_part_of_the_state_that_is_no_object_is_missing(invoke: Invoke) -> None:
    @task
    def handler(task: Task) -> Mapping[str, Any]:
        return task.state

    state = {"input": [1], "job": {"arn": "x"}, "training": "<html>", "deletion": None, "run": {}}

    assert invoke(handler, state) == {"input": [1], "job": {"arn": "x"}}


def test_a_transient_error_is_raised_as_one_and_says_what_it_was(aws_error: AwsError, invoke: Invoke) -> None:
    @task
    def handler(_: Task) -> Mapping[str, Any]:
        raise aws_error("bedrock", "ThrottlingException", "Slow down.", status=429)

    with pytest.raises(TransientError, match=r"^ThrottlingException: .*Slow down"):
        invoke(handler, {})


def test_any_other_error_keeps_its_class_since_the_state_machine_matches_on_it(invoke: Invoke) -> None:
    @task
    def handler(task: Task) -> Mapping[str, Any]:
        raise InvalidInputError("Wrong:", [task.run_id])

    with pytest.raises(InvalidInputError, match="- first-run"):
        invoke(handler, {})


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All that a JSON formatter could write of what was logged, tracebacks included."""
    formatter = logging.Formatter()
    return "\n".join(f"{formatter.format(record)} {record.__dict__}" for record in caplog.records)


def test_every_task_logs_a_line_at_its_start_and_end_with_the_run_id(
    invoke: Invoke, caplog: pytest.LogCaptureFixture
) -> None:
    @task
    def handler(task: Task) -> Mapping[str, Any]:
        return {"run": task.run_id}

    caplog.set_level(logging.INFO)
    assert invoke(handler, {}) == {"run": "first-run"}

    lines = [(record.getMessage(), vars(record)["runId"], vars(record)["task"]) for record in caplog.records]
    assert lines == [("started", "first-run", "test_task"), ("finished", "first-run", "test_task")]


def state(**execution_input: object) -> dict[str, Any]:
    files = {"bedrock-faq": {file: f"s3://data/{file}" for file in ("training", "validation", "evaluation")}}
    run = configure(execution_input, base_model("claude-3-haiku"), files, "data", "2026-02-01T09:00:00+00:00")
    return {"run": run.to_json(), "dataset": {"systemPrompt": DATASET_TEXT}}


class FailingModel:
    """Answers once, then is gone."""

    def __init__(self, error: ClientError) -> None:
        self._error = error
        self._answered = False

    def converse(self, **_: object) -> Mapping[str, Any]:
        if self._answered:
            raise self._error
        self._answered = True
        message = {"content": [{"text": DATASET_TEXT}]}
        usage = {"inputTokens": 1, "outputTokens": 1}
        return {"output": {"message": message}, "usage": usage, "metrics": {"latencyMs": 1}, "stopReason": "end_turn"}


def test_no_question_answer_or_prompt_is_in_a_log_when_a_model_fails(
    aws_error: AwsError, invoke: Invoke, store: RunStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    records = [{"question": f"{DATASET_TEXT}?", "referenceAnswer": DATASET_TEXT, "topic": DATASET_TEXT}] * 2
    store.write_text(dataset_key("evaluation"), "\n".join(map(json.dumps, records)), "application/jsonl")
    model = FailingModel(aws_error("bedrock-runtime", "ModelTimeoutException", "Too slow.", status=408))
    of_map = {"model": "base", "batch": {"index": 0, "first": 0, "count": 2}}

    with pytest.raises(TransientError):
        invoke(generate_answers.handler, state(), of_map, bedrock_runtime=model)

    assert "first-run" in logged(caplog)
    assert "ModelTimeoutException" in logged(caplog)
    assert DATASET_TEXT not in logged(caplog)


def test_no_text_of_a_broken_dataset_is_in_a_log(
    invoke: Invoke, s3: "S3Client", caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    broken = {"messages": [{"role": "assistant", "content": DATASET_TEXT}] * 2}
    for file in ("training", "validation", "evaluation"):
        body = f'{json.dumps(broken)}\n{{"{DATASET_TEXT}'
        s3.put_object(Bucket="data", Key=file, Body=body.encode())

    with pytest.raises(InvalidDatasetError, match=r"training\.jsonl line 1"):
        invoke(validate_dataset.handler, state())

    assert "first-run" in logged(caplog)
    assert DATASET_TEXT not in logged(caplog)


def test_configure_run_reads_the_input_that_the_state_machine_captured(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {file: f"s3://assets/{file}" for file in ("training", "validation", "evaluation")}
    monkeypatch.setenv("DATASETS", json.dumps({"bedrock-faq": files}))
    monkeypatch.setenv("DATA_BUCKET", "data")

    run = invoke(configure_run.handler, {"input": {"maxSpendUsd": 50}})

    assert (run["maxSpendUsd"], run["customModelGiven"]) == (50, False)
    assert run["dataset"] == {"name": "bedrock-faq", **files, "card": None}
    assert run["startedAt"] == "2026-02-01T09:00:00+00:00"
    with pytest.raises(InvalidInputError, match="budget: unknown field"):
        invoke(configure_run.handler, {"input": {"budget": 1}})


class Topic:
    """Keeps what was published, within SNS's rules."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> Mapping[str, str]:  # noqa: N803 - boto3's names
        assert TopicArn == "arn:aws:sns:us-west-2:123456789012:runs"
        assert Subject.isascii()
        assert len(Subject) <= 100
        self.messages.append(f"{Subject}\n{Message}")
        return {"MessageId": "1"}


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            {
                "report": {
                    "verdict": "improved",
                    "headline": "It helped: 4.0 → 8.0.",
                    "warnings": ["2 answers were cut off."],
                    "reportUri": "s3://r/report.html",
                }
            },
            ["bedrock-ft first-run: improved", "It helped: 4.0 → 8.0.\n2 answers were cut off.", "s3://r/report.html"],
        ),
        (
            {},
            [
                "bedrock-ft first-run: failed",
                "its report could not be written",
                "no Provisioned Throughput of this run",
            ],
        ),
    ],
)
def test_people_are_told_how_a_run_ended_even_without_a_report(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch, state: Mapping[str, Any], expected: list[str]
) -> None:
    monkeypatch.setenv("TOPIC_ARN", "arn:aws:sns:us-west-2:123456789012:runs")
    topic = Topic()

    invoke(notify.handler, state, sns=topic)

    (message,) = topic.messages
    assert all(words in message for words in expected)


ALLOWED = {
    "check_prerequisites": {"botocore"},
    "score_answers": {"botocore", "numpy", "sacrebleu", "scipy"},
    "validate_dataset": {"numpy", "scipy"},
}


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_no_library_that_it_does_not_need(handler: str) -> None:
    program = f"import sys, json, {handler}; print(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    environment = {**os.environ, "PYTHONPATH": str(LAMBDAS)}

    # The program is this test's own.
    output = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout

    libraries = {"boto3", "botocore", "numpy", "sacrebleu", "scipy", "s3transfer", "urllib3", "moto", "types_boto3_s3"}
    assert set(json.loads(output)) & libraries - ALLOWED.get(handler, set()) == set()
