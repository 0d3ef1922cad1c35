"""Fault injection: what can go wrong with a call, for any operation of the local Bedrock."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from botocore.exceptions import ConnectionClosedError, HTTPClientError, ReadTimeoutError

from local.bedrock.errors import AwsError


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a call; make one with the class methods.

    takes_effect: whether the operation is performed before things go wrong.
    code, message: the error answered, or
    connection: the error that the client meets instead of an answer, or
    exits: the process that made the call ends instead of being answered, or
    changes: members of the answer that are replaced, or
    garbled: the answer is not JSON (boto3 then gives a result without members).
    seconds: virtual time that passes first.
    times: for how many calls; None = until `Faults.clear`.
    """

    takes_effect: bool = True
    code: str | None = None
    message: str = ""
    connection: type[HTTPClientError] | None = None
    exits: bool = False
    changes: Mapping[str, Any] = field(default_factory=dict)
    garbled: bool = False
    seconds: float = 0
    times: int | None = 1

    @classmethod
    def before(cls, code: str, times: int | None = 1) -> "Fault":
        """The call is answered with an error and has no effect."""
        return cls(takes_effect=False, code=code, message=f"injected {code}, without effect", times=times)

    @classmethod
    def after(cls, code: str, times: int | None = 1) -> "Fault":
        """The call is answered with an error although it took effect."""
        return cls(code=code, message=f"injected {code}, after the effect", times=times)

    @classmethod
    def throttle(cls, times: int | None = None) -> "Fault":
        """The call is throttled that many times, or always."""
        return cls.before("ThrottlingException", times)

    @classmethod
    def access_denied(cls, times: int | None = None) -> "Fault":
        return cls.before("AccessDeniedException", times)

    @classmethod
    def lost_response(cls, times: int | None = 1) -> "Fault":
        """The call takes effect, and the connection breaks before its answer arrives."""
        return cls(connection=ConnectionClosedError, times=times)

    @classmethod
    def timeout(cls, seconds: float, *, takes_effect: bool = False, times: int | None = 1) -> "Fault":
        """No answer within that many virtual seconds."""
        return cls(takes_effect=takes_effect, connection=ReadTimeoutError, seconds=seconds, times=times)

    @classmethod
    def delay(cls, seconds: float, times: int | None = 1) -> "Fault":
        """The answer is right, but takes that many virtual seconds."""
        return cls(seconds=seconds, times=times)

    @classmethod
    def crash(cls, times: int | None = 1) -> "Fault":
        """The call takes effect, and the function that made it crashes before it can do anything else."""
        return cls(exits=True, times=times)

    @classmethod
    def malformed(cls, times: int | None = 1) -> "Fault":
        """The call takes effect; its answer is garbage with HTTP status 200."""
        return cls(garbled=True, times=times)

    @classmethod
    def answer(cls, times: int | None = 1, **changes: object) -> "Fault":
        """The call takes effect; these members of its answer are replaced: `Fault.answer(status="Failed")`."""
        return cls(changes=changes, times=times)

    def error(self) -> BaseException | None:
        """What the call ends in instead of an answer."""
        if self.exits:
            return SystemExit(1)
        if self.code is not None:
            return AwsError(self.code, self.message)
        if self.connection is not None:
            return self.connection(endpoint_url="the local Bedrock (injected fault)")
        return None


@dataclass
class _Planned:
    fault: Fault
    skip: int
    left: int | None


class Faults:
    """The faults still to come. Several faults of one operation come one after the other."""

    def __init__(self, check: Callable[[str, str | None], None]) -> None:
        """check(operation, error code): raises ValueError for what the published API does not have."""
        self._check = check
        self._planned: defaultdict[str, list[_Planned]] = defaultdict(list)
        self._lock = Lock()

    def inject(self, operation: str, fault: Fault, *, skip: int = 0) -> None:
        """Let calls of the operation go wrong, after `skip` calls that go well.

        operation: as the API names it, such as "CreateProvisionedModelThroughput".
        Raises ValueError if the local Bedrock has no such operation, or the operation no such error.
        """
        self._check(operation, fault.code)
        with self._lock:
            self._planned[operation].append(_Planned(fault, skip, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()

    def take(self, operation: str) -> Fault | None:
        """The fault for this call."""
        with self._lock:
            queue = self._planned.get(operation)
            if not queue:
                return None
            planned = queue[0]
            if planned.skip > 0:
                planned.skip -= 1
                return None
            if planned.left is not None:
                planned.left -= 1
                if planned.left <= 0:
                    queue.pop(0)
            return planned.fault
