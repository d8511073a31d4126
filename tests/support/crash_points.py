"""Injects faults into calls to AWS and HTTP servers: crashes, throttling, conflicts, lost responses and competing processes.

A *step* is a call to AWS, an HTTP request or the end of an invocation. A test says which step goes wrong, and how.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from threading import RLock, local
from typing import Any
from unittest.mock import patch

import requests
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError
from requests.adapters import HTTPAdapter

# Operations that can conflict with a transaction.
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchExecuteStatement"}


class Crash(BaseException):
    """The process ends here. It is a BaseException, so that no `except Exception` of the code under test catches it."""


class Fault(Enum):
    """What goes wrong at a step.

    ``CRASH``: the process ends before the step.
    ``REFUSED``: the call is throttled.
    ``CONTENDED``: the call, a write, conflicts with another transaction.
    ``LOST``: the call takes effect, but its response is lost.
    ``OVERTAKEN``: before the call, a competing process does the same work from beginning to end.
    """

    CRASH = auto()
    REFUSED = auto()
    CONTENDED = auto()
    LOST = auto()
    OVERTAKEN = auto()


def no_fault(_step: int) -> Fault | None:
    """The default of :class:`Calls`: no step goes wrong."""
    return None


# How DynamoDB names a fault of a single statement of a batch.
_CODES: dict[Fault | None, str] = {Fault.REFUSED: "ThrottlingError", Fault.CONTENDED: "TransactionConflict"}


@dataclass
class Calls:
    """Counts the steps of the code under test and injects faults at some of them.

    A crash after a step leaves the same state as a crash before the next step, so crashes happen only before steps.

    Attributes:
        fault_at: the fault of a step, by its number; steps are counted from 1 over all invocations.
        crash_at: the name of an AWS operation, such as "SendMessageBatch"; the process crashes before one of its calls.
        crash_at_call: before which of these calls, counted from 1.
        rival: does the work of the current invocation in another process; its steps are not counted and have no faults.
        steps: the number of steps so far.
        injected: the number of faults so far.
        is_waiting: whether an HTTP request of the code under test is in progress.
    """

    fault_at: Callable[[int], Fault | None] = no_fault
    crash_at: str | None = None
    crash_at_call: int = 1
    rival: Callable[[], object] = lambda: None
    steps: int = 0
    injected: int = 0
    is_waiting: bool = False
    _dead: bool = False
    _is_rival_running: bool = False
    _crash_at_calls: int = 0
    _lock: RLock = field(default_factory=RLock)
    _thread: local = field(default_factory=local)

    @contextmanager
    def in_another_process(self) -> Iterator[None]:
        """The calls that this thread makes inside belong to another process: they are not counted and have no faults."""
        self._thread.is_elsewhere = True
        try:
            yield
        finally:
            self._thread.is_elsewhere = False

    @contextmanager
    def invocation(self) -> Iterator[None]:
        """Count the calls inside as steps of one invocation of a function, which ends with a step named "return".

        Raises:
            Crash: a step crashed the process.
        """
        self._dead = False
        make_call, send = BaseClient._make_api_call, HTTPAdapter.send  # type: ignore[attr-defined]

        def call_aws(client: Any, operation: str, arguments: Any) -> Any:
            fault = self._step(operation)
            if operation == "BatchExecuteStatement" and fault in _CODES:
                return _partly_executed(make_call, client, arguments, _CODES[fault])
            match fault:
                case Fault.REFUSED:
                    raise _error(operation, "ThrottlingException")
                case Fault.CONTENDED:
                    raise _contended(operation, arguments)
                case Fault.LOST:
                    make_call(client, operation, arguments)
                    raise ReadTimeoutError(endpoint_url=operation)
            return make_call(client, operation, arguments)

        def call_http(adapter: Any, request: Any, **options: Any) -> requests.Response:
            fault = self._step(request.method)
            if fault is Fault.REFUSED:
                return _throttled(request)
            self.is_waiting = True
            try:
                response = send(adapter, request, **options)
            finally:
                self.is_waiting = False
            if fault is Fault.LOST:
                raise requests.ReadTimeout(request=request)
            return response

        with patch.object(BaseClient, "_make_api_call", call_aws), patch.object(HTTPAdapter, "send", call_http):
            yield
            self._step("return")

    def _step(self, name: str) -> Fault | None:
        if getattr(self._thread, "is_elsewhere", False):
            return None
        with self._lock:
            if self._dead:
                raise Crash(f"{name} after the end of the process")
            if self._is_rival_running:
                return None
            self.steps += 1
            fault = self._fault_of(name)
            self.injected += fault is not None
            if fault is Fault.CRASH:
                self._dead = True
                raise Crash(f"step {self.steps}: {name}")
        if fault is Fault.OVERTAKEN:
            self._run_rival()
        return fault

    def _fault_of(self, name: str) -> Fault | None:
        """The fault of the current step; ``None`` when this kind of step cannot go wrong in that way."""
        if name == self.crash_at:
            self._crash_at_calls += 1
            return Fault.CRASH if self._crash_at_calls == self.crash_at_call else None
        fault = self.fault_at(self.steps)
        if name not in _WRITES and fault is Fault.CONTENDED:
            return None
        return None if name == "return" and fault in (Fault.REFUSED, Fault.LOST) else fault

    def _run_rival(self) -> None:
        self._is_rival_running = True
        try:
            self.rival()
        finally:
            self._is_rival_running = False


def _error(operation: str, code: str, **details: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **details}, operation)  # type: ignore[typeddict-item]


def _contended(operation: str, arguments: Any) -> ClientError:
    """DynamoDB's error when another transaction is changing the same item (API reference of each operation)."""
    if operation != "TransactWriteItems":
        return _error(operation, "TransactionConflictException")
    reasons = [{"Code": "TransactionConflict"}] * len(arguments["TransactItems"])
    return _error(operation, "TransactionCanceledException", CancellationReasons=reasons)


def _partly_executed(make_call: Any, client: Any, arguments: Any, code: str) -> dict[str, Any]:
    """Execute every second statement of a batch, as DynamoDB does when it refuses the others."""
    refused = {"Error": {"Code": code, "Message": code}}
    others = arguments["Statements"][1::2]
    executed = make_call(client, "BatchExecuteStatement", {"Statements": others})["Responses"] if others else []
    return {"Responses": [executed[n // 2] if n % 2 else refused for n in range(len(arguments["Statements"]))]}


def _throttled(request: requests.PreparedRequest) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = 429, request, str(request.url)
    response._content = b""
    return response


@contextmanager
def dying_at(step: int | str, call: int = 1) -> Iterator[None]:
    """Crash the process at a step of the block.

    Args:
        step: the step's number, counted from 1 (the end of the block is a step too), or the name of an AWS operation, such as
            "SendMessageBatch".
        call: which call of that operation is the step, counted from 1.

    Raises:
        Crash: the block reached the step.
    """
    if isinstance(step, str):
        calls = Calls(crash_at=step, crash_at_call=call)
    else:
        calls = Calls(lambda number: Fault.CRASH if number == step else None)
    with calls.invocation():
        yield
