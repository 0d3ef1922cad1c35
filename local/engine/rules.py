"""EventBridge rules of the deployed templates: schedules in virtual time, and how executions end.

moto leaves rules in templates out. Understood here is what such a rule needs: a rate, or a pattern of literal values,
and Lambda functions as targets; anything else is refused, so that no rule is silently without effect. A function that
fails is invoked again as Lambda does it for events; what it still fails on then is left, as in a dead-letter queue.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from local.engine.agenda import Agenda
from local.engine.clock import VirtualClock

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_lambda.client import LambdaClient
    from types_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

Event = Mapping[str, Any]

# How long Lambda waits before it invokes a function again that failed on an event, see
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
_RETRIES = (timedelta(minutes=1), timedelta(minutes=2))


class RuleError(Exception):
    """A rule that cannot be followed here; the message names it."""


@dataclass(frozen=True)
class Rule:
    """functions: the targets' names. Either every or pattern is given."""

    name: str
    functions: Sequence[str]
    every: timedelta | None
    pattern: Mapping[str, Any] | None


@dataclass(frozen=True)
class Delivery:
    """A function was invoked by a rule, once. error: how it failed, in Lambda's form; None when it did not."""

    rule: Rule
    function: str
    event: Event
    error: Mapping[str, Any] | None


class LocalRules:
    """Follows the rules that were added. deliveries: every invocation so far."""

    def __init__(self, clock: VirtualClock, agenda: Agenda, region: str, account_id: str) -> None:
        self._clock, self._agenda, self._region, self._account_id = clock, agenda, region, account_id
        self._rules: list[Rule] = []
        # By the function's name; where a template is silent, Lambda retries as often as it can.
        self._retries: dict[str, int] = {}
        self.deliveries: list[Delivery] = []

    def add(
        self, cloudformation: "CloudFormationClient", functions: "LambdaClient", stack: str, template: Mapping[str, Any]
    ) -> None:
        """Follow the rules of a stack that is deployed. Raises RuleError."""
        self._functions = functions
        ids = _physical_ids(cloudformation, stack)
        self._retries |= _maximum_retries(ids, template)
        for rule in _rules(ids, template):
            self._rules.append(rule)
            if rule.every is not None:
                self._agenda.every(rule.every, partial(self._on_schedule, rule))

    def execution_ended(self, description: "DescribeExecutionOutputTypeDef") -> None:
        """Tell the rules that an execution has ended."""
        event = self._status_change(description)
        for rule in self._rules:
            if rule.pattern is not None and _matches(rule.pattern, event):
                self._deliver(rule, event)

    def _on_schedule(self, rule: Rule) -> None:
        arn = f"arn:aws:events:{self._region}:{self._account_id}:rule/{rule.name}"
        self._deliver(rule, self._event("aws.events", "Scheduled Event", arn, {}))

    def _deliver(self, rule: Rule, event: Event) -> None:
        for function in rule.functions:
            self._invoke(rule, function, event, _RETRIES[: self._retries.get(function)])

    def _invoke(self, rule: Rule, function: str, event: Event, retries: Sequence[timedelta]) -> None:
        answer = self._functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        error = json.load(answer["Payload"]) if "FunctionError" in answer else None
        self.deliveries.append(Delivery(rule, function, event, error))
        if error and retries:
            self._agenda.once(retries[0], partial(self._invoke, rule, function, event, retries[1:]))

    def _status_change(self, execution: "DescribeExecutionOutputTypeDef") -> Event:
        detail = {
            "executionArn": execution["executionArn"],
            "stateMachineArn": execution["stateMachineArn"],
            "name": execution["name"],
            "status": execution["status"],
            "startDate": int(execution["startDate"].timestamp() * 1000),
            "stopDate": int(self._clock.now().timestamp() * 1000),
            **{name: execution.get(name) for name in ("input", "output", "error", "cause")},
        }
        kind = "Step Functions Execution Status Change"
        return self._event("aws.states", kind, execution["executionArn"], detail)

    def _event(self, source: str, kind: str, resource: str, detail: Mapping[str, Any]) -> Event:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": source,
            "account": self._account_id,
            "time": self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": [resource],
            "detail": detail,
        }


def _physical_ids(cloudformation: "CloudFormationClient", stack: str) -> Mapping[str, str]:
    listed = cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in listed if "PhysicalResourceId" in each}


def _of_type(kind: str, template: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, resource in template["Resources"].items():
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def _maximum_retries(ids: Mapping[str, str], template: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    for _name, properties in _of_type("AWS::Lambda::EventInvokeConfig", template):
        if "MaximumRetryAttempts" in properties:
            yield _resolved(properties["FunctionName"], ids), properties["MaximumRetryAttempts"]


def _rules(ids: Mapping[str, str], template: Mapping[str, Any]) -> Iterator[Rule]:
    for name, properties in _of_type("AWS::Events::Rule", template):
        if properties.get("State", "ENABLED") != "ENABLED":
            continue
        targets = [_resolved(_target(name, target), ids) for target in properties["Targets"]]
        pattern = _resolved(properties.get("EventPattern"), ids)
        if pattern is not None:
            _check_pattern(name, pattern)
        yield Rule(
            name=name,
            functions=targets,
            every=_rate(name, properties["ScheduleExpression"]) if pattern is None else None,
            pattern=pattern,
        )


def _target(name: str, target: Mapping[str, Any]) -> object:
    # How EventBridge retries, and where it leaves what it could not deliver, makes no difference here.
    if extra := target.keys() - {"Arn", "Id", "DeadLetterConfig", "RetryPolicy"}:
        raise RuleError(f"rule {name}: targets with {', '.join(sorted(extra))} are not understood here")
    return target["Arn"]


def _rate(name: str, expression: str) -> timedelta:
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if found is None:
        raise RuleError(f"rule {name}: the schedule {expression} is not understood here, only rate(…)")
    return timedelta(**{f"{found[2]}s": int(found[1])})


def _resolved(value: object, ids: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON of any shape
    """With references to the stack's own resources replaced by what they are called."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]} if name in ids:
            return ids[name]
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Join": _} | {"Fn::Sub": _} | {"Fn::ImportValue": _}:
            raise RuleError(f"a rule with {value} is not understood here")
        case dict():
            return {key: _resolved(each, ids) for key, each in value.items()}
        case list():
            return [_resolved(each, ids) for each in value]
        case _:
            return value


def _check_pattern(name: str, pattern: Mapping[str, Any]) -> None:
    for field, wanted in pattern.items():
        if isinstance(wanted, Mapping):
            _check_pattern(name, wanted)
        elif any(isinstance(value, Mapping) for value in wanted):
            raise RuleError(f"rule {name}: the pattern {wanted} of {field} is not understood here, only literal values")


def _matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """EventBridge's rule for literal values: each field has one of the values listed for it."""
    for field, wanted in pattern.items():
        actual = event.get(field)
        if isinstance(wanted, Mapping):
            if not isinstance(actual, Mapping) or not _matches(wanted, actual):
                return False
        elif actual not in wanted:
            return False
    return True
