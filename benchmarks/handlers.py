"""Runs the handlers of functions, in this process or in one of their own, and measures what they take."""

from __future__ import annotations

import gc
import io
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any
from unittest.mock import patch

from outreach.observability import logger
from tests.support.functions import Context, load


@dataclass(frozen=True)
class Run:
    """An invocation of a function: its answer, its CPU time in seconds, and the bytes that it has logged."""

    answer: Any
    cpu_seconds: float
    log_bytes: int


@dataclass
class CpuTime:
    """CPU time that :func:`measure_cpu` measured."""

    seconds: float = 0.0


def run(function: str, event: Any, context: Context, simulated_cpu_seconds: Callable[[], float]) -> Run:
    """Invoke the function of the folder ``functions/<function>`` in this process."""
    handler, log = load(function).lambda_handler, io.StringIO()
    # The logger writes to its handler's stream and metrics go to standard output; on Lambda, both are in the log.
    with (
        patch.object(logger().registered_handler, "stream", log),
        redirect_stdout(log),
        measure_cpu(simulated_cpu_seconds) as cpu_time,
    ):
        answer = handler(event, context)
    return Run(answer, cpu_time.seconds, len(log.getvalue().encode()))


@contextmanager
def measure_cpu(simulated_cpu_seconds: Callable[[], float]) -> Iterator[CpuTime]:
    """Measure the CPU time of the code inside, without garbage collection.

    Args:
        simulated_cpu_seconds: returns the CPU time that simulated services have taken in this process; it is left out.
    """
    cpu_time = CpuTime()
    gc.disable()
    simulated, started = simulated_cpu_seconds(), time.process_time()
    try:
        yield cpu_time
    finally:
        cpu_time.seconds = time.process_time() - started - (simulated_cpu_seconds() - simulated)
        gc.enable()


class HandlerProcess:
    """A process in which the handlers run, as on Lambda; they do not compete with the simulated services for Python's lock.

    It is a fork of this process, so it has the patches that this process had when it started.
    """

    def __init__(self, set_time: Callable[[float], None]) -> None:
        """Start the process.

        Args:
            set_time: sets the simulated clock, to seconds.
        """
        context = multiprocessing.get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, set_time), daemon=True)
        self._process.start()

    def run(self, seconds: float, function: str, event: Any, context: Context) -> Run:
        """Invoke a function at a time of the simulated clock."""
        self._pipe.send((seconds, function, event, context))
        result: Run | Exception = self._pipe.recv()
        if isinstance(result, Exception):
            raise result
        return result

    def stop(self) -> None:
        """Stop the process."""
        self._pipe.send(None)
        self._process.join()


def _serve(pipe: Connection, set_time: Callable[[float], None]) -> None:
    while request := pipe.recv():
        seconds, function, event, context = request
        set_time(seconds)
        try:
            pipe.send(run(function, event, context, lambda: 0.0))
        except Exception as error:
            pipe.send(error)
