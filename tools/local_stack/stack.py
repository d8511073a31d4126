"""Everything up, and everything down again, in order."""

import fcntl
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Self

import requests
from rich.console import Console

from local_stack import sam
from local_stack.aws import Aws, drain_ministack, start_ministack
from local_stack.processes import Child, LocalStackError
from local_stack.settings import PROJECT, Settings

READY_TIMEOUT_SECONDS = 60
HTTP_API_STAGE = "$default"
# Each webhook under way is a process of the local AWS; too many starting at once on a small machine all time out.
RECEIPT_CONCURRENCY = 4


class LocalStack:
    """The running system: `with LocalStack(Settings()) as stack: requests.get(f"{stack.base_url}/contact/contacts")`.

    State is kept in `settings.state_dir`, so that the next one goes on where this one stopped.
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
        """Start what is missing, from the local AWS to the base URL, and return when the API answers.

        Raises
        ------
        LocalStackError
            Something could not be built, deployed or started; what had been started is still to be stopped.
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
        # The last to come and the first to go: carriers give a receipt up that finds nobody at home a few times.
        if self.settings.needs_simulator:
            with self._step("starting the carrier simulator"):
                self._children.append(self._start_simulator())

    def stop(self) -> None:
        """Stop what was started, the last first: nobody calls any more when the local AWS saves its state."""
        if self._children:
            with self._step("letting running functions finish"):
                drain_ministack(self.settings)
            with self._step("stopping, and saving the state"):
                while self._children:
                    self._children.pop().stop()
        if self._lock:
            self._lock.close()

    def raise_if_ended(self) -> None:
        """Raises LocalStackError when one of the processes is no more."""
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
            build_key = sam.fingerprint(PROJECT, {key: values[key] for key in ("PythonRuntime", "Architecture")})
            if not sam.is_built(build_key):
                with self._step("building functions and layers"):
                    sam.build(self.settings, build_key)
            deploy_key = sam.fingerprint(PROJECT, values)
            if self.aws.deployment() != deploy_key:
                with self._step("deploying the stack"):
                    sam.deploy(self.settings, self.aws, deploy_key)

    def _start_simulator(self) -> Child:
        simulator = self._start_module(
            "carrier_simulator",
            *("--port", str(self.settings.carrier_port), "--state", str(self.settings.state_dir / "carriers")),
            *("--webhook-base", self.base_url, "--receipt-concurrency", str(RECEIPT_CONCURRENCY)),
        )
        simulator.wait_until(lambda: _listens(self.settings.carrier_port), READY_TIMEOUT_SECONDS)
        return simulator

    def _start_proxy(self) -> Child:
        outputs = self.aws.outputs()
        proxy = self._start_module(
            "local_stack.proxy",
            *("--port", str(self.settings.port), "--aws-endpoint", self.aws_endpoint),
            *("--rest-api", f"{outputs['ApiId']}/{outputs['ApiStage']}"),
            *("--http-api", f"{outputs['HttpApiId']}/{HTTP_API_STAGE}"),
        )
        proxy.wait_until(lambda: _answers(f"{self.base_url}/contact/fields"), READY_TIMEOUT_SECONDS)
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
        self.settings.state_dir.mkdir(parents=True, exist_ok=True)
        self._lock = (self.settings.state_dir / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LocalStackError(f"{self.settings.state_dir} is in use by another one; STATE_DIR chooses another.") from None

    def _require_free_ports(self) -> None:
        ports = {"PORT": self.settings.port, "AWS_LOCAL_PORT": self.settings.aws_port}
        if self.settings.needs_simulator:
            ports["CARRIER_PORT"] = self.settings.carrier_port
        for variable, port in ports.items():
            if _listens(port):
                raise LocalStackError(f"Port {port} is in use: is another one running? {variable} chooses another port.")

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        """Show that a step is under way (a terminal gets a spinner for it), and afterwards how long it took."""
        started = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(f"{title} …")
        with self._console.status(f"{title} …"):
            yield
        self._console.print(f"{title}: {time.monotonic() - started:.1f} s", highlight=False)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(url: str) -> bool:
    """Whether the API itself answers there: also a 401 is an answer, a gateway's error is not."""
    try:
        return requests.get(url, timeout=30).status_code < 500
    except requests.RequestException:
        return False
