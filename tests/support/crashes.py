"""A process that dies at its k-th AWS call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient


class Crash(BaseException):
    """Not an Exception: nothing may catch it, as nothing survives the end of a process."""


@contextmanager
def dying_at(call: int, *, after: bool = False) -> Iterator[None]:
    """From the ``call``-th AWS call on (counted from 1), every one raises :class:`Crash`.

    Args:
        after: the ``call``-th itself still takes effect, but nobody learns of it.
    """
    lock = Lock()
    calls = 0
    make_call = BaseClient._make_api_call

    def count(client: Any, operation: str, arguments: Any) -> Any:
        nonlocal calls
        with lock:
            calls += 1
            number = calls
        if number == call and after:
            make_call(client, operation, arguments)
        if number >= call:
            raise Crash(f"at call {number}: {operation}")
        return make_call(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", count):
        yield
