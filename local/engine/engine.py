"""The local engine: what `cdk deploy` would deploy, running in this process on a virtual calendar, without AWS."""

import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import boto3
import moto.s3.urls
from finetuning.services import SystemClock, services
from moto import mock_aws
from moto.core.config import DefaultConfig
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal import mock_random
from moto.s3.models import S3Backend

from local import stand_in
from local.bedrock import LocalBedrock
from local.bedrock.models import Models
from local.engine import keys, runtime_errors, speed, variables
from local.engine.agenda import Agenda
from local.engine.clock import VirtualClock
from local.engine.deployment import Deployer, stacks, without_warnings
from local.engine.functions import Interceptor, LocalFunctions
from local.engine.isolation import isolated_environment
from local.engine.permissions import Permissions
from local.engine.replacement import replaced
from local.engine.rules import Delivery, LocalRules
from local.engine.state_machines import HistoryEvent, Listener, LocalStateMachines

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_cloudformation.client import CloudFormationClient
    from types_boto3_s3.client import S3Client
    from types_boto3_stepfunctions.client import SFNClient
    from types_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

DEFAULT_REGION = "us-east-1"

_MOTO: DefaultConfig = {"stepfunctions": {"execute_state_machine": True}, "iam": {"load_aws_managed_policies": False}}


