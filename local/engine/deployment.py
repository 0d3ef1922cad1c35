"""Deploy a CDK cloud assembly (cdk.out) as `cdk deploy` would: assets first, then the stacks in dependency order."""

import io
import json
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.engine.functions import LocalFunctions

if TYPE_CHECKING:
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_s3.client import S3Client


class DeploymentError(Exception):
    """A stack did not come up; the message names it and CloudFormation's reasons."""


@dataclass(frozen=True)
class Stack:
    """A stack of an assembly. region: None when the app left it open."""

    name: str
    region: str | None
    template: Path
    assets: Path


def stacks(assembly: Path) -> list[Stack]:
    """The stacks of an assembly, each after those it depends on."""
    artifacts: Mapping[str, Any] = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    dependencies = {name: artifact.get("dependencies", []) for name, artifact in artifacts.items()}
    return [
        _stack(assembly, name, artifacts[name])
        for name in TopologicalSorter(dependencies).static_order()
        if artifacts[name]["type"] == "aws:cloudformation:stack"
    ]


def _stack(assembly: Path, name: str, artifact: Mapping[str, Any]) -> Stack:
    region = artifact["environment"].rpartition("/")[2]
    return Stack(
        name=artifact.get("properties", {}).get("stackName", name),
        region=None if region == "unknown-region" else region,
        template=assembly / artifact["properties"]["templateFile"],
        assets=assembly / f"{name}.assets.json",
    )


@dataclass(frozen=True)
class _FileAsset:
    path: Path
    is_zip: bool
    bucket: str
    key: str


def _file_assets(stack: Stack, account_id: str, region: str) -> Iterator[_FileAsset]:
    placeholders = {"${AWS::AccountId}": account_id, "${AWS::Region}": region, "${AWS::Partition}": "aws"}
    for asset in json.loads(stack.assets.read_text())["files"].values():
        for destination in asset["destinations"].values():
            bucket = destination["bucketName"]
            for placeholder, value in placeholders.items():
                bucket = bucket.replace(placeholder, value)
            path = stack.assets.parent / asset["source"]["path"]
            yield _FileAsset(path, asset["source"]["packaging"] == "zip", bucket, destination["objectKey"])


class Deployer:
    """Deploys to the account and region of the clients."""

    def __init__(
        self, s3: "S3Client", cloudformation: "CloudFormationClient", functions: LocalFunctions, account_id: str
    ) -> None:
        self._s3, self._cloudformation = s3, cloudformation
        self._functions, self._account_id = functions, account_id

    def deploy(self, stacks: Sequence[Stack]) -> dict[str, str]:
        """Returns the outputs of all stacks. Raises DeploymentError."""
        region = self._cloudformation.meta.region_name
        assets = [asset for stack in stacks for asset in _file_assets(stack, self._account_id, region)]
        templates = {stack.name: json.loads(stack.template.read_text()) for stack in stacks}
        self._create("CDKToolkit", _toolkit_template({asset.bucket for asset in assets}, templates.values()))
        for asset in assets:
            self._publish(asset)
        outputs: dict[str, str] = {}
        for name, template in templates.items():
            outputs |= self._create(name, template)
        return outputs

    def _create(self, name: str, template: Mapping[str, Any]) -> dict[str, str]:
        with without_warnings():
            try:
                self._cloudformation.create_stack(
                    StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
                )
            except Exception as error:
                # moto lets through what its resources raise, of any class.
                raise DeploymentError(f"stack {name}: {type(error).__name__}: {error}") from error
        stack = self._cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        if stack["StackStatus"] != "CREATE_COMPLETE":
            reason = stack.get("StackStatusReason", "no reason given")
            raise DeploymentError(f"stack {name}: {stack['StackStatus']}: {reason}")
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def _publish(self, asset: _FileAsset) -> None:
        if asset.is_zip:
            # The handlers run from the folder: S3 only needs something that is a zip file.
            self._functions.add_asset(asset.bucket, asset.key, asset.path)
            self._s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=_small_zip())
        else:
            self._s3.put_object(Bucket=asset.bucket, Key=asset.key, Body=asset.path.read_bytes())


@contextmanager
def without_warnings() -> Iterator[None]:
    """moto leaves out what has no effect here, such as bucket policies and alarms, and warns of each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse .* but it's not supported", UserWarning)
        yield


def _toolkit_template(buckets: Iterable[str], templates: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What `cdk bootstrap` leaves behind, as far as it is used: asset buckets, and its version for templates."""
    versions = {
        parameter["Default"]
        for template in templates
        for parameter in template.get("Parameters", {}).values()
        if parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
    }
    resources = [
        *({"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}} for bucket in sorted(buckets)),
        *(
            {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": "27"}}
            for name in sorted(versions)
        ),
    ]
    return {"Resources": {f"Resource{number}": resource for number, resource in enumerate(resources)}}


def _small_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("README", "see the asset's folder")
    return buffer.getvalue()
