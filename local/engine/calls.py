"""What a call to AWS must be allowed: actions, resources and condition keys.

Sources, read 2026-11: AWS's Service Authorization Reference; for a job's creation also the policies that the Step
Functions developer guide gives for Bedrock, which name the job too; Bedrock's user guide for Provisioned Throughput and
inference profiles, and SNS's for encrypted topics.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from finetuning.base_models import INFERENCE_PROFILES

from local.policies import Request, request

Parameters = Mapping[str, Any]

# By Bedrock's operations on one resource: the kind in its ARN, and the parameter with its ARN, name or id.
_BEDROCK: Mapping[str, tuple[str, str]] = {
    "GetCustomModel": ("custom-model", "modelIdentifier"),
    "DeleteCustomModel": ("custom-model", "modelIdentifier"),
    "GetModelCustomizationJob": ("model-customization-job", "jobIdentifier"),
    "StopModelCustomizationJob": ("model-customization-job", "jobIdentifier"),
    "GetProvisionedModelThroughput": ("provisioned-model", "provisionedModelId"),
    "DeleteProvisionedModelThroughput": ("provisioned-model", "provisionedModelId"),
    "GetCustomModelDeployment": ("custom-model-deployment", "customModelDeploymentIdentifier"),
    "DeleteCustomModelDeployment": ("custom-model-deployment", "customModelDeploymentIdentifier"),
    "ListTagsForResource": ("", "resourceARN"),
}
# By Bedrock's operations that make a host: the parameter with its custom model, the kind in its ARN, and its name.
_HOSTS: Mapping[str, tuple[str, str, str]] = {
    "CreateProvisionedModelThroughput": ("modelId", "provisioned-model", "provisionedModelName"),
    "CreateCustomModelDeployment": ("modelArn", "custom-model-deployment", "modelDeploymentName"),
}
_LISTS = ("ListProvisionedModelThroughputs", "ListCustomModelDeployments", "ListModelCustomizationJobs")
_STEP_FUNCTIONS: Mapping[str, str] = {
    "StartExecution": "stateMachineArn",
    "StopExecution": "executionArn",
    "DescribeExecution": "executionArn",
    "GetExecutionHistory": "executionArn",
    "ListExecutions": "stateMachineArn",
}
_S3: Mapping[str, str] = {
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "AbortMultipartUpload": "AbortMultipartUpload",
    "ListObjectsV2": "ListBucket",
}


class Resources(Protocol):
    """What there is, as far as permissions depend on it."""

    def arn(self, identifier: str) -> str | None:
        """Of a job, custom model, throughput or deployment, by name or ARN; None where there is none."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]: ...

    def key_of_topic(self, arn: str) -> str | None:
        """The ARN of the key that it is encrypted with."""
        ...