@dataclass(frozen=True)
class Execution:
    """An execution that has ended. `output` is None unless it succeeded; `cause` is a failed task's error as JSON."""

    arn: str
    status: str
    output: Any
    error: str | None
    cause: str | None
    events: tuple[HistoryEvent, ...]

    @property
    def entered(self) -> list[str]:
        """The names of the states entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"] for event in self.events if "stateEnteredEventDetails" in event
        ]


class LocalEngine(AbstractContextManager["LocalEngine"]):
    """Starts and stops everything local around a cloud assembly. One at a time in a process, as many as wanted in turn.

    While it runs, no AWS client of this process can reach a real account: the environment holds dummy credentials, and
    neither profile, configuration file nor endpoint of the user's.
    """

    _running = threading.Lock()

    def __init__(self, assembly: Path, start: datetime, models: Models = stand_in) -> None:
        """assembly: cdk.out. start: where the virtual calendar begins; aware. models: what learns and answers."""
        self._stacks = stacks(assembly)
        self.region = next((stack.region for stack in self._stacks if stack.region), DEFAULT_REGION)
        self.account_id: str = DEFAULT_ACCOUNT_ID
        self.clock = VirtualClock(start)
        self.outputs: dict[str, str] = {}
        self.bedrock: LocalBedrock
        self.permissions: Permissions
        self._functions = LocalFunctions(self.clock)
        self._models = models
        self._agenda = Agenda(self.clock)
        self._state_machines = LocalStateMachines(self.clock, self._agenda)
        self._rules = LocalRules(self.clock, self._agenda, self.region, self.account_id)
        self._cleanup = ExitStack()

    def __enter__(self) -> "LocalEngine":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        if not self._running.acquire(blocking=False):
            raise RuntimeError("a local engine is running already: stop it first; they share moto and the environment")
        with ExitStack() as stack:
            stack.callback(self._running.release)
            stack.enter_context(isolated_environment(self.region))
            stack.enter_context(_quiet_moto())
            stack.enter_context(mock_aws(config=_MOTO))
            # moto loads this module anew for every request to S3, since environment variables might have changed it.
            stack.enter_context(replaced(S3Backend, "_url_module", moto.s3.urls))
            # The same names, such as those of buckets, in every run.
            mock_random.seed(0)
            self.bedrock = LocalBedrock(self.clock, self.region, self.account_id, self._models)
            stack.enter_context(self.bedrock.registered())
            self.permissions = Permissions(self.bedrock, self.region, self.account_id)
            stack.enter_context(self._functions.adapter())
            stack.enter_context(keys.adapter())
            stack.enter_context(runtime_errors.adapter())
            stack.enter_context(variables.adapter())
            stack.enter_context(speed.adapter())
            stack.enter_context(self._state_machines.adapters())
            stack.callback(services.use, clock=SystemClock(), environment="aws")
            session = stack.enter_context(self.permissions.enforced())
            services.use(clock=self.clock, environment="local", session=session)
            stack.callback(self._state_machines.stop_all)
            self._cleanup = stack.pop_all()

    def stop(self) -> None:
        """Abort what runs, wait for it to end, and put everything back as it was."""
        self._cleanup.close()

    def deploy(self) -> Mapping[str, str]:
        """Deploy all stacks. Returns their outputs. Raises DeploymentError."""
        deployer = Deployer(
            s3=self.s3,
            cloudformation=self.cloudformation,
            functions=self._functions,
            account_id=self.account_id,
        )
        self.outputs = deployer.deploy(self._stacks)
        for stack in self._stacks:
            functions = boto3.client("lambda")
            with without_warnings():
                self._rules.add(self.cloudformation, functions, stack.name, json.loads(stack.template.read_text()))
        # Made now: the listener runs in the executions' threads, which cannot make clients at the same time.
        describe = self.stepfunctions.describe_execution
        self._state_machines.end_listeners.append(lambda arn: self._rules.execution_ended(describe(executionArn=arn)))
        return self.outputs

    @cached_property
    def s3(self) -> "S3Client":
        return boto3.client("s3")

    @cached_property
    def bedrock_client(self) -> "BedrockClient":
        """For people: what handlers call is subject to their functions' permissions."""
        return boto3.client("bedrock")

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return boto3.client("cloudformation")

    @cached_property
    def stepfunctions(self) -> "SFNClient":
        return boto3.client("stepfunctions")

    def start_execution(self, name: str, execution_input: Mapping[str, Any]) -> str:
        """Start the deployed state machine. Returns the execution's ARN."""
        arn = self.stepfunctions.start_execution(
            stateMachineArn=self.outputs["StateMachineArn"], name=name, input=json.dumps(execution_input)
        )["executionArn"]
        self._state_machines.wait_until_started(arn)
        return arn

    def stop_execution(self, arn: str) -> None:
        """Abort an execution. Called by a listener, this happens exactly at the event that it was told."""
        self.stepfunctions.stop_execution(executionArn=arn)

    def follow(self, arn: str) -> Iterator[HistoryEvent]:
        """Every event of the execution as it happens, in the form of GetExecutionHistory, until it has ended."""
        return self._state_machines.events(arn)

    def run(self, name: str, execution_input: Mapping[str, Any]) -> Execution:
        """Start an execution and wait for its end."""
        arn = self.start_execution(name, execution_input)
        events = tuple(self.follow(arn))
        description = self.describe(arn)
        return Execution(
            arn=arn,
            status=description["status"],
            output=json.loads(description["output"]) if "output" in description else None,
            error=description.get("error"),
            cause=description.get("cause"),
            events=events,
        )

    def listen(self, listener: Listener) -> None:
        """Call the listener at every event of every execution; the execution waits for it to return."""
        self._state_machines.listeners.append(listener)

    def let_time_pass(self, duration: timedelta) -> None:
        """Let what is scheduled happen, and executions that run go on, for so long."""
        self._agenda.join()
        self._agenda.sleep(duration.total_seconds())
        self._agenda.leave()

    def restart_schedules(self) -> None:
        """Let what is scheduled at a rate come next when its whole interval has passed from now."""
        self._agenda.restart()

    def time_out(self, arn: str, at: datetime) -> None:
        """Let an execution time out then, as if its state machine's TimeoutSeconds ended then."""
        self._state_machines.set_deadline(arn, at)

    def intercept(self, interceptor: Interceptor) -> None:
        """Stand around every handler from now on."""
        self._functions.interceptor = interceptor

    @property
    def deliveries(self) -> list[Delivery]:
        """What the deployed EventBridge rules have invoked so far."""
        return self._rules.deliveries

    def describe(self, arn: str) -> "DescribeExecutionOutputTypeDef":
        """DescribeExecution's answer: status, input, output, error, cause, dates on the virtual calendar."""
        return self.stepfunctions.describe_execution(executionArn=arn)


@contextmanager
def _quiet_moto() -> Iterator[None]:
    """moto logs every failed state as an error of its own; the execution's history tells the same."""
    logger = logging.getLogger("moto")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
