"""State machines that moto interprets, on virtual time, telling what happens as it happens.

What moto does in real time (Wait states, retry delays, time limits of tasks and executions, time stamps) follows the
virtual clock here, an execution that was stopped stays stopped, and its history is given in pages.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from types import SimpleNamespace
from typing import Any, Self

import moto.stepfunctions.models as moto_models
import moto.stepfunctions.parser.asl.component.common.retry.jitter_strategy_decl as moto_jitter
import moto.stepfunctions.parser.asl.component.common.retry.retrier_decl as moto_retrier
import moto.stepfunctions.parser.asl.component.state.exec.execute_state as moto_execute_state
import moto.stepfunctions.parser.asl.component.state.state as moto_state
import moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp as moto_timestamp
import moto.stepfunctions.parser.backend.execution as moto_execution
import moto.stepfunctions.parser.models as moto_parser_models
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import ExecutionFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped, ProgramTimedOut
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS
from moto.stepfunctions.responses import StepFunctionResponse

from local.engine.agenda import Agenda
from local.engine.clock import TimeIsUp, VirtualClock
from local.engine.replacement import replaced

# The parts of moto that the adapters wrap.
_add_event = EventManager.add_event
_execute = ExecutionWorker._execution_logic
_new_environment = ExecutionWorker._get_evaluation_environment
_run_task = StateTaskLambda._eval_execution
_set_error = Environment.set_error
_terminated = BaseExecutionWorkerCommunication.terminated

# Of a page of the history, where the caller asks for no other number.
_EVENTS_PER_PAGE = 100
_LAST_EVENTS = {"ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"}

HistoryEvent = dict[str, Any]
"""One event as GetExecutionHistory gives it: id, previousEventId, type, timestamp (aware), …EventDetails."""

Listener = Callable[[str, HistoryEvent], None]
"""Called with the execution's ARN and the event, in the execution's own thread, which goes on when it returns."""

EndListener = Callable[[str], None]
"""Called with the execution's ARN when its end can be seen by DescribeExecution, before it is over for followers."""


@dataclass
class _Execution:
    """What moto keeps of a running execution, and when its time is up."""

    environment: Environment
    deadline: datetime | None
    ended: bool = False

    @property
    def is_complete(self) -> bool:
        return bool(self.history) and self.history[-1]["type"] in _LAST_EVENTS

    @property
    def history(self) -> Sequence[Mapping[str, Any]]:
        return self.environment.event_manager._history_event_list


