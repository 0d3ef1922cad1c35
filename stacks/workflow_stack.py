"""The workflow: one function for each task, the flow through them, and the topic that hears of each run's end.

Adding a step = a handler file `lambdas/<step>.py`, its function and grants in `_add_functions`, its state in `_flow`.
"""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct
from finetuning.base_models import BaseModel

from stacks.bedrock_arns import BedrockArns
from stacks.datasets import ShippedDatasets
from stacks.failure_path import failure_path
from stacks.grants import Grant
from stacks.layer import scoring_layer
from stacks.state_machine import ExperimentStateMachine
from stacks.states import Model, ask_in_batches, in_order, is_equal, is_true, task, wait
from stacks.storage_stack import RUN_PREFIX, StorageStack
from stacks.task_function import TaskFunction

DATASET_PREFIX = "People upload datasets under this prefix, with names of their own"
MADE_AT_RUN_TIME = "Bedrock makes the id of a job, custom model or throughput at run time"


class WorkflowStack(cdk.Stack):
    """functions: by task name. state_machine: what people start, with `{}` or an execution input."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base_model: BaseModel,
        storage: StorageStack,
        env: cdk.Environment,
    ) -> None:
        description = f"State machine and functions of the fine-tuning experiment on {base_model.name}"
        super().__init__(scope, construct_id, description=description, env=env)
        self.base_model = base_model
        self.storage = storage
        self.add_stack_dependency(storage, reason="reads its exports")
        self.topic = sns.Topic(
            self,
            "RunEnded",
            display_name="bedrock-ft runs",
            enforce_ssl=True,
            master_key=kms.Alias.from_alias_name(self, "SnsKey", "alias/aws/sns"),
        )
        self.functions: dict[str, lambda_.Function] = {}
        self._add_functions()
        self.state_machine = ExperimentStateMachine(
            self,
            "Experiment",
            name=f"{base_model.key}-ft-experiment",
            definition=self._flow(),
            functions=list(self.functions.values()),
        ).state_machine
        self._add_outputs()

    def _add_functions(self) -> None:
        """Each task's function, with exactly what it may do beyond writing its log and traces."""
        storage, arns = self.storage, BedrockArns(self, self.base_model)
        shipped = ShippedDatasets(self, "Datasets")
        datasets = {
            "DATA_BUCKET": storage.data_bucket_name,
            "DATASETS": self.to_json_string(shipped.uris),
        }
        service_role = {"SERVICE_ROLE_ARN": storage.service_role_arn}
        data_bucket = f"arn:{self.partition}:s3:::{storage.data_bucket_name}"
        results_bucket = f"arn:{self.partition}:s3:::{storage.results_bucket_name}"
        runs = f"{results_bucket}/runs/*"
        read_datasets = [
            Grant(["s3:GetObject"], [f"{data_bucket}/datasets/*"], DATASET_PREFIX),
            Grant(["s3:GetObject"], shipped.object_arns),
        ]
        read_runs = Grant(["s3:GetObject"], [runs], RUN_PREFIX)
        write_runs = Grant(["s3:PutObject"], [runs], RUN_PREFIX)
        # With it a missing object is "not found", without it "access denied".
        list_runs = Grant(["s3:ListBucket"], [results_bucket])

        def made_at_run_time(actions: Sequence[str], *resources: str) -> Grant:
            return Grant([f"bedrock:{action}" for action in actions], resources, MADE_AT_RUN_TIME)

        self._add_function("configure_run", environment=datasets)
        self._add_function(
            "check_prerequisites",
            *read_datasets,
            Grant(["s3:ListBucket"], [data_bucket]),
            Grant(["iam:GetRole"], [storage.service_role_arn]),
            Grant(["bedrock:GetFoundationModel"], [arns.customizable_model]),
            Grant(["bedrock:InvokeModel"], [arns.base_model, *arns.judge_models]),
            Grant(
                ["servicequotas:ListServiceQuotas"], ["*"], "Service Quotas has no resource-level permissions for lists"
            ),
            made_at_run_time(["GetCustomModel"], arns.custom_models),
            environment=datasets | service_role,
            timeout=cdk.Duration.minutes(2),
        )
        self._add_function(
            "validate_dataset",
            *read_datasets,
            read_runs,
            write_runs,
            Grant(["s3:AbortMultipartUpload"], [runs], RUN_PREFIX),
            timeout=cdk.Duration.minutes(5),
            memory_mb=512,
        )
        self._add_function("estimate_cost", read_runs)
        self._add_function(
            "generate_answers",
            read_runs,
            write_runs,
            list_runs,
            Grant(["bedrock:InvokeModel"], [arns.base_model]),
            made_at_run_time(["InvokeModel"], arns.throughputs),
            timeout=cdk.Duration.minutes(15),
            memory_mb=1024,
        )
        self._add_function(
            "score_answers",
            read_runs,
            write_runs,
            list_runs,
            Grant(["bedrock:InvokeModel"], arns.judge_models),
            timeout=cdk.Duration.minutes(15),
            memory_mb=1024,
            layers=[scoring_layer(self, "ScoringLayer")],
        )
        self._add_function(
            "start_customization_job",
            Grant(["bedrock:CreateModelCustomizationJob"], [arns.customizable_model]),
            made_at_run_time(["CreateModelCustomizationJob", "TagResource"], arns.custom_models, arns.jobs),
            made_at_run_time(["GetModelCustomizationJob"], arns.jobs),
            Grant(
                ["iam:PassRole"],
                [storage.service_role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "bedrock.amazonaws.com"}},
            ),
            environment=service_role,
        )
        self._add_function("get_customization_job", made_at_run_time(["GetModelCustomizationJob"], arns.jobs))
        self._add_function("read_training_metrics", read_runs, list_runs)
        self._add_function(
            "create_provisioned_throughput",
            made_at_run_time(["CreateProvisionedModelThroughput", "TagResource"], arns.custom_models, arns.throughputs),
            made_at_run_time(["GetProvisionedModelThroughput"], arns.throughputs),
        )
        self._add_function(
            "get_provisioned_throughput", made_at_run_time(["GetProvisionedModelThroughput"], arns.throughputs)
        )
        self._add_function(
            "delete_provisioned_throughput",
            made_at_run_time(["GetProvisionedModelThroughput", "DeleteProvisionedModelThroughput"], arns.throughputs),
        )
        self._add_function(
            "stop_customization_job",
            made_at_run_time(["GetModelCustomizationJob", "StopModelCustomizationJob"], arns.jobs),
        )
        self._add_function("write_report", read_runs, write_runs, list_runs, memory_mb=512)
        self._add_function(
            "notify",
            Grant(["sns:Publish"], [self.topic.topic_arn]),
            environment={"TOPIC_ARN": self.topic.topic_arn},
        )

    def _add_function(
        self,
        task_name: str,
        *grants: Grant,
        environment: Mapping[str, str] | None = None,
        timeout: cdk.Duration | None = None,
        memory_mb: int = 256,
        layers: Sequence[lambda_.ILayerVersion] = (),
    ) -> None:
        self.functions[task_name] = TaskFunction(
            self,
            "".join(word.capitalize() for word in task_name.split("_")),
            task=task_name,
            name=f"{self.base_model.key}-ft-{task_name.replace('_', '-')}",
            environment={
                "BASE_MODEL": self.base_model.key,
                "RESULTS_BUCKET": self.storage.results_bucket_name,
                **(environment or {}),
            },
            grants=grants,
            timeout=timeout or cdk.Duration.minutes(1),
            memory_mb=memory_mb,
            layers=layers,
        ).function

    def _flow(self) -> sfn.IChainable:
        """The main path, from dataset to verdict; whatever fails on it goes on to the failure path."""
        flow = Construct(self, "Flow")
        failed = failure_path(flow, self.functions)

        def step(
            state: str, function: str, result_path: str | None = None, model: Model | None = None
        ) -> sfn.TaskStateBase:
            invoke = task(flow, state, self.functions[function], result_path=result_path, model=model)
            return invoke.add_catch(failed, result_path="$.failure")

        def ask(state: str, model: Model) -> sfn.Map:
            batches = ask_in_batches(flow, state, self.functions["generate_answers"], model=model)
            return batches.add_catch(failed, result_path="$.failure")

        capture_input = sfn.Pass(flow, "CaptureInput", parameters={"input": sfn.JsonPath.object_at("$")})
        configure_run = step("ConfigureRun", "configure_run", "$.run")
        check_prerequisites = step("CheckPrerequisites", "check_prerequisites", "$.prerequisites")
        validate_dataset = step("ValidateDataset", "validate_dataset", "$.dataset")
        estimate_cost = step("EstimateCost", "estimate_cost", "$.cost")
        within_budget = sfn.Choice(flow, "WithinBudget?")
        over_budget = sfn.Pass(
            flow,
            "OverBudget",
            parameters={"Error": "OverBudget", "Cause": sfn.JsonPath.string_at("$.cost.message")},
            result_path="$.failure",
        )

        ask_base_model = ask("AskBaseModel", "base")
        score_base = step("ScoreAnswers (base)", "score_answers", "$.baseScores", "base")
        headroom_left = sfn.Choice(flow, "HeadroomLeft?")
        custom_model_given = sfn.Choice(flow, "CustomModelGiven?")

        start_job = step("StartCustomizationJob", "start_customization_job", "$.job")
        wait_for_job = wait(flow, "WaitForCustomizationJob", "$.job.waitSeconds")
        get_job = step("GetCustomizationJob", "get_customization_job", "$.job")
        job_completed = sfn.Choice(flow, "CustomizationJobCompleted?")
        read_metrics = step("ReadTrainingMetrics", "read_training_metrics", "$.training")
        did_it_learn = sfn.Choice(flow, "DidItLearn?")

        create_throughput = step("CreateProvisionedThroughput", "create_provisioned_throughput", "$.throughput")
        wait_for_throughput = wait(flow, "WaitForProvisionedThroughput", "$.throughput.waitSeconds")
        get_throughput = step("GetProvisionedThroughput", "get_provisioned_throughput", "$.throughput")
        in_service = sfn.Choice(flow, "ThroughputInService?")
        ask_custom_model = ask("AskCustomModel", "custom")
        delete_throughput = step("DeleteProvisionedThroughput", "delete_provisioned_throughput", "$.deletion")
        throughput_gone = sfn.Choice(flow, "ThroughputGone?")
        wait_until_gone = wait(flow, "WaitUntilThroughputIsGone", "$.deletion.waitSeconds")

        score_custom = step("ScoreAnswers (custom)", "score_answers", "$.customScores", "custom")
        write_report = step("WriteReport", "write_report", "$.report")
        notify = step("Notify", "notify")
        ended = sfn.Succeed(flow, "ExperimentEnded")

        in_order(capture_input, configure_run, check_prerequisites, validate_dataset, estimate_cost, within_budget)
        within_budget.when(is_true("$.cost.withinBudget"), ask_base_model).otherwise(over_budget)
        in_order(over_budget, failed)
        in_order(ask_base_model, score_base, headroom_left)
        headroom_left.when(is_true("$.baseScores.hasHeadroom"), custom_model_given).otherwise(write_report)
        custom_model_given.when(is_true("$.run.customModelGiven"), create_throughput).otherwise(start_job)

        in_order(start_job, wait_for_job, get_job, job_completed)
        job_completed.when(is_equal("$.job.status", "Completed"), read_metrics).otherwise(wait_for_job)
        in_order(read_metrics, did_it_learn)
        did_it_learn.when(is_true("$.training.learned"), create_throughput).otherwise(write_report)

        in_order(create_throughput, wait_for_throughput, get_throughput, in_service)
        in_service.when(is_equal("$.throughput.status", "InService"), ask_custom_model).otherwise(wait_for_throughput)
        in_order(ask_custom_model, delete_throughput, throughput_gone)
        throughput_gone.when(is_true("$.deletion.gone"), score_custom).otherwise(wait_until_gone)
        in_order(wait_until_gone, delete_throughput)
        in_order(score_custom, write_report, notify, ended)
        return capture_input

    def _add_outputs(self) -> None:
        arn = self.state_machine.state_machine_arn
        console = f"https://{self.region}.console.aws.amazon.com/states/home?region={self.region}"
        outputs = {
            "StateMachineArn": (arn, "Start an execution of it with input {}"),
            "StateMachineConsoleUrl": (f"{console}#/statemachines/view/{arn}", "The same in the console"),
            "DataBucketName": (self.storage.data_bucket_name, "Upload datasets under datasets/"),
            "ResultsBucketName": (self.storage.results_bucket_name, "Reports are under runs/<run id>/"),
        }
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
