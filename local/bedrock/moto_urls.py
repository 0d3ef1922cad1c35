"""Puts the local services in place of moto's own for the same URLs, and takes them out again."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

import moto.bedrock.urls
import moto.bedrockruntime.urls
import moto.servicequotas.urls
from moto.core.request import Request as MotoRequest

from local.bedrock.service_model import Request, Response

Handler = Callable[[Request], Response]

MotoHandler = Callable[[MotoRequest, str, object], tuple[int, dict[str, str], bytes]]

_URL_TABLES: Mapping[str, dict[str, MotoHandler]] = {
    "bedrock": moto.bedrock.urls.url_paths,
    "bedrock-runtime": moto.bedrockruntime.urls.url_paths,
    "service-quotas": moto.servicequotas.urls.url_paths,
}


@contextmanager
def registered(handlers: Mapping[str, Handler]) -> Iterator[None]:
    """While this lasts, moto hands the requests to these services (by botocore's name) to their handlers."""
    before = {service: dict(_URL_TABLES[service]) for service in handlers}
    for service, handler in handlers.items():
        _replace(_URL_TABLES[service], {"{0}/.*$": _moto_handler(handler)})
    try:
        yield
    finally:
        for service, table in before.items():
            _replace(_URL_TABLES[service], table)


def _replace(table: dict[str, MotoHandler], content: Mapping[str, MotoHandler]) -> None:
    # In place: moto holds on to this very dictionary.
    table.clear()
    table.update(content)


def _moto_handler(handler: Handler) -> MotoHandler:
    def handle(request: MotoRequest, _url: str, _headers: object) -> tuple[int, dict[str, str], bytes]:
        # raw_url: the decoded one has lost the difference between a slash in the path and one in an ARN.
        ours = Request(
            region=_region(request.raw_url),
            method=request.method,
            url=request.raw_url,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.get_data(),
        )
        response = handler(ours)
        return response.status, dict(response.headers), response.body

    return handle


def _region(url: str) -> str:
    match = re.fullmatch(r"[a-z-]+\.([a-z0-9-]+)\.amazonaws\.com", urlsplit(url).hostname or "")
    return match[1] if match else ""
