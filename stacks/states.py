"""The kinds of states that the flow is made of."""

from collections.abc import Mapping, Sequence
from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct
from finetuning.failure import TRANSIENT_ERRORS

Model = Literal["base", "custom"]

# The variable with the name of the task that ended last, well or not: the one that failed, on the failure path.
LAST_TASK = "lastTask"
# The function's own time limit speaks first, since its error says more.
TIMEOUT_MARGIN = cdk.Duration.seconds(30)


def task(
    scope: Construct,
    state: str,
    function: lambda_.Function,
    *,
    result_path: str | None = None,
    model: Model | None = None,
    persistent: bool = False,
    item: str | None = None,
) -> tasks.LambdaInvoke:
    """A task state.

    item: in a Map whose items hold the whole state, as `state`, what the item itself is called.
    result_path: where the handler's answer goes in the execution's state; None = nowhere.
    persistent: whatever the error, try again before giving up.
    """
    if item:
        payload = _payload("$.state", **{item: sfn.JsonPath.object_at(f"$.{item}")})
    else:
        payload = _payload("$", **({"model": model} if model else {}))
    # A variable of the whole execution cannot be set inside a Map.
    invoke = _invoke(scope, state, function, payload, result_path, assign=None if item else ended(state))
    # Seven attempts in all. If each times out, a one-minute function (each that deletes is one) gives up after about
    # nine minutes, a fifteen-minute one after less than two hours; the guard takes over from there.
    return _retry(invoke, ["States.ALL"] if persistent else TRANSIENT_ERRORS, attempts=6)


def ask_in_batches(scope: Construct, state: str, function: lambda_.Function, *, model: Model) -> sfn.Map:
    """A Map state: the model answers the evaluation data batch by batch, `$.run.answers.concurrency` at a time."""
    ask = f"GenerateAnswers ({model})"
    batches = sfn.Map(
        scope,
        state,
        items_path="$.dataset.batches",
        item_selector={
            "state": sfn.JsonPath.object_at("$"),
            "batch": sfn.JsonPath.object_at("$$.Map.Item.Value"),
        },
        max_concurrency_path="$.run.answers.concurrency",
        # The answers are in the bucket: here it is only noted that all batches were asked.
        result_selector={"batches": sfn.JsonPath.array_length(sfn.JsonPath.entire_payload)},
        result_path=f"$.{model}Answers",
        assign=ended(ask),
    )
    payload = _payload("$.state", batch=sfn.JsonPath.object_at("$.batch"), model=model)
    # The handler's short answer replaces the item, which holds the whole state: a Map's output has a size limit too.
    invoke = _invoke(scope, ask, function, payload, result_path="$")
    return batches.item_processor(_retry(invoke, TRANSIENT_ERRORS, attempts=6))


def catch(state: tasks.LambdaInvoke | sfn.Map, name: str, then: sfn.IChainable) -> sfn.TaskStateBase | sfn.Map:
    """Whatever the error of the task of that name: it goes to `$.failure`, and `then` follows."""
    return state.add_catch(then, result_path="$.failure", assign=ended(name))


def ended(state: str) -> Mapping[str, str]:
    return {LAST_TASK: state}


def wait(scope: Construct, state: str, seconds_path: str) -> sfn.Wait:
    return sfn.Wait(scope, state, time=sfn.WaitTime.seconds_path(seconds_path))


def is_true(path: str) -> sfn.Condition:
    return _present(path, sfn.Condition.boolean_equals(path, True))


def is_false(path: str) -> sfn.Condition:
    return _present(path, sfn.Condition.boolean_equals(path, False))


def is_equal(path: str, value: str) -> sfn.Condition:
    return _present(path, sfn.Condition.string_equals(path, value))


def is_number(path: str) -> sfn.Condition:
    return _present(path, sfn.Condition.is_numeric(path))


def is_string(path: str) -> sfn.Condition:
    return _present(path, sfn.Condition.is_string(path))


def _present(path: str, condition: sfn.Condition) -> sfn.Condition:
    """What is missing meets no condition; compared, it would end the execution at once, past every Catch."""
    return sfn.Condition.and_(sfn.Condition.is_present(path), condition)


def in_order(first: sfn.IChainable, *others: sfn.IChainable) -> None:
    """Each state is followed by the next one."""
    chain = sfn.Chain.start(first)
    for state in others:
        chain = chain.next(state)


def _payload(state_path: str, **more: object) -> Mapping[str, object]:
    execution = {
        "id": sfn.JsonPath.string_at("$$.Execution.Id"),
        "name": sfn.JsonPath.string_at("$$.Execution.Name"),
    }
    return {
        "execution": execution,
        "enteredAt": sfn.JsonPath.string_at("$$.State.EnteredTime"),
        "state": sfn.JsonPath.object_at(state_path),
        **more,
    }


def _invoke(
    scope: Construct,
    state: str,
    function: lambda_.Function,
    payload: Mapping[str, object],
    result_path: str | None,
    assign: Mapping[str, str] | None = None,
) -> tasks.LambdaInvoke:
    if function.timeout is None:
        raise ValueError(f"{function.node.path} needs a timeout: the one of state {state!r} follows from it")
    return tasks.LambdaInvoke(
        scope,
        state,
        lambda_function=function,
        payload=sfn.TaskInput.from_object(payload),
        # The handler's answer itself, and only the retries that are written here.
        payload_response_only=True,
        retry_on_service_exceptions=False,
        result_path=result_path or sfn.JsonPath.DISCARD,
        assign=assign,
        task_timeout=sfn.Timeout.duration(function.timeout.plus(TIMEOUT_MARGIN)),
    )


def _retry(state: tasks.LambdaInvoke, errors: Sequence[str], *, attempts: int) -> tasks.LambdaInvoke:
    state.add_retry(
        errors=list(errors),
        interval=cdk.Duration.seconds(2),
        backoff_rate=2,
        max_delay=cdk.Duration.seconds(60),
        max_attempts=attempts,
        jitter_strategy=sfn.JitterType.FULL,
    )
    return state
