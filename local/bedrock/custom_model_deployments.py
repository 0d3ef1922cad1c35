"""On-demand custom model deployments: billed by token. Their status is a function of virtual time."""

from dataclasses import dataclass
from datetime import datetime

from finetuning.base_models import Hosting

from local.bedrock.account import Account, resource_id
from local.bedrock.custom_models import CustomModels
from local.bedrock.errors import AwsError
from local.bedrock.hosts import Host, Hosts
from local.bedrock.listing import page
from local.bedrock.service_model import Document
from local.bedrock.settings import Settings
from local.bedrock.tags import Tags


@dataclass
class Deployment(Host):
    def description(self, now: datetime, name: str = "modelDeploymentName") -> Document:
        """name: what the member with its name is called, which is something else in a list."""
        return {
            "customModelDeploymentArn": self.arn,
            name: self.name,
            "modelArn": self.custom_model.arn,
            "createdAt": self.created_at,
            "status": self.status(now),
            "lastUpdatedAt": self.created_at if self.is_creating(now) else self.in_service_at,
        }

    def status(self, now: datetime) -> str:
        return "Creating" if self.is_creating(now) else "Active"


class CustomModelDeployments(Hosts[Deployment]):
    called = "custom model deployment"
    hosting: Hosting = "onDemand"

    def __init__(
        self,
        account: Account,
        settings: Settings,
        *,
        hosts: list[Deployment],
        custom_models: CustomModels,
        tags: Tags,
    ) -> None:
        super().__init__(account, settings, hosts=hosts, custom_models=custom_models, tags=tags)
        self.operations = {
            "CreateCustomModelDeployment": self._create,
            "GetCustomModelDeployment": self._get,
            "ListCustomModelDeployments": self._list,
            "DeleteCustomModelDeployment": self._delete,
        }

    def _create(self, request: Document) -> Document:
        earlier = self._tokens.earlier(request)
        if earlier is not None:
            return {"customModelDeploymentArn": earlier.arn}
        name, now = request["modelDeploymentName"], self._account.clock.now()
        model = self._servable(self._custom_models.find(request["modelArn"]), request["modelArn"])
        self._check_name(name)
        self._check_quota(now)
        deployment = Deployment(
            name=name,
            arn=self._account.arn(f"custom-model-deployment/{resource_id(name, str(len(self._hosts)))}"),
            custom_model=model,
            created_at=now,
            in_service_at=now + self._settings.deployment_creation,
        )
        self._add(deployment, request)
        return {"customModelDeploymentArn": deployment.arn}

    def _check_quota(self, now: datetime) -> None:
        quota = self._settings.deployments_in_progress
        if sum(each.is_creating(now) for each in self._present()) >= quota:
            reason = f"The quota of {quota} custom model deployments in progress is exceeded."
            raise AwsError("ServiceQuotaExceededException", reason)

    def _get(self, parameters: Document) -> Document:
        return self._found(parameters).description(self._account.clock.now())

    def _found(self, parameters: Document) -> Deployment:
        return self._existing(parameters["customModelDeploymentIdentifier"], self._settings.deployment_hidden)

    def _list(self, parameters: Document) -> Document:
        now = self._account.clock.now()
        chosen = [
            each
            for each in self._listed(self._settings.deployment_hidden)
            if parameters.get("statusEquals") in (None, each.status(now))
            and parameters.get("modelArnEquals") in (None, each.custom_model.arn)
        ]
        # Other lists call their times otherwise.
        times = {f"creationTime{way}": parameters.get(f"created{way}") for way in ("After", "Before")}
        deployments, more = page(chosen, {**parameters, **times})
        name = "customModelDeploymentName"
        return {"modelDeploymentSummaries": [each.description(now, name) for each in deployments], **more}

    def _delete(self, parameters: Document) -> Document:
        self._remove(self._found(parameters), self._settings.deployment_deletion)
        return {}
