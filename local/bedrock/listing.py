"""Filters, order and pages, the same for every List operation of Bedrock."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from local.bedrock.errors import validation_error
from local.bedrock.service_model import Document


class Listed(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...


T = TypeVar("T", bound=Listed)


def page(resources: Iterable[T], parameters: Document) -> tuple[Sequence[T], dict[str, str]]:
    """The resources of one page, newest first unless asked otherwise, and {"nextToken": …} if there are more."""
    after, before = parameters.get("creationTimeAfter"), parameters.get("creationTimeBefore")
    chosen = [
        resource
        for resource in resources
        if parameters.get("nameContains", "") in resource.name
        and (after is None or resource.created_at > after)
        and (before is None or resource.created_at < before)
    ]
    chosen.sort(key=lambda resource: resource.created_at, reverse=parameters.get("sortOrder") != "Ascending")
    token = parameters.get("nextToken", "0")
    if not token.isdecimal():
        raise validation_error("The provided nextToken is invalid.")
    start = int(token)
    end = start + parameters.get("maxResults", 100)
    return chosen[start:end], ({"nextToken": str(end)} if end < len(chosen) else {})
