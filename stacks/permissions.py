"""What the tasks' functions may do, by name: each permission on exact ARNs, or with the reason why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Stack
from finetuning import tags
from finetuning.base_models import EMBEDDING_MODEL, INFERENCE_PROFILES, JUDGE_MODELS, BaseModel, Hosting

from stacks.datasets import ShippedDatasets
from stacks.grants import Grant
from stacks.storage_stack import RUN_PREFIX, StorageStack

DATASET_PREFIX = "People upload datasets under this prefix, with names of their own"
MADE_AT_RUN_TIME = "Bedrock makes the id of a job, custom model, throughput or deployment at run time"
ONE_PER_EXECUTION = "Each execution of the state machine has its own ARN, which is known only at run time"
NO_RESOURCE_LEVEL = "Service Quotas has no resource-level permissions for lists"
NO_RESOURCE_LEVEL_FOR_LISTS = "Bedrock has no resource-level permissions for lists"

# AWS's Service Authorization Reference for Bedrock, read 2026-11: creates and TagResource know the tags of the request,
# whatever is done to a throughput, deployment or job that exists knows the tags of the resource.
Condition = Mapping[str, Mapping[str, str]]
WITH_OUR_TAG: Condition = {"StringEquals": {f"aws:RequestTag/{tags.APP}": tags.APP_NAME}}
HAS_OUR_TAG: Condition = {"StringEquals": {f"aws:ResourceTag/{tags.APP}": tags.APP_NAME}}


_HOST_RESOURCES: Mapping[Hosting, str] = {
    "provisionedThroughput": "provisioned-model",
    "onDemand": "custom-model-deployment",
}
_HOST_OPERATIONS: Mapping[Hosting, str] = {
    "provisionedThroughput": "ProvisionedModelThroughput",
    "onDemand": "CustomModelDeployment",
}


@dataclass(frozen=True)
class HostGrants:
    """On what serves custom models, of one kind."""

    create: Grant
    tag: Grant
    read: Grant
    delete: Grant
    list: Grant


class Permissions:
    """shipped_objects: ARNs of the shipped datasets' files. state_machine_name: the one whose executions are meant."""

    def __init__(
        self,
        stack: Stack,
        base_model: BaseModel,
        storage: StorageStack,
        shipped: ShippedDatasets,
        state_machine_name: str,
    ) -> None:
        self._stack = stack
        self._allow_storage(storage, shipped)
        self._allow_models(base_model)
        self._allow_jobs(base_model)
        self.hosts = {hosting: self._host(hosting) for hosting in base_model.hosting}
        self._allow_executions(state_machine_name)

    def _allow_storage(self, storage: StorageStack, shipped: ShippedDatasets) -> None:
        data = f"arn:{self._stack.partition}:s3:::{storage.data_bucket_name}"
        results = f"arn:{self._stack.partition}:s3:::{storage.results_bucket_name}"
        runs = [f"{results}/runs/*"]
        self.read_shipped_datasets = Grant(["s3:GetObject"], shipped.record_arns)
        self.read_shipped_cards = Grant(["s3:GetObject"], shipped.card_arns)
        self.read_uploaded_datasets = Grant(["s3:GetObject"], [f"{data}/datasets/*"], DATASET_PREFIX)
        self.read_runs = Grant(["s3:GetObject"], runs, RUN_PREFIX)
        self.write_runs = Grant(["s3:PutObject"], runs, RUN_PREFIX)
        self.abort_uploads = Grant(["s3:AbortMultipartUpload"], runs, RUN_PREFIX)
        # With these a missing object is "not found", without them "access denied".
        self.list_datasets = Grant(["s3:ListBucket"], [data])
        self.list_runs = Grant(["s3:ListBucket"], [results])
        self.read_service_role = Grant(["iam:GetRole"], [storage.service_role_arn])
        self.pass_service_role = Grant(
            ["iam:PassRole"],
            [storage.service_role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
        )

    def _allow_models(self, base_model: BaseModel) -> None:
        judges = [arn for judge in JUDGE_MODELS for arn in self._asked(judge)]
        self.read_base_model = Grant(["bedrock:GetFoundationModel"], [self._model(base_model.customization_id)])
        self.ask_base_model = Grant(["bedrock:InvokeModel"], self._asked(base_model.inference_id))
        self.ask_judge = Grant(["bedrock:InvokeModel"], judges)
        self.embed = Grant(["bedrock:InvokeModel"], [self._model(EMBEDDING_MODEL.id)])

    def _allow_jobs(self, base_model: BaseModel) -> None:
        jobs, custom_models = self._own("model-customization-job/*"), self._own("custom-model/*")
        hosts = [self._own(f"{_HOST_RESOURCES[hosting]}/*") for hosting in base_model.hosting]
        self.customize_base_model = Grant(
            ["bedrock:CreateModelCustomizationJob"],
            [self._model(base_model.customization_id)],
            conditions=WITH_OUR_TAG,
        )
        self.create_job = self._made_at_run_time(
            ["CreateModelCustomizationJob", "TagResource"], custom_models, jobs, conditions=WITH_OUR_TAG
        )
        self.read_job = self._made_at_run_time(["GetModelCustomizationJob"], jobs)
        self.stop_job = self._made_at_run_time(["StopModelCustomizationJob"], jobs, conditions=HAS_OUR_TAG)
        self.delete_custom_model = self._made_at_run_time(["DeleteCustomModel"], custom_models, conditions=HAS_OUR_TAG)
        self.read_custom_model = self._made_at_run_time(["GetCustomModel"], custom_models)
        self.list_jobs = Grant(["bedrock:ListModelCustomizationJobs"], ["*"], NO_RESOURCE_LEVEL_FOR_LISTS)
        self.read_tags = self._made_at_run_time(["ListTagsForResource"], *hosts, jobs)
        # Not bound to our tag: were it not honoured at inference, asking would be refused after the purchase.
        self.ask_custom_model = self._made_at_run_time(["InvokeModel"], *hosts)
        self.list_quotas = Grant(
            ["servicequotas:ListAWSDefaultServiceQuotas", "servicequotas:ListServiceQuotas"], ["*"], NO_RESOURCE_LEVEL
        )

    def _host(self, hosting: Hosting) -> "HostGrants":
        operation, hosts = _HOST_OPERATIONS[hosting], self._own(f"{_HOST_RESOURCES[hosting]}/*")
        models = self._own("custom-model/*")
        return HostGrants(
            create=self._made_at_run_time([f"Create{operation}"], models, conditions=WITH_OUR_TAG),
            tag=self._made_at_run_time(["TagResource"], hosts, conditions=WITH_OUR_TAG),
            read=self._made_at_run_time([f"Get{operation}"], hosts),
            delete=self._made_at_run_time([f"Delete{operation}"], hosts, conditions=HAS_OUR_TAG),
            list=Grant([f"bedrock:List{operation}s"], ["*"], NO_RESOURCE_LEVEL_FOR_LISTS),
        )

    def _allow_executions(self, state_machine_name: str) -> None:
        states = f"arn:{self._stack.partition}:states:{self._stack.region}:{self._stack.account}"
        self.list_executions = Grant(["states:ListExecutions"], [f"{states}:stateMachine:{state_machine_name}"])
        executions = [f"{states}:execution:{state_machine_name}:*"]
        self.see_whether_executions_run = Grant(["states:DescribeExecution"], executions, ONE_PER_EXECUTION)
        self.read_executions = Grant(["states:GetExecutionHistory"], executions, ONE_PER_EXECUTION)

    def _made_at_run_time(self, actions: Sequence[str], *resources: str, conditions: Condition | None = None) -> Grant:
        return Grant([f"bedrock:{action}" for action in actions], resources, MADE_AT_RUN_TIME, conditions)

    def _asked(self, model_id: str) -> list[str]:
        """An inference profile forwards to its model in any of its regions, and the caller needs the right to each."""
        profile = INFERENCE_PROFILES.get(model_id)
        if profile is None:
            return [self._model(model_id)]
        models = [self._model(profile.foundation_model, region) for region in profile.regions]
        return [self._own(f"inference-profile/{model_id}"), *models]

    def _own(self, resource: str) -> str:
        return f"arn:{self._stack.partition}:bedrock:{self._stack.region}:{self._stack.account}:{resource}"

    def _model(self, model_id: str, region: str | None = None) -> str:
        return f"arn:{self._stack.partition}:bedrock:{region or self._stack.region}::foundation-model/{model_id}"
