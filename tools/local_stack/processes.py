"""Runs child processes: writes their output to a log, waits until they are ready, stops them and their descendants.

They end with this process, however it ends (:mod:`.supervisor`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervisor.py")
LOG_TAIL_LINES = 15
LOG_LINE_CHARACTERS = 1000
POLL_SECONDS = 0.05
# Long enough for the local AWS to save a large state; killing it would lose all changes since its start.
STOP_TIMEOUT_SECONDS = 60


class LocalStackError(Exception):
    """The local stack cannot start or continue. The message says what failed and quotes the end of its log."""


class Child:
    """A process in its own process group. Ctrl-C reaches only the launcher, which stops its children in order."""

    def __init__(self, name: str, command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str]) -> None:
        """Start the process; its output is appended to `log`."""
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._log_start = output.tell()
            # -P keeps this folder out of the import path. Nothing is written to standard input; it ends with this process.
            self._process = subprocess.Popen(
                [sys.executable, "-P", SUPERVISOR, *command],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=environment,
                start_new_session=True,
            )

    def raise_if_ended(self) -> None:
        """Raise LocalStackError if the process has ended."""
        if (status := self._process.poll()) is not None:
            raise LocalStackError(f"{self.name} ended with status {status}.\n{self._log_tail()}")

    def wait_until(self, is_ready: Callable[[], bool], timeout: float) -> None:
        """Wait until `is_ready()` is true. Stop the process if that fails or is interrupted.

        Raises:
            LocalStackError: the process ended, or was not ready after `timeout` seconds.
        """
        try:
            self._wait(is_ready, timeout)
        except BaseException:
            self.stop()
            raise

    def finish(self) -> None:
        """Wait until the process ends. Stop it if the wait is interrupted.

        Raises:
            LocalStackError: the process ended with a status other than 0.
        """
        try:
            status = self._process.wait()
        finally:
            self.stop()
        if status != 0:
            self.raise_if_ended()

    def stop(self) -> None:
        """Terminate the process, kill it after a timeout, and kill its remaining descendants."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT_SECONDS)
        self.kill()

    def kill(self) -> None:
        """Kill the process and its descendants at once, like a crash."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _wait(self, is_ready: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not is_ready():
            self.raise_if_ended()
            if time.monotonic() > deadline:
                raise LocalStackError(f"{self.name} was not ready after {timeout:.0f} s.\n{self._log_tail()}")
            time.sleep(POLL_SECONDS)

    def _log_tail(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(
            [f"The log {self._log} ends with:", *(f"  {line[:LOG_LINE_CHARACTERS]}" for line in lines[-LOG_TAIL_LINES:])]
        )
