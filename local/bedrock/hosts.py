"""What serves custom models, whichever way: it is made, comes into service, and is deleted, in virtual time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from finetuning.base_models import Hosting

from local.bedrock.account import Account
from local.bedrock.custom_models import CustomModel, CustomModels
from local.bedrock.errors import AwsError, not_found, validation_error
from local.bedrock.request_tokens import RequestTokens
from local.bedrock.service_model import Document
from local.bedrock.settings import Settings
from local.bedrock.tags import Tags, checked_tags


@dataclass
class Host:
    """deleted_at: when it is gone, and billing ends; may lie in the future."""

    name: str
    arn: str
    custom_model: CustomModel
    created_at: datetime
    in_service_at: datetime
    deleted_at: datetime | None = None

    def is_gone(self, now: datetime) -> bool:
        return self.deleted_at is not None and now >= self.deleted_at

    def is_creating(self, now: datetime) -> bool:
        return now < self.in_service_at


H = TypeVar("H", bound=Host)


class Hosts(Generic[H]):
    """All of one kind. called: in messages; hosting: what a base model's entry must have for it."""

    called: str
    hosting: Hosting

    def __init__(
        self, account: Account, settings: Settings, *, hosts: list[H], custom_models: CustomModels, tags: Tags
    ) -> None:
        """hosts: every one ever created; this adds to it."""
        self._account, self._settings = account, settings
        self._hosts, self._custom_models, self._tags = hosts, custom_models, tags
        self._tokens: RequestTokens[H] = RequestTokens(settings, misuse="ValidationException")

    def find(self, identifier: str) -> H | None:
        """By name or ARN; None when gone."""
        return next((each for each in self._present() if identifier in (each.name, each.arn)), None)

    def _present(self) -> list[H]:
        now = self._account.clock.now()
        return [each for each in self._hosts if not each.is_gone(now)]

    def _listed(self, hidden: timedelta) -> Sequence[H]:
        return [each for each in self._present() if not self._is_hidden(each, hidden)]

    def _is_hidden(self, host: H, hidden: timedelta) -> bool:
        return self._account.clock.now() < host.created_at + hidden

    def _existing(self, identifier: str, hidden: timedelta) -> H:
        """hidden: how long a new one is not found by its name."""
        host = self.find(identifier)
        if host is None or (identifier == host.name and self._is_hidden(host, hidden)):
            raise not_found(f"The {self.called} {identifier} does not exist.")
        return host

    def _servable(self, model: CustomModel | None, identifier: str) -> CustomModel:
        if model is None:
            raise not_found(f"The custom model {identifier} does not exist.")
        if model.base_model.lifecycle.is_legacy(self._account.clock.now().date()):
            raise validation_error(f"{model.base_model.name} is Legacy and takes no new {self.called}.")
        if self.hosting not in model.base_model.hosting:
            raise validation_error(f"{model.base_model.name} does not support {self.called}s.")
        return model

    def _check_name(self, name: str) -> None:
        if self.find(name) is not None:
            raise validation_error(f"The {self.called} name {name} is in use.")

    def _add(self, host: H, request: Document) -> None:
        self._tags.attach(host.arn, checked_tags(request.get("tags", [])))
        self._hosts.append(host)
        self._tokens.remember(request, host)

    def _remove(self, host: H, after: timedelta) -> None:
        now = self._account.clock.now()
        refusal = self._settings.refuses_deletion_while_creating
        if refusal is not None and host.is_creating(now):
            raise AwsError(refusal, f"The {self.called} {host.name} is Creating and cannot be deleted.")
        if host.deleted_at is not None:
            raise AwsError("ConflictException", f"The {self.called} {host.name} is being deleted.")
        host.deleted_at = now + after
