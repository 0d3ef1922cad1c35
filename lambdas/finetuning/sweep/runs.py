"""The executions of a sweep's runs: each on the deployment for its base model, in that one's region."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from finetuning.base_models import BASE_MODELS
from finetuning.errors import NotDeployedError
from finetuning.names import run_id, state_machine_name
from finetuning.run_store import RESULT, RunStore
from finetuning.services import Services
from finetuning.sweep.plan import PlannedRun

if TYPE_CHECKING:
    from types_boto3_stepfunctions.client import SFNClient
    from types_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef


@dataclass(frozen=True)
class Runs:
    """account_id, partition: of the sweep itself, which its runs share."""

    services: Services
    account_id: str
    partition: str = "aws"

    def state_machine_arn(self, base_model: str) -> str:
        region = BASE_MODELS[base_model].region
        return f"arn:{self.partition}:states:{region}:{self.account_id}:stateMachine:{state_machine_name(base_model)}"

    def execution_arn(self, run: PlannedRun) -> str:
        return f"{self.state_machine_arn(run.base_model).replace(':stateMachine:', ':execution:')}:{run.name}"

    def results_bucket(self, base_model: str) -> str:
        """Of the deployment for that base model. Raises NotDeployedError where there is none."""
        region, stack = BASE_MODELS[base_model].region, f"{base_model}-ft-workflow"
        cloudformation = self.services.in_region("cloudformation", region)
        try:
            outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
        except cloudformation.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise NotDeployedError(
                f"The stack {stack} is not deployed in {region}: deploy it for each base model of the sweep, "
                f"with -c baseModel={base_model}."
            ) from error
        values: Mapping[str, str] = {output["OutputKey"]: output["OutputValue"] for output in outputs}
        return values["ResultsBucketName"]

    def start(self, run: PlannedRun) -> None:
        """Start it, unless an earlier attempt did: its name is the same."""
        stepfunctions = self._stepfunctions(run)
        try:
            stepfunctions.start_execution(
                stateMachineArn=self.state_machine_arn(run.base_model), name=run.name, input=json.dumps(run.input)
            )
        except stepfunctions.exceptions.ExecutionAlreadyExists:
            # It is ours: names are made of the sweep's own.
            return

    def describe(self, run: PlannedRun) -> "DescribeExecutionOutputTypeDef":
        return self._stepfunctions(run).describe_execution(executionArn=self.execution_arn(run))

    def stop(self, run: PlannedRun) -> bool:
        """Stop it where it is running; whether it was."""
        stepfunctions = self._stepfunctions(run)
        try:
            if self.describe(run)["status"] != "RUNNING":
                return False
        except stepfunctions.exceptions.ExecutionDoesNotExist:
            return False
        stepfunctions.stop_execution(
            executionArn=self.execution_arn(run), error="SweepEnded", cause="The sweep that started this run has ended."
        )
        return True

    def result(self, run: PlannedRun, buckets: Mapping[str, str]) -> dict[str, Any] | None:
        """Its result.json. buckets: results buckets by base model."""
        s3 = self.services.in_region("s3", BASE_MODELS[run.base_model].region)
        return RunStore(s3, buckets[run.base_model], run_id(run.name)).find_json(RESULT)

    def _stepfunctions(self, run: PlannedRun) -> "SFNClient":
        client: SFNClient = self.services.in_region("stepfunctions", BASE_MODELS[run.base_model].region)
        return client
