"""IAM policies: what a list of statements says to a request, as IAM's evaluation logic has it.

Understood is what the app's policies are written with; anything else raises PolicyError, so that nothing passes unread.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}


class PolicyError(Exception):
    """A policy has something that is not understood here; the message names it."""


class Effect(Enum):
    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True)
class Request:
    """An action on a resource: its ARN, or `*` where the action has no resources.

    context: condition keys, in lower case, with their values. A key of many values is not supported.
    """

    action: str
    resource: str
    context: frozenset[tuple[str, str]] = frozenset()


def request(action: str, resource: str, context: Mapping[str, str] | None = None) -> Request:
    """A request whose condition keys may be spelled in any case, as in policies."""
    return Request(action, resource, frozenset((key.lower(), value) for key, value in (context or {}).items()))


@dataclass(frozen=True)
class _Condition:
    """Holds where the request has the key, with a value that matches one of these."""

    matches: Callable[[str, str], bool]
    key: str
    values: tuple[str, ...]

    def holds(self, context: Mapping[str, str]) -> bool:
        actual = context.get(self.key)
        return actual is not None and any(self.matches(value, actual) for value in self.values)


@dataclass(frozen=True)
class Statement:
    """actions, resources: patterns with `*` and `?`."""

    effect: Effect
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[_Condition, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> "Statement":
        """A trust policy's statement has no Resource: it is about its own role. Raises PolicyError, KeyError."""
        if unknown := document.keys() - _ELEMENTS:
            raise PolicyError(f"{', '.join(sorted(unknown))} of a statement is not understood here")
        statement = cls(
            effect=Effect(document["Effect"]),
            actions=listed(document["Action"]),
            resources=listed(document.get("Resource", "*")),
            conditions=tuple(_conditions(document.get("Condition", {}))),
        )
        if variables := [each for each in statement.resources if "${" in each]:
            raise PolicyError(f"policy variables are not understood here: {', '.join(variables)}")
        return statement

    def applies(self, asked: Request) -> bool:
        # IAM does not tell upper from lower case in actions, but in resources.
        context = dict(asked.context)
        return (
            any(_like(pattern.lower(), asked.action.lower()) for pattern in self.actions)
            and any(arn_like(pattern, asked.resource) for pattern in self.resources)
            and all(condition.holds(context) for condition in self.conditions)
        )


def statements(document: Mapping[str, Any]) -> list[Statement]:
    """Those of a policy document. Raises PolicyError."""
    return [Statement.parse(each) for each in listed(document["Statement"])]


def decide(among: Iterable[Statement], asked: Request) -> Effect | None:
    """Deny wins; None: no statement is about the request, which then is refused too."""
    effects = {statement.effect for statement in among if statement.applies(asked)}
    return Effect.DENY if Effect.DENY in effects else next(iter(effects), None)


def listed(value: Any) -> tuple[Any, ...]:  # noqa: ANN401 - JSON
    """In a policy, what may be a list may also stand alone."""
    return tuple(value) if isinstance(value, list) else (value,)


def arn_like(pattern: str, arn: str) -> bool:
    """Part by part: a wildcard does not reach over the colons between an ARN's six parts. `*` alone is every ARN."""
    patterns, parts = pattern.split(":", 5), arn.split(":", 5)
    return pattern == "*" or (len(patterns) == len(parts) and all(map(_like, patterns, parts)))


def _like(pattern: str, text: str) -> bool:
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": _like,
    # In IAM both take wildcards.
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
}


def _conditions(document: Mapping[str, Mapping[str, Any]]) -> Iterator[_Condition]:
    for operator, tests in document.items():
        if operator not in _OPERATORS:
            raise PolicyError(f"the condition operator {operator} is not understood here")
        for key, values in tests.items():
            yield _Condition(_OPERATORS[operator], key.lower(), listed(values))
