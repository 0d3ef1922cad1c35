"""The workflow: one function for each task, the flow through them, the guard outside, and the topic that hears of it.

Adding a step = a handler file `lambdas/<step>.py`, its function with what it may do in `_add_functions`, and its
state in the part of the flow where it belongs.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct
from finetuning.base_models import BaseModel
from finetuning.names import state_machine_name
from finetuning.polling import MAX_RUN_DURATION

from stacks.datasets import ShippedDatasets
from stacks.failure_path import failure_path
from stacks.grants import Grant
from stacks.guard import Guard, dead_letter_queue
from stacks.hosting import HOST_NAMES, HostStates, by_hosting
from stacks.layer import scoring_layer
from stacks.permissions import Permissions
from stacks.state_machine import ExperimentStateMachine
from stacks.states import Model, ask_in_batches, catch, in_order, is_equal, is_false, is_number, is_true, task, wait
from stacks.storage_stack import StorageStack
from stacks.task_function import TaskFunction
from stacks.topic import RunTopic


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
        self.topic = RunTopic(self, "Topic")
        self.functions: dict[str, lambda_.Function] = {}
        self._function = partial(
            TaskFunction,
            self,
            prefix=f"{base_model.key}-ft",
            base_model=base_model.key,
            results_bucket=storage.results_bucket_name,
        )
        state_machine = state_machine_name(base_model.key)
        shipped = ShippedDatasets(self, "Datasets")
        self.datasets = self.to_json_string(shipped.uris)
        may = Permissions(self, base_model, storage, shipped, state_machine)
        self._add_functions(may)
        # Apart from the functions, whose construct ids are like the states' names.
        self.states = Construct(self, "States")
        self.failed = failure_path(self.states, self.functions, base_model.hosting)
        self.broken_answer = self._broken_answer()
        self.state_machine = ExperimentStateMachine(
            self,
            "Experiment",
            name=state_machine,
            definition=self._flow(),
            functions=list(self.functions.values()),
            timeout=MAX_RUN_DURATION,
        ).state_machine
        self._add_guard(may)
        self._add_outputs()

    def _add_functions(self, may: Permissions) -> None:
        """Each task's function, with exactly what it may do beyond writing its log and traces."""
        datasets = {"DATA_BUCKET": self.storage.data_bucket_name, "DATASETS": self.datasets}
        service_role = {"SERVICE_ROLE_ARN": self.storage.service_role_arn}
        read_datasets = (may.read_shipped_datasets, may.read_uploaded_datasets)

        def add(task: str, *grants: Grant, **options: Any) -> None:  # noqa: ANN401 - those of TaskFunction
            self.functions[task] = self._function(task, *grants, **options).function

        scoring = [scoring_layer(self, "ScoringLayer")]
        add("configure_run", may.read_runs, may.list_runs, may.see_whether_executions_run, environment=datasets)
        add(
            "check_prerequisites",
            *(*read_datasets, may.list_datasets, may.read_service_role, may.list_quotas),
            *(may.read_base_model, may.read_custom_model, may.ask_base_model, may.ask_judge),
            environment=datasets | service_role,
            timeout=cdk.Duration.minutes(2),
        )
        add(
            "validate_dataset",
            *(*read_datasets, may.read_shipped_cards, may.list_datasets),
            *(may.read_runs, may.write_runs, may.list_runs, may.abort_uploads),
            timeout=cdk.Duration.minutes(15),
            # A whole processor: it compares each record with each.
            memory_mb=1769,
            layers=scoring,
        )
        add("estimate_cost")
        add(
            "calibrate_judge",
            *(may.read_runs, may.write_runs, may.list_runs, may.ask_judge),
            timeout=cdk.Duration.minutes(15),
            memory_mb=512,
        )
        add(
            "generate_answers",
            *(may.read_runs, may.write_runs, may.list_runs, may.ask_base_model, may.ask_custom_model),
            timeout=cdk.Duration.minutes(15),
            memory_mb=1024,
        )
        add(
            "score_answers",
            *(may.read_runs, may.write_runs, may.list_runs, may.ask_judge, may.embed),
            timeout=cdk.Duration.minutes(15),
            memory_mb=1024,
            layers=scoring,
        )
        add(
            "start_customization_job",
            *(may.customize_base_model, may.create_job, may.read_job, may.pass_service_role),
            environment=service_role,
        )
        add("get_customization_job", may.read_job)
        add("read_training_metrics", may.read_runs, may.write_runs, may.list_runs)
        for hosting in self.base_model.hosting:
            host, on = HOST_NAMES[hosting].task, may.hosts[hosting]
            add(f"create_{host}", on.create, on.tag, on.read)
            add(f"get_{host}", on.read)
            add(f"delete_{host}", on.read, on.delete, may.read_runs, may.write_runs, may.list_runs)
        add("stop_customization_job", may.read_job, may.stop_job)
        add("delete_custom_model", may.delete_custom_model)
        add("write_report", may.read_runs, may.write_runs, may.list_runs, memory_mb=512)
        add("notify", *self.topic.publish, environment=self._topic_arn)

    def _add_guard(self, may: Permissions) -> None:
        """No task of the state machine: it runs when an execution cannot clean up after itself."""
        events_lost = dead_letter_queue(self, "GuardEventsLost")
        reap_throughput = self._function(
            "reap_throughput",
            *(may.list_jobs, may.read_tags),
            *(grant for on in may.hosts.values() for grant in (on.list, on.read, on.delete)),
            *(may.read_job, may.stop_job),
            *(may.list_executions, may.see_whether_executions_run, may.read_executions),
            *(may.read_runs, may.write_runs, may.list_runs, *self.topic.publish),
            Grant(["sqs:SendMessage"], [events_lost.queue_arn]),
            environment={"STATE_MACHINE_ARN": self.state_machine.state_machine_arn, **self._topic_arn},
            timeout=cdk.Duration.minutes(4),
            memory_mb=512,
        )
        Guard(
            self,
            "Guard",
            function=reap_throughput.function,
            log_group=reap_throughput.log_group,
            events_lost=events_lost,
            state_machine=self.state_machine,
            topic=self.topic.topic,
        )

    @property
    def _topic_arn(self) -> Mapping[str, str]:
        return {"TOPIC_ARN": self.topic.topic.topic_arn}

    def _flow(self) -> sfn.IChainable:
        """The main path, from dataset to verdict, put together from its end: each part is told what follows it."""
        report = self._report()
        compare = self._ask_custom_model(then=report)
        evaluate = sfn.Choice(self.states, "EvaluateCustomModel?")
        self._decide(evaluate, "$.run.evaluateCustomModel", yes=compare, no=report)
        customize = self._customize(learned=evaluate, learned_nothing=report)
        custom_model_given = sfn.Choice(self.states, "CustomModelGiven?")
        self._decide(custom_model_given, "$.run.customModelGiven", yes=compare, no=customize)
        ask_base_model = self._ask_base_model(headroom=custom_model_given, no_headroom=report)
        return self._prepare(within_budget=ask_base_model)

    def _prepare(self, *, within_budget: sfn.IChainable) -> sfn.IChainable:
        """Everything that can be refused before it costs anything."""
        capture_input = sfn.Pass(self.states, "CaptureInput", parameters={"input": sfn.JsonPath.object_at("$")})
        configure_run = self._step("ConfigureRun", "configure_run", "$.run")
        check_prerequisites = self._step("CheckPrerequisites", "check_prerequisites", "$.prerequisites")
        validate_dataset = self._step("ValidateDataset", "validate_dataset", "$.dataset")
        estimate_cost = self._step("EstimateCost", "estimate_cost", "$.cost")
        affordable = sfn.Choice(self.states, "WithinBudget?")
        over_budget = sfn.Pass(
            self.states,
            "OverBudget",
            parameters={"Error": "OverBudget", "Cause": sfn.JsonPath.string_at("$.cost.message")},
            result_path="$.failure",
        )

        in_order(capture_input, configure_run, check_prerequisites, validate_dataset, estimate_cost, affordable)
        self._decide(affordable, "$.cost.withinBudget", yes=within_budget, no=over_budget)
        in_order(over_budget, self.failed)
        return capture_input

    def _ask_base_model(self, *, headroom: sfn.IChainable, no_headroom: sfn.IChainable) -> sfn.IChainable:
        calibrate = self._step("CalibrateJudge", "calibrate_judge", "$.calibration")
        ask = self._ask("AskBaseModel", "base")
        score = self._step("ScoreAnswers (base)", "score_answers", "$.baseScores", "base")
        headroom_left = sfn.Choice(self.states, "HeadroomLeft?")

        in_order(calibrate, ask, score, headroom_left)
        self._decide(headroom_left, "$.baseScores.hasHeadroom", yes=headroom, no=no_headroom)
        return calibrate

    def _customize(self, *, learned: sfn.IChainable, learned_nothing: sfn.IChainable) -> sfn.IChainable:
        start_job = self._step("StartCustomizationJob", "start_customization_job", "$.job")
        wait_for_job = wait(self.states, "WaitForCustomizationJob", "$.job.waitSeconds")
        get_job = self._step("GetCustomizationJob", "get_customization_job", "$.job")
        job_completed = sfn.Choice(self.states, "CustomizationJobCompleted?")
        read_metrics = self._step("ReadTrainingMetrics", "read_training_metrics", "$.training")
        did_it_learn = sfn.Choice(self.states, "DidItLearn?")

        in_order(start_job, job_completed)
        job_completed.when(is_equal("$.job.status", "Completed"), read_metrics)
        job_completed.when(is_number("$.job.waitSeconds"), wait_for_job).otherwise(self.broken_answer)
        in_order(wait_for_job, get_job, job_completed)
        in_order(read_metrics, did_it_learn)
        self._decide(did_it_learn, "$.training.learned", yes=learned, no=learned_nothing)
        return start_job

    def _ask_custom_model(self, *, then: sfn.IChainable) -> sfn.IChainable:
        """The custom model has a host from the first of these states until that is gone; the scoring comes after."""
        answered = sfn.Choice(self.states, "CustomModelAnswered?")
        ask = self._ask("AskCustomModel", "custom")
        score = self._step("ScoreAnswers (custom)", "score_answers", "$.customScores", "custom")
        hosts = {
            hosting: HostStates(self.states, HOST_NAMES[hosting], self._step, self.broken_answer)
            for hosting in self.base_model.hosting
        }
        serve = {hosting: host.served(then=ask) for hosting, host in hosts.items()}
        delete = {hosting: host.deleted(then=score) for hosting, host in hosts.items()}

        # A run that goes on from an earlier one may have every answer already.
        no_answers = by_hosting(self.states, "HostedOnDemand?", serve)
        self._decide(answered, "$.dataset.customModelAnswered", yes=score, no=no_answers)
        in_order(ask, by_hosting(self.states, "HostedOnDemand? (answered)", delete))
        in_order(score, then)
        return answered

    def _report(self) -> sfn.IChainable:
        keep = sfn.Choice(self.states, "KeepCustomModel?")
        delete_model = task(
            self.states, "DeleteCustomModel", self.functions["delete_custom_model"], result_path="$.modelDeletion"
        )
        write_report = self._step("WriteReport", "write_report", "$.report")
        ended = sfn.Succeed(self.states, "ExperimentEnded")
        # The verdict stands, whether or not the mail about it goes out.
        notify = task(self.states, "Notify", self.functions["notify"]).add_catch(ended, result_path="$.notifyFailure")
        keep.when(is_false("$.run.keepCustomModel"), delete_model).otherwise(write_report)
        # The verdict stands, whether or not its model can be deleted.
        in_order(delete_model.add_catch(write_report, result_path="$.modelDeletionFailure"), write_report)
        in_order(write_report, notify, ended)
        return keep

    def _step(
        self, state: str, function: str, result_path: str | None = None, model: Model | None = None
    ) -> sfn.IChainable:
        """A task of the main path. Where its answer goes in the execution's state; about which model it is, if any."""
        invoke = task(self.states, state, self.functions[function], result_path=result_path, model=model)
        return catch(invoke, state, self.failed)

    def _ask(self, state: str, model: Model) -> sfn.IChainable:
        batches = ask_in_batches(self.states, state, self.functions["generate_answers"], model=model)
        return catch(batches, f"GenerateAnswers ({model})", self.failed)

    def _decide(self, choice: sfn.Choice, path: str, *, yes: sfn.IChainable, no: sfn.IChainable) -> None:
        """What is neither true nor false, since a function answered nonsense, is a failure like any other."""
        choice.when(is_true(path), yes).when(is_false(path), no).otherwise(self.broken_answer)

    def _broken_answer(self) -> sfn.IChainable:
        cause = "The function's answer lacks what the state machine decides by. Read the function's log."
        failure = {"Error": "BrokenAnswer", "Cause": cause}
        return sfn.Pass(self.states, "BrokenAnswer", parameters=failure, result_path="$.failure").next(self.failed)

    def _add_outputs(self) -> None:
        arn = self.state_machine.state_machine_arn
        console = f"https://{self.region}.console.aws.amazon.com/states/home?region={self.region}"
        outputs = {
            "StateMachineArn": (arn, "Start an execution of it with input {}"),
            "StateMachineConsoleUrl": (f"{console}#/statemachines/view/{arn}", "The same in the console"),
            "DataBucketName": (self.storage.data_bucket_name, "Upload datasets under datasets/"),
            "ResultsBucketName": (self.storage.results_bucket_name, "Reports are under runs/<run id>/"),
            "TopicArn": (self.topic.topic.topic_arn, "Subscribe to hear of runs, of what the guard removed, of alarms"),
        }
        for name, (value, description) in outputs.items():
            cdk.CfnOutput(self, name, value=value, description=description)
