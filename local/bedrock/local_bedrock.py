"""The local Bedrock as a whole, in place of moto's."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from threading import RLock

from finetuning.services import Clock

from local.bedrock.account import Account
from local.bedrock.control_plane import ControlPlane
from local.bedrock.endpoint import Endpoint, Operation
from local.bedrock.faults import Faults
from local.bedrock.ledger import Ledger
from local.bedrock.models import Models
from local.bedrock.moto_urls import registered
from local.bedrock.quotas import Quotas
from local.bedrock.runtime import Runtime
from local.bedrock.service_model import service_model
from local.bedrock.settings import Settings

# What Service Quotas calls the errors that Bedrock has too.
_QUOTA_ERRORS: Mapping[str, str] = {
    "InternalServerException": "ServiceException",
    "ResourceNotFoundException": "NoSuchResourceException",
    "ThrottlingException": "TooManyRequestsException",
    "ValidationException": "IllegalArgumentException",
}


class LocalBedrock:
    """Bedrock, Bedrock Runtime and Service Quotas of one account in one region.

    `with bedrock.registered():` puts it in place of moto's services. S3 and IAM are reached with boto3, so moto must be
    on. Use `settings` to change how it behaves, `faults` to let calls go wrong, `ledger` to see what happened,
    `jobs` to change when one ends.
    """

    def __init__(
        self, clock: Clock, region: str, account_id: str, models: Models, settings: Settings | None = None
    ) -> None:
        """models: `local.stand_in`, or anything that learns and answers in its place."""
        self.settings = settings or Settings()
        self._account = Account(clock, region, account_id)
        control_plane = ControlPlane(self._account, self.settings, models)
        runtime = Runtime(
            self._account,
            self.settings,
            foundation_models=control_plane.foundation_models,
            hosts=(control_plane.throughputs, control_plane.deployments),
            models=models,
        )
        # What permissions to its resources depend on: their ARNs by name, and their tags.
        self.arn, self.tags = control_plane.arn, control_plane.tags.of
        self.jobs = control_plane.jobs
        quotas = Quotas(self._account, self.settings)
        self.ledger = Ledger(control_plane.throughputs_ever_created, control_plane.deployments_ever_created)
        self.faults = Faults(self._check_fault)
        lock = RLock()
        self._endpoints = {
            "bedrock": self._endpoint("bedrock", control_plane.operations, lock),
            # Answers take virtual time, in which other threads go on: no lock.
            "bedrock-runtime": self._endpoint("bedrock-runtime", runtime.operations, nullcontext()),
            "service-quotas": self._endpoint("service-quotas", quotas.operations, lock, _QUOTA_ERRORS),
        }

    def registered(self) -> AbstractContextManager[None]:
        """While this lasts, boto3's clients of the three services talk to this object."""
        return registered({service: endpoint.handle for service, endpoint in self._endpoints.items()})

    def operations(self) -> dict[str, frozenset[str]]:
        """What is emulated, by service."""
        return {service: frozenset(endpoint.operations) for service, endpoint in self._endpoints.items()}

    def _endpoint(
        self,
        service: str,
        operations: Mapping[str, Operation],
        lock: AbstractContextManager[object],
        error_names: Mapping[str, str] | None = None,
    ) -> Endpoint:
        return Endpoint(
            service_model(service),
            operations,
            account=self._account,
            faults=self.faults,
            ledger=self.ledger,
            lock=lock,
            error_names=error_names or {},
        )

    def _check_fault(self, operation: str, code: str | None) -> None:
        for endpoint in self._endpoints.values():
            if operation in endpoint.operations:
                endpoint.check_fault(operation, code)
                return
        raise ValueError(f"the local Bedrock has no operation {operation}")
