"""Runs concurrent workers step by step, in an order that the test chooses.

A step is a call to AWS. Only one worker runs at a time; each worker pauses before its next step.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Semaphore, Thread
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient

from tests.support.crash_points import Crash


@dataclass
class Worker:
    """One invocation in its own process, simulated by a thread.

    Attributes:
        work: the code that the worker runs.
        dies_at: the step, counted from 1, before which the worker crashes; ``None`` when it does not crash.
        steps: the number of steps so far.
        is_over: whether the worker has ended.
    """

    work: Callable[[], Any]
    dies_at: int | None = None
    steps: int = 0
    is_over: bool = False
    _turn: Semaphore = field(default_factory=lambda: Semaphore(0))
    _pause: Semaphore = field(default_factory=lambda: Semaphore(0))

    @property
    def is_dead(self) -> bool:
        return self.dies_at is not None and self.steps >= self.dies_at

    def advance(self) -> None:
        """Let the worker make one step, and wait until it pauses again or ends."""
        self._turn.release()
        self._pause.acquire()

    def wait(self) -> None:
        """Pause before a step until it is this worker's turn.

        Raises:
            Crash: the worker crashes before this step, or has crashed already.
        """
        self._pause.release()
        self._turn.acquire()
        self.steps += not self.is_dead
        if self.is_dead:
            raise Crash(f"step {self.steps}")

    def run(self) -> None:
        """The thread's target: run the work when it is this worker's turn."""
        _thread.worker = self
        self._turn.acquire()
        try:
            self.work()
        except Crash:
            pass
        finally:
            self.is_over = True
            self._pause.release()


_thread = threading.local()


def step() -> None:
    """Pause the worker of this thread, if there is one, before a step."""
    if worker := getattr(_thread, "worker", None):
        worker.wait()


@contextmanager
def one_step() -> Iterator[None]:
    """Make everything inside a single step, regardless of its number of calls."""
    step()
    worker, _thread.worker = getattr(_thread, "worker", None), None
    try:
        yield
    finally:
        _thread.worker = worker


def run_interleaved(workers: Sequence[Worker], choose: Callable[[int], int]) -> None:
    """Run workers step by step until all have ended.

    Args:
        choose: gets the number of running workers and returns the index of the one that makes the next step.
    """
    threads = [Thread(target=worker.run) for worker in workers]
    with _stepping():
        for thread in threads:
            thread.start()
        while running := [worker for worker in workers if not worker.is_over]:
            running[choose(len(running))].advance()
        for thread in threads:
            thread.join()


@contextmanager
def _stepping() -> Iterator[None]:
    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(client: Any, operation: str, arguments: Any) -> Any:
        step()
        return make_call(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", call), patch.object(ThreadPoolExecutor, "submit", _run_now):
        yield


def _run_now(_pool: ThreadPoolExecutor, work: Callable[..., Any], *arguments: Any, **options: Any) -> Future[Any]:
    """Run pooled work in the worker's own thread, so that its steps have a fixed order."""
    future: Future[Any] = Future()
    try:
        future.set_result(work(*arguments, **options))
    except BaseException as error:
        future.set_exception(error)
    return future
