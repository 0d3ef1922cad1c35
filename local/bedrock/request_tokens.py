"""clientRequestToken: the same request sent again makes nothing new."""

from typing import Generic, TypeVar

from local.bedrock.errors import AwsError
from local.bedrock.service_model import Document
from local.bedrock.settings import Settings

T = TypeVar("T")


class RequestTokens(Generic[T]):
    def __init__(self, settings: Settings, misuse: str) -> None:
        """misuse: the error code for a token that comes again with another request."""
        self._settings = settings
        self._misuse = misuse
        self._made: dict[str, tuple[Document, T]] = {}

    def earlier(self, request: Document) -> T | None:
        """What the same request made before; a token never expires here, nor when its resource is deleted."""
        request_before, resource = self._made.get(request.get("clientRequestToken", ""), (None, None))
        if resource is None:
            return None
        if request_before != request:
            raise AwsError(self._misuse, "The client request token was used before with a different request.")
        refusal = self._settings.refuses_repeated_create
        if refusal is not None:
            raise AwsError(refusal, "The client request token was used before.")
        return resource

    def remember(self, request: Document, resource: T) -> None:
        if "clientRequestToken" in request:
            self._made[request["clientRequestToken"]] = (request, resource)
