"""What an execution ends with when functions answer nonsense, and when not even its report can be written."""

from collections.abc import Mapping

import pytest
from runs import QUICK, assert_failed_and_clean

from local.engine.engine import LocalEngine
from local.engine.functions import Handler, Interceptor, LambdaContext


def instead_of(answers: Mapping[str, object]) -> Interceptor:
    """Functions, by the end of their name, that answer that (or raise it) once they have done their work."""

    def intercept(handler: Handler) -> Handler:
        def run(event: object, context: LambdaContext) -> object:
            answer = handler(event, context)
            for name, other in answers.items():
                if context.function_name.endswith(name):
                    answer = other
            if isinstance(answer, Exception):
                raise answer
            return answer

        return run

    return intercept


@pytest.mark.parametrize(
    ("function", "state"),
    [
        ("estimate-cost", "EstimateCost"),
        ("start-customization-job", "StartCustomizationJob"),
        ("get-customization-job", "GetCustomizationJob"),
        ("read-training-metrics", "ReadTrainingMetrics"),
        ("create-provisioned-throughput", "CreateProvisionedThroughput"),
        ("get-provisioned-throughput", "GetProvisionedThroughput"),
    ],
)
def test_a_broken_answer_leads_to_the_failure_path(engine: LocalEngine, function: str, state: str) -> None:
    engine.intercept(instead_of({function: "<html>"}))

    execution = engine.run("run-1", QUICK)

    document = assert_failed_and_clean(engine, execution, "run-1")
    assert (execution.error, document["failure"]["state"]) == ("BrokenAnswer", state)
    assert "CaptureFailedState" in execution.entered


def test_without_a_report_the_cause_is_what_was_caught(engine: LocalEngine) -> None:
    engine.intercept(instead_of({"get-customization-job": ValueError("no such {thing}"), "write-report": OSError("x")}))

    execution = engine.run("run-1", QUICK)

    assert (execution.status, execution.error) == ("FAILED", "ValueError")
    assert execution.entered[-1] == "ExperimentFailedUnreported"
    assert execution.cause is not None
    assert execution.cause.startswith("GetCustomizationJob failed: ")
    assert "no such {thing}" in execution.cause
    assert "What to do: " in execution.cause


def test_the_same_where_the_answer_about_the_report_is_broken(engine: LocalEngine) -> None:
    engine.intercept(instead_of({"write-report": "<html>", "check-prerequisites": KeyError()}))

    execution = engine.run("run-1", QUICK)

    assert execution.cause is not None
    assert execution.cause.startswith("CheckPrerequisites failed: ")
