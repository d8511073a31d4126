"""Starts functions as forks of a process that has imported their layers, so that a cold start takes little more than a fork.

Importing boto3 and the layers takes some tenths of a second of CPU, and a stack of a hundred functions does it for each of them.
This module is both ends: MiniStack imports it, and it is the program of the process that forks, one for each set of layers.

A fork has the environment, the folder and the script that a new interpreter would have. It differs in what the layers do when
they are imported, which is nothing that depends on the environment.
"""

import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

IS_SUPPORTED = hasattr(os, "pidfd_open")  # on Linux

# What every function needs of its layers, and the package that imports the rest.
_LIBRARIES = ("boto3", "botocore.session", "botocore.httpsession", "botocore.signers")
_PACKAGE = "outreach"
_REQUEST_BYTES = 1 << 17
_REAP_MILLISECONDS = 1_000


class ForkServer:
    """MiniStack's end of a process that forks."""

    def __init__(self, python: str, layers: Sequence[str]) -> None:
        """Start the process, which imports what is in the folders of the layers."""
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # It ends when this process does, because then its socket is closed.
            subprocess.Popen([python, "-P", __file__, str(theirs.fileno()), *layers], pass_fds=[theirs.fileno()])

    def start(self, script: str, folder: str, environment: Mapping[str, str]) -> "Fork":
        """Run a script in a fork."""
        (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = (os.pipe() for _ in range(3))
        request = json.dumps({"script": script, "folder": folder, "environment": dict(environment)}).encode()
        with self._lock:
            socket.send_fds(self._socket, [request], [stdin, stdout, stderr])
            _, processes, _, _ = socket.recv_fds(self._socket, 1, 1)
        for descriptor in (stdin, stdout, stderr):
            os.close(descriptor)
        if not processes:
            raise RuntimeError("the process that forks functions has ended; start the local stack again")
        return Fork(processes[0], to_stdin, from_stdout, from_stderr)


class Fork:
    """A script that runs in a fork, with what MiniStack uses of a ``subprocess.Popen`` in text mode."""

    def __init__(self, process: int, to_stdin: int, from_stdout: int, from_stderr: int) -> None:
        self.stdin = os.fdopen(to_stdin, "w", buffering=1)
        self.stdout, self.stderr = os.fdopen(from_stdout), os.fdopen(from_stderr)
        self._process = io.FileIO(process)
        self._ended = select.poll()
        self._ended.register(self._process, select.POLLIN)

    def poll(self) -> int | None:
        """Return ``None`` while the script runs, then 0: its status is known only to the process that has forked it."""
        return 0 if self._ended.poll(0) else None

    def wait(self, timeout: float) -> int:
        """Wait for the end of the script, for some seconds at most."""
        if not self._ended.poll(timeout * 1000):
            raise subprocess.TimeoutExpired("a function", timeout)
        return 0

    def terminate(self) -> None:
        """Ask the script to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the script."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._process.fileno(), number)


def _serve(requests: socket.socket, layers: Sequence[str]) -> None:
    """Import the layers, then fork for each request, until MiniStack's end is closed."""
    original = list(sys.path)
    for layer in layers:
        sys.path[:0] = [layer, f"{layer}/python"]
    _import_all()
    sys.path[:] = original
    waiting = select.poll()
    waiting.register(requests, select.POLLIN)
    while True:
        _reap()
        if not waiting.poll(_REAP_MILLISECONDS):
            continue
        request, streams, _, _ = socket.recv_fds(requests, _REQUEST_BYTES, 3)
        if not request:
            return
        process = os.fork()
        if process == 0:
            requests.close()
            _run(json.loads(request), streams)
        descriptor = os.pidfd_open(process)
        socket.send_fds(requests, [b"."], [descriptor])
        for opened in (descriptor, *streams):
            os.close(opened)


def _import_all() -> None:
    for name in _LIBRARIES:
        _import(name)
    package: Any = _import(_PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, f"{_PACKAGE}.", onerror=lambda _: None) if package else ():
        _import(module.name)


def _import(name: str) -> Any:
    """Import a module, unless it needs another layer."""
    with suppress(Exception):
        return importlib.import_module(name)
    return None


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _run(request: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    """Run the script as the main program of this process."""
    status = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
        sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["folder"])
        sys.path.insert(0, str(Path(request["script"]).parent))
        sys.argv = [request["script"]]
        runpy.run_path(request["script"], run_name="__main__")
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        for output in (sys.stdout, sys.stderr):
            with suppress(OSError):
                output.flush()
        os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        _serve(connection, sys.argv[2:])