class LocalStateMachines:
    """Follows and stops the executions that moto runs while the adapters are active."""

    def __init__(self, clock: VirtualClock, agenda: Agenda) -> None:
        self._clock = clock
        self._agenda = agenda
        self._executions: dict[str, _Execution] = {}
        self._broken_off: dict[str, Exception] = {}
        self._arns: dict[EventManager, str] = {}
        self._changed = threading.Condition()
        self.listeners: list[Listener] = []
        self.end_listeners: list[EndListener] = []

    def events(self, arn: str) -> Iterator[HistoryEvent]:
        """Every event of an execution as it happens; ends when the execution has ended.

        Raises RuntimeError where the execution's thread broke off, which is a mistake of the engine or of a listener.
        """
        seen = 0
        while news := self._wait_for_news(arn, seen):
            yield from map(_with_time, news)
            seen += len(news)

    def wait_until_started(self, arn: str) -> None:
        """moto starts an execution in a thread, and can stop it once its first state is entered."""
        self._wait_for_news(arn, 1)

    def stop_all(self) -> None:
        """Abort what still runs, and wait until no thread of any execution is left."""
        self.listeners.append(self._abort)
        while TMP_THREADS:
            thread = TMP_THREADS.pop(0)
            if thread.ident is None:
                # moto is just about to start it.
                TMP_THREADS.append(thread)
            else:
                thread.join()

    def set_deadline(self, arn: str, deadline: datetime) -> None:
        """As if the definition's TimeoutSeconds ended then."""
        self._executions[arn].deadline = deadline

    def _abort(self, arn: str, _event: HistoryEvent) -> None:
        self._executions[arn].environment.set_stop(stop_date=self._clock.now(), cause=None, error=None)

    def _wait_for_news(self, arn: str, seen: int) -> Sequence[Mapping[str, Any]]:
        """The events after the first `seen`; none when the execution has ended."""

        def has_news() -> bool:
            execution = self._executions.get(arn)
            return execution is not None and (execution.ended or len(execution.history) > seen)

        with self._changed:
            self._changed.wait_for(lambda: arn in self._broken_off or has_news())
            if not has_news():
                raise RuntimeError(f"the local engine could not go on with {arn}") from self._broken_off[arn]
            return self._executions[arn].history[seen:]

    @contextmanager
    def adapters(self) -> Iterator[None]:
        """Put the adapters in place."""
        virtual_datetime = _datetime_module(self._clock)
        virtual_sleep = SimpleNamespace(sleep=self._agenda.sleep)
        # The same jitter in every run.
        fixed_jitter = SimpleNamespace(uniform=random.Random(0).uniform)  # noqa: S311 - no secret
        with ExitStack() as stack:
            for owner, name, value in (
                # CloudFormation creates state machines in the backend that runs them.
                (moto_models, "stepfunctions_backends", stepfunctions_parser_backends),
                (moto_models, "utcnow", lambda: self._clock.now().replace(tzinfo=None)),
                (moto_parser_models, "datetime", virtual_datetime),
                (moto_execution, "datetime", virtual_datetime),
                (moto_state, "datetime", virtual_datetime),
                (moto_timestamp, "datetime", virtual_datetime),
                (EventManager, "_get_current_timestamp", staticmethod(self._clock.now)),
                (EventManager, "add_event", self._telling(_add_event)),
                (ExecutionWorker, "_get_evaluation_environment", self._registering(_new_environment)),
                (ExecutionWorker, "_execution_logic", self._telling_of_breaks(_execute)),
                (BaseExecutionWorkerCommunication, "terminated", self._ending(_terminated)),
                (WaitFunction, "_wait_interval", self._waiting()),
                (moto_retrier, "time", virtual_sleep),
                (moto_jitter, "random", fixed_jitter),
                (moto_execute_state, "threading", SimpleNamespace(Event=_PatientEvent)),
                (StateTaskLambda, "_eval_execution", self._limiting(_run_task)),
                (Environment, "set_error", _set_error_unless_over),
                (StepFunctionResponse, "get_execution_history", _page_of_history),
            ):
                stack.enter_context(replaced(owner, name, value))
            yield

    def _telling(self, add_event: Callable[..., int]) -> Callable[..., int]:
        """Tell listeners and followers of each event."""

        def add_and_tell(manager: EventManager, *args: object, **kwargs: object) -> int:
            arn = self._arns[manager]
            execution = self._executions[arn]
            with self._changed:
                if execution.is_complete:
                    # What an item of a Map still does after the execution was stopped.
                    return len(execution.history)
                event_id = add_event(manager, *args, **kwargs)
                # moto numbers events from 1, in the order of its list.
                event = _with_time(execution.history[event_id - 1])
                self._changed.notify_all()
            for listener in self.listeners:
                listener(arn, event)
            return event_id

        return add_and_tell

    def _registering(self, new_environment: Callable[[ExecutionWorker], Environment]) -> Callable[..., Environment]:
        """Keep each execution's environment, and when its time is up."""

        def new_registered_environment(worker: ExecutionWorker) -> Environment:
            environment = new_environment(worker)
            details = worker._evaluation_details
            arn: str = details.execution_details.arn
            seconds = json.loads(details.state_machine_details.definition).get("TimeoutSeconds")
            deadline = None if seconds is None else self._clock.now() + timedelta(seconds=seconds)
            self._arns[environment.event_manager] = arn
            self._executions[arn] = _Execution(environment, deadline)
            self._agenda.join()
            return environment

        return new_registered_environment

    def _telling_of_breaks(self, execute: Callable[[ExecutionWorker], None]) -> Callable[[ExecutionWorker], None]:
        """Tell followers, who would wait for ever, when the thread of an execution cannot go on."""

        def execute_and_tell(worker: ExecutionWorker) -> None:
            arn: str = worker._evaluation_details.execution_details.arn
            try:
                execute(worker)
            except Exception as error:
                with self._changed:
                    self._broken_off[arn] = error
                    execution = self._executions.get(arn)
                    if execution is not None and not execution.ended:
                        self._agenda.leave()
                    self._changed.notify_all()

        return execute_and_tell

    def _ending(
        self, terminated: Callable[[BaseExecutionWorkerCommunication], None]
    ) -> Callable[[BaseExecutionWorkerCommunication], None]:
        """Tell followers that nothing more will come."""

        def terminated_and_told(communication: BaseExecutionWorkerCommunication) -> None:
            arn = communication.execution.exec_arn
            try:
                terminated(communication)
                for listener in self.end_listeners:
                    listener(arn)
            finally:
                self._agenda.leave()
                with self._changed:
                    self._executions[arn].ended = True
                    self._changed.notify_all()

        return terminated_and_told

    def _waiting(self) -> Callable[..., None]:
        """A Wait state: until its time or the execution's is up."""

        def wait(_function: WaitFunction, env: Environment, wait_seconds: float) -> None:
            execution = self._executions[self._arns[env.event_manager]]
            if not execution.environment.is_running():
                return
            if execution.deadline is not None:
                left = (execution.deadline - self._clock.now()).total_seconds()
                wait_seconds = min(wait_seconds, left)
            self._agenda.sleep(max(0, wait_seconds))
            self._check_deadline(env)

        return wait

    def _check_deadline(self, environment: Environment) -> None:
        execution = self._executions[self._arns[environment.event_manager]]
        if execution.deadline is not None and self._clock.now() >= execution.deadline and environment.is_running():
            execution.environment.set_timed_out()

    def _limiting(self, run_task: Callable[[StateTaskLambda, Environment], None]) -> Callable[..., None]:
        """Apply the time limits of the task and of the execution, and drop what a stopped execution still does."""

        def run_limited(state: StateTaskLambda, environment: Environment) -> None:
            state.timeout.eval(env=environment)
            seconds = environment.stack.pop()
            try:
                self._check_deadline(environment)
                with self._clock.limit(seconds):
                    run_task(state, environment)
                self._check_deadline(environment)
            except TimeIsUp:
                raise EvalTimeoutError from None
            except Exception:
                # moto evaluates nothing once an execution is over, and then misses what it expects on its stack.
                if environment.is_running():
                    raise
                environment.stack.append(None)

        return run_limited


