"""Starts and stops the whole local stack in order."""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import IO, Self

import psutil
import requests
from outreach_admin.progress import reporting
from rich.console import Console

from local_stack import sam
from local_stack.aws import Aws, drain_ministack, start_ministack
from local_stack.processes import Child, LocalStackError
from local_stack.settings import PROJECT, Settings

READY_TIMEOUT_SECONDS = 60
HTTP_API_STAGE = "$default"
# The local AWS runs a process for each webhook; too many simultaneous starts time out on a small machine.
RECEIPT_CONCURRENCY = 4
# Of a command line.
_SHOWN_CHARACTERS = 100


class LocalStack:
    """The running system: `with LocalStack(Settings()) as stack: requests.get(f"{stack.base_url}/contact/contacts")`.

    The state stays in `settings.state_dir`; the next stack with this folder continues with it.
    """

    def __init__(self, settings: Settings, console: Console | None = None) -> None:
        self.settings = settings
        self.base_url = settings.base_url
        self.aws_endpoint = settings.aws_endpoint
        self.simulator_url = settings.simulator_url
        self.aws = Aws(settings)
        self._console = console or Console(quiet=True)
        self._children: list[Child] = []
        self._lock: IO[str] | None = None

    def start(self) -> None:
        """Start everything, from the local AWS to the base URL, and return when the API responds.

        Raises:
            LocalStackError: a build, a deployment or a start failed. The caller must still call `stop`.
        """
        self._lock_state()
        self._require_free_ports()
        with self._step("starting the local AWS"):
            self._children.append(start_ministack(self.settings))
        self._deploy()
        with self._step("seeding sites, keys and accounts"):
            self._start_module("local_stack.seeds", environment=self.aws.function_environment()).finish()
        with self._step("waiting for the API"):
            self._children.append(self._start_proxy())
        # Started last and stopped first: a carrier drops a receipt after a few failed webhooks.
        if self.settings.needs_simulator:
            with self._step("starting the carrier simulator"):
                self._children.append(self._start_simulator())

    def stop(self) -> None:
        """Stop all processes in reverse order, so that no process calls the local AWS while it saves its state."""
        if self._children:
            with self._step("waiting for running functions"):
                drain_ministack(self.settings)
            with self._step("stopping and saving the state"):
                while self._children:
                    self._children.pop().stop()
        if self._lock:
            self._lock.close()

    def raise_if_ended(self) -> None:
        """Raise LocalStackError if one of the processes has ended."""
        for child in self._children:
            child.raise_if_ended()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _deploy(self) -> None:
        values = sam.parameters(self.settings)
        with sam.build_lock():
            build_fingerprint = sam.fingerprint(PROJECT, {key: values[key] for key in ("PythonRuntime", "Architecture")})
            if not sam.is_built(build_fingerprint):
                with self._step("building functions and layers"):
                    sam.build(self.settings, build_fingerprint)
            deploy_fingerprint = sam.fingerprint(PROJECT, values)
            if self.aws.deployed_fingerprint() != deploy_fingerprint:
                with self._step("deploying the stack"):
                    sam.deploy(self.settings, self.aws, deploy_fingerprint)

    def _start_simulator(self) -> Child:
        simulator = self._start_module(
            "carrier_simulator",
            *("--port", str(self.settings.carrier_port), "--state", str(self.settings.state_dir / "carriers")),
            *("--webhook-base", self.base_url, "--receipt-concurrency", str(RECEIPT_CONCURRENCY)),
        )
        simulator.wait_until(lambda: _is_listening(self.settings.carrier_port), READY_TIMEOUT_SECONDS)
        return simulator

    def _start_proxy(self) -> Child:
        outputs = self.aws.outputs()
        proxy = self._start_module(
            "local_stack.proxy",
            *("--port", str(self.settings.port), "--base-url", self.base_url, "--aws-endpoint", self.aws_endpoint),
            *("--rest-api", f"{outputs['ApiId']}/{outputs['ApiStage']}"),
            *("--http-api", f"{outputs['HttpApiId']}/{HTTP_API_STAGE}"),
        )
        proxy.wait_until(lambda: _is_serving(f"{self.base_url}/contact/fields"), READY_TIMEOUT_SECONDS)
        return proxy

    def _start_module(self, module: str, *options: str, environment: Mapping[str, str] | None = None) -> Child:
        name = module.removeprefix("local_stack.").replace("_", "-")
        path = os.pathsep.join(str(PROJECT / folder) for folder in ("tools", "layers/outreach"))
        return Child(
            f"the {name.replace('-', ' ')}",
            [sys.executable, "-m", module, *options],
            log=self.settings.logs / f"{name}.log",
            environment={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **(environment or {})},
        )

    def _lock_state(self) -> None:
        try:
            self.settings.state_dir.mkdir(parents=True, exist_ok=True)
            self._lock = (self.settings.state_dir / "lock").open("w")
        except OSError as error:
            raise LocalStackError(f"STATE_DIR cannot be used: {error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalStackError(
                f"{self.settings.state_dir} is in use by another local stack. Stop it, or set STATE_DIR."
            ) from None

    def _require_free_ports(self) -> None:
        ports = {"PORT": self.settings.port, "AWS_LOCAL_PORT": self.settings.aws_port}
        if self.settings.needs_simulator:
            ports["CARRIER_PORT"] = self.settings.carrier_port
        for variable, port in ports.items():
            if _is_listening(port):
                raise LocalStackError(f"Port {port} is in use by {_holder(port)}. Stop it, or set {variable} to another port.")

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        """Show that a step is running (with a spinner on a terminal), then how long it took."""
        started = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(f"{title} …")
        with self._console.status(f"{title} …") if self._console.is_terminal else reporting(self._console, lambda: title):
            yield
        self._console.print(f"{title}: {time.monotonic() - started:.1f} s", highlight=False)


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _holder(port: int) -> str:
    """Name the process that listens on a port, as far as this user may see it."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
                return f"process {connection.pid} ({' '.join(psutil.Process(connection.pid).cmdline())[:_SHOWN_CHARACTERS]})"
    return "another process"


def _is_serving(url: str) -> bool:
    """Return whether the API responds. A 401 counts as a response, a 5xx of the gateway does not."""
    try:
        return requests.get(url, timeout=30).status_code < 500
    except requests.RequestException:
        return False
