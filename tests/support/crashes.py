"""Calls that go wrong: processes that die at their k-th call, AWS that throttles, lost answers, rivals that are faster."""

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

# The operations that conflict with transactions.
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


class Crash(BaseException):
    """Not an Exception: nothing may catch it, as nothing survives the end of a process."""


class Fault(Enum):
    """What happens to a call.

    The process dies before it; it is refused, or (a write) meets somebody else's transaction; it takes effect, and its answer is
    lost; before it, a rival does the same work from beginning to end, so that whatever the call depends on has changed.
    """

    CRASH = auto()
    REFUSED = auto()
    CONTENDED = auto()
    LOST = auto()
    OVERTAKEN = auto()


def nothing(_step: int) -> Fault | None:
    """All goes well."""
    return None


@dataclass
class Calls:
    """Counts the steps of the code under test (its calls to AWS and over HTTP, and its returns), and lets some go wrong.

    To die after a call and to die before the next one leave the same behind; so dying "before" each step is all there is.

    Attributes:
        fault_at: what goes wrong at a step, counted from 1 over all invocations.
        rival: does what the present invocation does, in a process of its own; its steps go well, and aren't counted.
        steps: how many there have been.
        injected: how many went wrong.
        is_waiting: whether an HTTP call is under way just now.
    """

    fault_at: Callable[[int], Fault | None] = nothing
    rival: Callable[[], object] = lambda: None
    steps: int = 0
    injected: int = 0
    is_waiting: bool = False
    _dead: bool = False
    _is_rivals_turn: bool = False
    _lock: RLock = field(default_factory=RLock)
    _here: local = field(default_factory=local)

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """What this thread does inside happens in another process, which lives and of which nothing is counted."""
        self._here.is_elsewhere = True
        try:
            yield
        finally:
            self._here.is_elsewhere = False

    @contextmanager
    def invocation(self) -> Iterator[None]:
        """One invocation of a function, in a process that lives until it dies.

        Raises:
            Crash: it died, be it in a thread of its own, or when all was done and nobody knew.
        """
        self._dead = False
        make_call, send = BaseClient._make_api_call, HTTPAdapter.send

        def call_aws(client: Any, operation: str, arguments: Any) -> Any:
            match self._step(operation):
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
                answer = send(adapter, request, **options)
            finally:
                self.is_waiting = False
            if fault is Fault.LOST:
                raise requests.ReadTimeout(request=request)
            return answer

        with patch.object(BaseClient, "_make_api_call", call_aws), patch.object(HTTPAdapter, "send", call_http):
            yield
            self._step("return")

    def _step(self, name: str) -> Fault | None:
        if getattr(self._here, "is_elsewhere", False):
            return None
        with self._lock:
            if self._dead:
                raise Crash(f"dead already: {name}")
            if self._is_rivals_turn:
                return None
            self.steps += 1
            fault = self._fault_of(name)
            self.injected += fault is not None
            if fault is Fault.CRASH:
                self._dead = True
                raise Crash(f"at step {self.steps}: {name}")
        if fault is Fault.OVERTAKEN:
            self._let_rival_pass()
        return fault

    def _fault_of(self, name: str) -> Fault | None:
        """What goes wrong at this step, if it can."""
        fault = self.fault_at(self.steps)
        if name not in _WRITES and fault is Fault.CONTENDED:
            return None
        return None if name == "return" and fault in (Fault.REFUSED, Fault.LOST) else fault

    def _let_rival_pass(self) -> None:
        self._is_rivals_turn = True
        try:
            self.rival()
        finally:
            self._is_rivals_turn = False


def _error(operation: str, code: str, **details: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}, **details}, operation)


def _contended(operation: str, arguments: Any) -> ClientError:
    """DynamoDB's answer when another transaction is under way on the same item (API reference of each operation)."""
    if operation != "TransactWriteItems":
        return _error(operation, "TransactionConflictException")
    reasons = [{"Code": "TransactionConflict"}] * len(arguments["TransactItems"])
    return _error(operation, "TransactionCanceledException", CancellationReasons=reasons)


def _throttled(request: requests.PreparedRequest) -> requests.Response:
    answer = requests.Response()
    answer.status_code, answer.request, answer.url = 429, request, str(request.url)
    answer._content = b""
    return answer


@contextmanager
def dying_at(step: int) -> Iterator[None]:
    """The process dies before the ``step``-th call (counted from 1; the end of the block counts as one)."""
    with Calls(lambda number: Fault.CRASH if number == step else None).invocation():
        yield
