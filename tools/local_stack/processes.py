"""Child processes: started with a log, waited for by a condition, stopped for certain."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

LOG_TAIL_LINES = 15
LOG_LINE_CHARACTERS = 1000
POLL_SECONDS = 0.05
# Long enough for the local AWS to write a large state; killing it loses what happened since its start.
STOP_TIMEOUT_SECONDS = 60


class LocalStackError(Exception):
    """The local stack cannot start or go on; the message tells what failed, how, and its last words."""


class Child:
    """One process in a group of its own, so that a Ctrl-C reaches only the launcher, which stops its children in order."""

    def __init__(self, name: str, command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str]) -> None:
        """Start it; what it prints goes to the end of `log`."""
        self.name = name
        self._log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
            )

    def raise_if_ended(self) -> None:
        """Raises LocalStackError when the process is no more."""
        if (status := self._process.poll()) is not None:
            raise LocalStackError(f"{self.name} ended with status {status}.\n{self._last_words()}")

    def wait_until(self, ready: Callable[[], bool], timeout: float) -> None:
        """Return as soon as `ready()` holds; when that fails or is interrupted, stop the process.

        Raises
        ------
        LocalStackError
            The process ended before, or `timeout` seconds passed.
        """
        try:
            self._wait(ready, timeout)
        except BaseException:
            self.stop()
            raise

    def finish(self) -> None:
        """Wait for its end, and stop it when that is interrupted; raises LocalStackError for a status other than 0."""
        try:
            status = self._process.wait()
        finally:
            self.stop()
        if status != 0:
            self.raise_if_ended()

    def stop(self) -> None:
        """Ask the process to end, kill it when it doesn't, and with it whatever it has started and left behind."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it, and whatever it has started, as a crash would."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _wait(self, ready: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not ready():
            self.raise_if_ended()
            if time.monotonic() > deadline:
                raise LocalStackError(f"{self.name} was not ready after {timeout:.0f} s.\n{self._last_words()}")
            time.sleep(POLL_SECONDS)

    def _last_words(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join([f"The end of {self._log}:", *(f"  {line[:LOG_LINE_CHARACTERS]}" for line in lines[-LOG_TAIL_LINES:])])
