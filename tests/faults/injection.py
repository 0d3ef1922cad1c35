"""Makes a scenario's faults happen: around the handlers, at Bedrock's operations, and as StopExecution."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from finetuning import names
from finetuning.errors import TransientError
from scenarios import REAPER, FaultAt, Kind, Moment, StopAt
from small_app import BASE_MODEL

from local.bedrock.faults import Fault
from local.engine.engine import LocalEngine
from local.engine.functions import Handler, Interceptor, LambdaContext
from local.engine.state_machines import HistoryEvent

_THROTTLED_CALLS = 2
# Longer than any function may run.
_FOREVER_SECONDS = 1_000
# What boto3 waits for an answer.
_READ_TIMEOUT_SECONDS = 60

# The reaper's calls that end something begin so.
_ORDERS = ("Delete", "Stop")
# What a call ends in that leaves open whether it had an effect.
_NO_ANSWER = ("SystemExit", "ConnectionClosedError", "ReadTimeoutError", "InternalServerException")

Call = Callable[[], object]


def _before(_call: Call) -> object:
    raise TransientError("injected: the connection broke before the request was sent")


def _after(call: Call) -> object:
    call()
    raise TransientError("injected: the connection broke before the answer arrived")


def _throttled(_call: Call) -> object:
    raise TransientError("injected: ThrottlingException")


def _denied(_call: Call) -> object:
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "injected: not authorized"}}
    raise ClientError(answer, "Operation")


def _crash(call: Call) -> object:
    call()
    raise SystemExit(1)


def _lost(_call: Call) -> object:
    return {}


def _no_json(call: Call) -> object:
    call()
    return "<html>no answer of the handler</html>"


def _empty(call: Call) -> object:
    call()
    return {}


class Injector:
    """entered: the state that each execution is in. answered: by run and model, the answers that Bedrock gave.

    calls: Bedrock's operations by state. removed: ARNs of what the reaper ordered to end. struck: what went wrong as
    planned. unanswered: ARNs in its orders that had no answer.
    """

    def __init__(
        self,
        engine: LocalEngine,
        faults: Sequence[FaultAt] = (),
        stop_at: StopAt | None = None,
        stopped_run: str = "run-1",
        sabotage: Interceptor = lambda handler: handler,
    ) -> None:
        self._engine, self._faults = engine, faults
        self._ask: Callable[[str], FaultAt | None] | None = None
        self._asked: set[str] = set()
        self._stop_at, self._stopped_run = stop_at, stopped_run
        self._invocations: defaultdict[FaultAt, int] = defaultdict(int)
        self._stopped = False
        self.entered: dict[str, str] = {}
        self.answered: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.calls: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.removed: set[str] = set()
        self.unanswered: set[str] = set()
        self.struck: set[object] = set()
        engine.listen(self._listen)
        engine.intercept(lambda handler: self._intercept(sabotage(handler)))

    def ask(self, ask: Callable[[str], FaultAt | None]) -> None:
        """From now on, what that says before the first invocation of a state's function goes wrong too."""
        self._ask, self._asked = ask, set()

    def _listen(self, arn: str, event: HistoryEvent) -> None:
        if entered := event.get("stateEnteredEventDetails"):
            self.entered[arn] = entered["name"]
        stop = self._stop_at
        if stop is None or self._stopped or not arn.endswith(f":{self._stopped_run}"):
            return
        moment = {Moment.ENTERED: "stateEnteredEventDetails", Moment.EXITED: "stateExitedEventDetails"}.get(stop.moment)
        if moment and event.get(moment, {}).get("name") == stop.state:
            self._stop(arn)

    def _stop(self, arn: str) -> None:
        self._stopped = True
        self.struck.add(self._stop_at)
        self._engine.stop_execution(arn)

    @property
    def planned(self) -> set[object]:
        """What was to go wrong, as far as it was asked for."""
        return {*self._faults, *filter(None, [self._stop_at])}

    def _intercept(self, handler: Handler) -> Handler:
        def run(event: Any, context: LambdaContext) -> object:  # noqa: ANN401 - a Lambda event
            execution = event.get("execution")
            state = self._state_of(event)
            run_name = execution["name"] if execution else ""
            if self._stop_at == StopAt(state, Moment.DURING) and run_name == self._stopped_run and not self._stopped:
                self._stop(execution["id"])
            before, ended_before = len(self._engine.bedrock.ledger.calls), self._ordered_to_end()
            try:
                return self._with_fault(state, run_name, lambda: handler(event, context))
            finally:
                self._record(state, run_name, event, before)
                if state == REAPER:
                    self.removed |= self._ordered_to_end() - ended_before
                    self.unanswered |= self._unanswered(before)

        return run

    def _state_of(self, event: Any) -> str:  # noqa: ANN401 - a Lambda event
        if "execution" not in event:
            return REAPER
        if "batch" in event:
            # Items of a Map that failed may still be at work when the execution has gone on.
            return f"GenerateAnswers ({event['model']})"
        return self.entered[event["execution"]["id"]]

    def _ordered_to_end(self) -> set[str]:
        bedrock = self._engine.bedrock
        hosts = (*bedrock.ledger.purchases, *bedrock.ledger.deployments)
        # At once: the other execution may begin meanwhile.
        runs = [arn.rpartition(":")[2] for arn in tuple(self.entered)]
        jobs = (bedrock.jobs.find(names.job_name(BASE_MODEL, run)) for run in runs)
        return {each.arn for each in hosts if each.deleted_at} | {each.arn for each in jobs if each and each.stopped_at}

    def _unanswered(self, before: int) -> set[str]:
        calls = self._engine.bedrock.ledger.calls[before:]
        without = [call for call in calls if call.error in _NO_ANSWER and call.operation.startswith(_ORDERS)]
        return {str(value) for call in without for value in call.parameters.values()}

    def _record(self, state: str, run_name: str, event: Any, before: int) -> None:  # noqa: ANN401 - a Lambda event
        calls = self._engine.bedrock.ledger.calls[before:]
        self.calls[state] |= dict.fromkeys(call.operation for call in calls)
        if state.startswith("GenerateAnswers"):
            answers = [call for call in calls if call.operation == "Converse" and not (call.error or call.fault)]
            self.answered[run_name, event["model"]] += len(answers)

    def _ask_once(self, state: str) -> None:
        if self._ask is not None and state not in self._asked:
            self._asked.add(state)
            if (fault := self._ask(state)) is not None:
                self._faults = (*self._faults, fault)

    def _with_fault(self, state: str, run_name: str, call: Call) -> object:
        self._ask_once(state)
        for fault in self._faults:
            if fault.state == state and fault.run in (None, run_name) and self._is_due(fault):
                if fault.operation is not None:
                    with self._at_operation(fault, fault.operation):
                        return call()
                self.struck.add(fault)
                return self._at_function(fault, call)
        return call()

    def _is_due(self, fault: FaultAt) -> bool:
        self._invocations[fault] += 1
        number = self._invocations[fault] - fault.skip
        times = _THROTTLED_CALLS if fault.kind is Kind.THROTTLED_A_WHILE else 1
        return number > 0 and (fault.always or number <= times)

    def _at_function(self, fault: FaultAt, call: Call) -> object:
        actions = {
            Kind.BEFORE: _before,
            Kind.AFTER: _after,
            Kind.THROTTLED_A_WHILE: _throttled,
            Kind.THROTTLED: _throttled,
            Kind.DENIED: _denied,
            Kind.TIMEOUT: self._time_out,
            Kind.CRASH: _crash,
            Kind.LOST: _lost,
            Kind.MALFORMED: _empty if fault.always else _no_json,
        }
        return actions[fault.kind](call)

    def _time_out(self, call: Call) -> object:
        call()
        self._engine.clock.sleep(_FOREVER_SECONDS)
        raise AssertionError("a function has a time limit")

    @contextmanager
    def _at_operation(self, fault: FaultAt, operation: str) -> Iterator[None]:
        before = len(self._engine.bedrock.ledger.calls)
        self._engine.bedrock.faults.inject(operation, _bedrock_fault(fault))
        try:
            yield
        finally:
            self._engine.bedrock.faults.clear()
            if any(call.operation == operation for call in self._engine.bedrock.ledger.calls[before:]):
                self.struck.add(fault)
            else:
                # This invocation had no need of the operation: the fault waits for one that has.
                self._invocations[fault] -= 1


def _bedrock_fault(fault: FaultAt) -> Fault:
    """For all calls of the operation in one invocation."""
    match fault.kind:
        case Kind.BEFORE:
            return Fault.before("InternalServerException")
        case Kind.AFTER:
            return Fault.lost_response(times=None)
        case Kind.THROTTLED_A_WHILE | Kind.THROTTLED:
            return Fault.throttle()
        case Kind.DENIED:
            return Fault.access_denied()
        case Kind.TIMEOUT:
            return Fault.timeout(_READ_TIMEOUT_SECONDS, times=None)
        case Kind.CRASH:
            return Fault.crash()
        case Kind.MALFORMED:
            return Fault.malformed(times=None)
        case Kind.STATUS:
            return Fault.answer(times=None, status=fault.status)
        case Kind.LOST:
            raise ValueError(f"an event is lost, no call: {fault}")