class _PatientEvent(threading.Event):
    """Ignores real time: time limits of tasks are virtual."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - the signature of threading.Event
        return super().wait()


def _set_error_unless_over(environment: Environment, error: ExecutionFailedEventDetails) -> None:
    """moto lets the error of a task that was cut off by StopExecution turn ABORTED into FAILED."""
    if not isinstance(environment._program_state, ProgramStopped | ProgramTimedOut):
        _set_error(environment, error)


def _page_of_history(response: StepFunctionResponse) -> ActionResult:
    """moto gives all of it, the oldest first, whatever was asked for."""
    whole = response.stepfunction_backend.get_execution_history(response._get_param("executionArn"))["events"]
    if response._get_param("reverseOrder"):
        whole = whole[::-1]
    start = int(response._get_param("nextToken") or 0)
    end = start + (response._get_param("maxResults") or _EVENTS_PER_PAGE)
    following = {"nextToken": str(end)} if end < len(whole) else {}
    return ActionResult({"events": whole[start:end], **following})


def _with_time(event: Mapping[str, Any]) -> HistoryEvent:
    return {**event, "timestamp": datetime.fromisoformat(event["timestamp"])}


def _datetime_module(clock: VirtualClock) -> SimpleNamespace:
    """A stand-in for the module datetime whose `datetime.now` is the clock's."""

    class VirtualDatetime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            now = clock.now().astimezone(tz) if tz else clock.now().replace(tzinfo=None)
            return cls.combine(now.date(), now.timetz())

    return SimpleNamespace(datetime=VirtualDatetime, timezone=timezone)
