"""States.Runtime, which ends an execution past every Retry and Catch on AWS; moto is milder in two ways.

A Choice that compares what its input lacks takes its Default there, and States.ALL catches States.Runtime. What AWS
does: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html (read 2026-11).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_variable import ComparisonVariable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from local.engine.replacement import replaced

_RUNTIME = StatesErrorName(typ=StatesErrorNameType.StatesRuntime)

_matches = ErrorEqualsDecl._eval_body


@contextmanager
def adapter() -> Iterator[None]:
    """Let States.Runtime end executions as on AWS."""
    with (
        replaced(ComparisonVariable, "_eval_body", _compare_what_is_there),
        replaced(ErrorEqualsDecl, "_eval_body", _all_but_runtime(_matches)),
    ):
        yield


def _compare_what_is_there(comparison: ComparisonVariable, environment: Environment) -> None:
    comparison.variable.eval(environment)
    function = comparison.comparison_function
    missing = isinstance(environment.stack[-1], NoSuchVariable)
    if missing and function.operator_type is not ComparisonOperatorType.IsPresent:
        raise _invalid_path(environment, comparison.variable.string_sampler.literal_value)
    function.eval(environment)


def _invalid_path(environment: Environment, path: str) -> FailureEventException:
    details = ExecutionFailedEventDetails(
        error=_RUNTIME.error_name,
        cause=f"An error occurred while executing the state '{environment.next_state_name}'. Invalid path '{path}': "
        "The choice state's condition path references an invalid value.",
    )
    return FailureEventException(
        FailureEvent(
            env=environment,
            error_name=_RUNTIME,
            event_type=HistoryEventType.ExecutionFailed,
            event_details=EventDetails(executionFailedEventDetails=details),  # type: ignore[typeddict-item]
        )
    )


def _all_but_runtime(
    matches: Callable[[ErrorEqualsDecl, Environment], None],
) -> Callable[[ErrorEqualsDecl, Environment], None]:
    def eval_body(errors: ErrorEqualsDecl, environment: Environment) -> None:
        error = environment.stack[-1]
        matches(errors, environment)
        if error == _RUNTIME:
            environment.stack[-1] = False

    return eval_body
