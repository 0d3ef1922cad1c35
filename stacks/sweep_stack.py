"""The sweep: a small state machine that starts runs, waits for them, and compares what came of them."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct
from finetuning.base_models import BASE_MODELS, BaseModel
from finetuning.names import state_machine_name
from finetuning.polling import MAX_RUN_DURATION
from finetuning.sweep.plan import MAX_RUNS

from stacks.alarms import add_alarm
from stacks.grants import Grant
from stacks.guard import EVERY
from stacks.permissions import ONE_PER_EXECUTION
from stacks.state_machine import ExperimentStateMachine
from stacks.states import in_order, is_false, is_number, task, wait
from stacks.storage_stack import StorageStack
from stacks.task_function import TaskFunction
from stacks.workflow_stack import WorkflowStack

NAMED_BY_CLOUDFORMATION = "CloudFormation ends the names of buckets and stacks at deployment, perhaps in another region"
SWEEP_PREFIX = "Each sweep has its own prefix, named by its id, which is known only at run time"


class SweepStack(cdk.Stack):
    """state_machine: started with a sweep's input. It starts runs on the deployments for all base models."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        base_model: BaseModel,
        storage: StorageStack,
        workflow: WorkflowStack,
        env: cdk.Environment,
    ) -> None:
        description = f"Sweeps over fine-tuning experiments, beside those on {base_model.name}"
        super().__init__(scope, construct_id, description=description, env=env)
        self._storage, self._workflow = storage, workflow
        self.add_stack_dependency(workflow, reason="reads its exports")
        self.name = f"{base_model.key}-ft-sweep"
        self._states = Construct(self, "States")
        self.functions: dict[str, lambda_.Function] = {}
        self._function = partial(
            TaskFunction,
            self,
            prefix=self.name,
            base_model=base_model.key,
            results_bucket=storage.results_bucket_name,
        )
        self._add_functions()
        self.state_machine = ExperimentStateMachine(
            self,
            "Sweep",
            name=self.name,
            definition=self._flow(),
            functions=list(self.functions.values()),
            # As long as all its runs may take where they come one after the other.
            timeout=MAX_RUNS * MAX_RUN_DURATION,
        ).state_machine
        self._add_guard()
        arn = self.state_machine.state_machine_arn
        cdk.CfnOutput(self, "SweepStateMachineArn", value=arn, description="Start an execution of it with a sweep")

    def _add_functions(self) -> None:
        def add(name: str, *grants: Grant, **options: Any) -> None:  # noqa: ANN401 - those of TaskFunction
            self.functions[name] = self._function(name, *grants, **options).function

        sweeps = self._sweeps()
        write, read = Grant(["s3:PutObject"], [sweeps], SWEEP_PREFIX), Grant(["s3:GetObject"], [sweeps], SWEEP_PREFIX)
        results = self._read_results()
        add("configure_sweep", self._read_stacks(), write, environment={"DATASETS": self._workflow.datasets})
        add("start_sweep_run", self._start_runs(), self._see_runs())
        add("get_sweep_run", self._see_runs())
        add("choose_best", read, write, *results)
        add("write_comparison", read, write, *results, memory_mb=512)
        topic = self._workflow.topic
        add("notify", *topic.publish, environment={"TOPIC_ARN": topic.topic.topic_arn})

    def _flow(self) -> sfn.IChainable:
        capture = sfn.Pass(self._states, "CaptureInput", parameters={"input": sfn.JsonPath.object_at("$")})
        configure = self._step("ConfigureSweep", "configure_sweep", "$.sweep")
        train = self._runs("TrainRuns", "train", "$.sweep.runs", "$.trained", max_concurrency_path="$.sweep.atOnce")
        choose = self._step("ChooseBest", "choose_best", "$.best")
        # Each may need the one model unit that an account has.
        evaluate = self._runs("EvaluateRuns", "evaluate", "$.best.runs", "$.evaluated", max_concurrency=1)
        write = self._step("WriteComparison", "write_comparison", "$.report")
        ended = sfn.Succeed(self._states, "SweepEnded")
        notify = self._step("Notify", "notify").add_catch(ended, result_path="$.notifyFailure")
        in_order(capture, configure, train, choose, evaluate, write, notify, ended)
        return capture

    def _runs(self, state: str, phase: str, items: str, result_path: str, **at_once: Any) -> sfn.Map:  # noqa: ANN401
        """Start each of the runs, a few at a time, and wait for its end, however it ends."""
        suffix = f" ({phase})"
        start = self._step(f"StartSweepRun{suffix}", "start_sweep_run", "$.progress", item="run")
        wait_for_run = wait(self._states, f"WaitForSweepRun{suffix}", "$.progress.waitSeconds")
        get = self._step(f"GetSweepRun{suffix}", "get_sweep_run", "$.progress", item="run")
        ended = sfn.Choice(self._states, f"SweepRunEnded?{suffix}")
        done = sfn.Pass(self._states, f"SweepRunDone{suffix}", input_path="$.progress")
        broken = sfn.Fail(
            self._states,
            f"BrokenAnswer{suffix}",
            error="BrokenAnswer",
            cause="The function's answer lacks what the state machine decides by. Read the function's log.",
        )
        in_order(start, ended)
        ended.when(is_false("$.progress.running"), done)
        ended.when(is_number("$.progress.waitSeconds"), wait_for_run).otherwise(broken)
        in_order(wait_for_run, get, ended)
        runs = sfn.Map(
            self._states,
            state,
            items_path=items,
            item_selector={
                "state": sfn.JsonPath.object_at("$"),
                "run": sfn.JsonPath.object_at("$$.Map.Item.Value"),
            },
            result_path=result_path,
            **at_once,
        )
        return runs.item_processor(start)

    def _step(self, state: str, function: str, result_path: str | None = None, item: str | None = None) -> Any:  # noqa: ANN401
        return task(self._states, state, self.functions[function], result_path=result_path, item=item)

    def _add_guard(self) -> None:
        """Outside the execution, as the guard of runs is: one that was stopped cannot stop its runs."""
        stop = self._function(
            "stop_sweep_runs",
            Grant(["states:ListExecutions"], [self.state_machine.state_machine_arn]),
            Grant(["s3:GetObject"], [self._sweeps()], SWEEP_PREFIX),
            Grant(["s3:ListBucket"], [self._bucket]),
            self._see_runs(),
            Grant(["states:StopExecution"], self._run_executions(), ONE_PER_EXECUTION),
            environment={"SWEEP_STATE_MACHINE_ARN": self.state_machine.state_machine_arn},
            timeout=cdk.Duration.minutes(4),
        ).function
        target = targets.LambdaFunction(stop, retry_attempts=2)
        events.Rule(
            self,
            "SweepEndedBadly",
            description="A sweep did not succeed: stop the runs that it has left",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                },
            ),
            targets=[target],
        )
        events.Rule(
            self,
            "EveryFiveMinutes",
            description="Look for runs of sweeps that ended, for which an event was lost",
            schedule=events.Schedule.rate(EVERY),
            targets=[target],
        )
        add_alarm(
            self,
            "SweepGuardFails",
            stop.metric_errors(period=EVERY),
            "Runs of a sweep that ended may go on, within their share of its maxSpendUsd: the function that stops them "
            "failed. Read its log, and stop them in the Step Functions console.",
            self._workflow.topic.topic,
        )

    @property
    def _bucket(self) -> str:
        return f"arn:{self.partition}:s3:::{self._storage.results_bucket_name}"

    def _sweeps(self) -> str:
        return f"{self._bucket}/sweeps/*"

    def _read_results(self) -> Sequence[Grant]:
        buckets = [f"arn:{self.partition}:s3:::{key}-ft-storage-results*" for key in BASE_MODELS]
        return [
            Grant(["s3:GetObject"], [f"{bucket}/runs/*" for bucket in buckets], NAMED_BY_CLOUDFORMATION),
            # With it a missing object is "not found", without it "access denied".
            Grant(["s3:ListBucket"], buckets, NAMED_BY_CLOUDFORMATION),
        ]

    def _read_stacks(self) -> Grant:
        stacks = [
            f"arn:{self.partition}:cloudformation:{model.region}:{self.account}:stack/{key}-ft-workflow/*"
            for key, model in BASE_MODELS.items()
        ]
        return Grant(["cloudformation:DescribeStacks"], stacks, NAMED_BY_CLOUDFORMATION)

    def _start_runs(self) -> Grant:
        machines = [
            f"arn:{self.partition}:states:{model.region}:{self.account}:stateMachine:{state_machine_name(key)}"
            for key, model in BASE_MODELS.items()
        ]
        return Grant(["states:StartExecution"], machines)

    def _see_runs(self) -> Grant:
        return Grant(["states:DescribeExecution"], self._run_executions(), ONE_PER_EXECUTION)

    def _run_executions(self) -> list[str]:
        return [f"{self._executions(state_machine_name(key), model.region)}:*" for key, model in BASE_MODELS.items()]

    def _executions(self, state_machine: str, region: str) -> str:
        return f"arn:{self.partition}:states:{region}:{self.account}:execution:{state_machine}"
