"""Workers that run at the same time, one step of one of them after another, in an order that the test decides."""

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

from tests.support.crashes import Crash


@dataclass
class Worker:
    """One invocation, in a process of its own.

    Attributes:
        work: what it does.
        dies_at: the step, counted from 1, that it does not live to make; ``None`` for none.
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

    def go_on(self) -> None:
        """Let it make one step, and wait until it is about to make the next one."""
        self._turn.release()
        self._pause.acquire()

    def wait(self) -> None:
        """Wait for its turn to make a step.

        Raises:
            Crash: it died instead, or has before.
        """
        self._pause.release()
        self._turn.acquire()
        self.steps += not self.is_dead
        if self.is_dead:
            raise Crash(f"at step {self.steps}")

    def run(self) -> None:
        """What its thread does."""
        _here.worker = self
        self._turn.acquire()
        try:
            self.work()
        except Crash:
            pass
        finally:
            self.is_over = True
            self._pause.release()


_here = threading.local()


def step() -> None:
    """The worker of this thread, if there is one, is about to make a step."""
    if worker := getattr(_here, "worker", None):
        worker.wait()


@contextmanager
def one_step() -> Iterator[None]:
    """What is done inside is one step, whatever calls it takes."""
    step()
    worker, _here.worker = getattr(_here, "worker", None), None
    try:
        yield
    finally:
        _here.worker = worker


def take(workers: Sequence[Worker], choose: Callable[[int], int]) -> None:
    """Let workers take turns until all are over; ``choose`` says whose it is among so many. Calls to AWS are steps."""
    threads = [Thread(target=worker.run) for worker in workers]
    with _stepping():
        for thread in threads:
            thread.start()
        while running := [worker for worker in workers if not worker.is_over]:
            running[choose(len(running))].go_on()
        for thread in threads:
            thread.join()


@contextmanager
def _stepping() -> Iterator[None]:
    make_call = BaseClient._make_api_call

    def call(client: Any, operation: str, arguments: Any) -> Any:
        step()
        return make_call(client, operation, arguments)

    with patch.object(BaseClient, "_make_api_call", call), patch.object(ThreadPoolExecutor, "submit", _at_once):
        yield


def _at_once(_pool: ThreadPoolExecutor, work: Callable[..., Any], *arguments: Any, **options: Any) -> Future[Any]:
    """A worker has one thread, so that its steps have an order."""
    future: Future[Any] = Future()
    try:
        future.set_result(work(*arguments, **options))
    except BaseException as error:
        future.set_exception(error)
    return future