class Calls:
    """In one account and region."""

    def __init__(self, region: str, account_id: str, resources: Resources) -> None:
        self._region, self._account_id, self._resources = region, account_id, resources

    def needs(self, service: str, operation: str, parameters: Parameters) -> list[Request]:
        """service: by the name it signs with. Raises LookupError for a call that is not known here."""
        match service, operation:
            case "s3", _ if operation in _S3:
                return list(_s3(operation, parameters))
            case "bedrock", "CreateModelCustomizationJob":
                return list(self._create_job(parameters))
            case "bedrock", _ if operation in _HOSTS:
                return list(self._create_host(operation, parameters))
            case "bedrock", "Converse" | "InvokeModel":
                return [self._bedrock_request("InvokeModel", arn) for arn in self._asked(parameters["modelId"])]
            case "bedrock", "GetFoundationModel":
                return [request("bedrock:GetFoundationModel", self._model(parameters["modelIdentifier"]))]
            case "bedrock", _ if operation in _LISTS:
                return [request(f"bedrock:{operation}", "*")]
            case "bedrock", _ if operation in _BEDROCK:
                kind, parameter = _BEDROCK[operation]
                return [self._bedrock_request(operation, self._bedrock(kind, parameters[parameter]))]
            case "sns", "Publish":
                return list(self._publish(parameters["TopicArn"]))
            case "iam", "GetRole":
                return [request("iam:GetRole", f"arn:aws:iam::{self._account_id}:role/{parameters['RoleName']}")]
            case "states", _ if operation in _STEP_FUNCTIONS:
                return [request(f"states:{operation}", parameters[_STEP_FUNCTIONS[operation]])]
            case "cloudformation", "DescribeStacks":
                stack = f"{parameters['StackName']}/any"
                where = f"{self._region}:{self._account_id}"
                return [request("cloudformation:DescribeStacks", f"arn:aws:cloudformation:{where}:stack/{stack}")]
            case "servicequotas", "ListServiceQuotas" | "ListAWSDefaultServiceQuotas":
                return [request(f"servicequotas:{operation}", "*")]
        raise LookupError(f"what {service}'s {operation} must be allowed is not known here: add it to {__name__}")

    def _create_job(self, parameters: Parameters) -> Iterator[Request]:
        """The new job's and model's ids are not known yet; their names stand in their place."""
        job = self._own(f"model-customization-job/{parameters['jobName']}")
        custom_model = self._own(f"custom-model/{parameters['customModelName']}")
        tags = {job: _listed_tags(parameters, "jobTags"), custom_model: _listed_tags(parameters, "customModelTags")}
        for arn in (self._model(parameters["baseModelIdentifier"]), job, custom_model):
            yield request("bedrock:CreateModelCustomizationJob", arn, tags[job] | tags[custom_model])
        yield from (request("bedrock:TagResource", arn, context) for arn, context in tags.items() if context)
        yield request("iam:PassRole", parameters["roleArn"], {"iam:PassedToService": "bedrock.amazonaws.com"})

    def _create_host(self, operation: str, parameters: Parameters) -> Iterator[Request]:
        custom_model, kind, name = _HOSTS[operation]
        tags = _listed_tags(parameters, "tags")
        yield request(f"bedrock:{operation}", self._bedrock("custom-model", parameters[custom_model]), tags)
        if tags:
            yield request("bedrock:TagResource", self._own(f"{kind}/{parameters[name]}"), tags)

    def _asked(self, model_id: str) -> list[str]:
        """An inference profile forwards to its model in any of its regions: the caller needs the right to each."""
        if model_id.startswith("arn:"):
            return [model_id]
        profile = INFERENCE_PROFILES.get(model_id)
        if profile is None:
            return [self._model(model_id)]
        models = [self._model(profile.foundation_model, region) for region in profile.regions]
        return [self._own(f"inference-profile/{model_id}"), *models]

    def _publish(self, topic: str) -> Iterator[Request]:
        yield request("sns:Publish", topic)
        if key := self._resources.key_of_topic(topic):
            via = {"kms:ViaService": f"sns.{self._region}.amazonaws.com"}
            yield from (request(f"kms:{action}", key, via) for action in ("Decrypt", "GenerateDataKey"))

    def _bedrock_request(self, operation: str, arn: str) -> Request:
        return request(f"bedrock:{operation}", arn, _tags("ResourceTag", self._resources.tags(arn)))

    def _bedrock(self, kind: str, identifier: str) -> str:
        """A name or id that there is nothing of is looked for under it."""
        found = self._resources.arn(identifier)
        return found or (identifier if identifier.startswith("arn:") else self._own(f"{kind}/{identifier}"))

    def _own(self, resource: str) -> str:
        return f"arn:aws:bedrock:{self._region}:{self._account_id}:{resource}"

    def _model(self, identifier: str, region: str | None = None) -> str:
        return f"arn:aws:bedrock:{region or self._region}::foundation-model/{identifier}"


def _s3(operation: str, parameters: Parameters) -> Iterator[Request]:
    if source := parameters.get("CopySource"):
        yield request("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}")
    key = f"/{parameters['Key']}" if "Key" in parameters else ""
    yield request(f"s3:{_S3[operation]}", f"arn:aws:s3:::{parameters['Bucket']}{key}")


def _listed_tags(parameters: Parameters, name: str) -> dict[str, str]:
    return _tags("RequestTag", {tag["key"]: tag["value"] for tag in parameters.get(name, [])})


def _tags(kind: str, tags: Mapping[str, str]) -> dict[str, str]:
    return {f"aws:{kind}/{key}": value for key, value in tags.items()}
