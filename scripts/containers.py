"""Where containers run: a local AWS of their own, within their reach, and what `sam local` is given."""

from __future__ import annotations

import json
import os
import platform
import socket
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from local_stack import LocalStack, Settings
from local_stack.aws import Aws
from local_stack.sam import ARCHITECTURES, SAM
from local_stack.settings import PROJECT
from rich.console import Console

from outreach.settings import settings
from tests.support.http_server import serving
from tests.support.ports import free_port
from tests.support.stack import event_file, functions
from tests.support.world import TAKEN

BUILD = PROJECT / ".aws-sam/build"
TEMPLATE = BUILD / "containers.yaml"
ENVIRONMENT = BUILD / "containers.json"
NOTHING_TO_DO = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


@dataclass(frozen=True)
class Containers:
    """What `sam local` is called with."""

    environment: dict[str, str]
    # Where carriers and customers are; they take everything.
    outside_url: str

    def command(self, kind: str, *options: str | Path) -> list[str]:
        """`sam local <kind>` with the template and the variables of this stack."""
        given = ["--template", TEMPLATE, "--env-vars", ENVIRONMENT, "--skip-pull-image"]
        given += ["--parameter-overrides", f"Architecture={ARCHITECTURES[platform.machine()]}"]
        return [*map(str, [SAM, "local", kind, *options, *given])]


def template_with(endpoint: str, template: str) -> str:
    """The built template, its functions told where AWS is: SAM passes on no variable that a template doesn't have."""
    head, variables, tail = template.partition("      Variables:\n")
    if not variables:
        raise ValueError("the template's Globals have no variables")
    return f"{head}{variables}        AWS_ENDPOINT_URL: {endpoint}\n{tail}"


@contextmanager
def containers() -> Iterator[Containers]:
    """A local AWS within reach of containers, on which nobody but they works, with what the sample events name."""
    with ExitStack() as using:
        folder = using.enter_context(TemporaryDirectory())
        # The carriers and the customers' endpoints; the one that functions of the containers reach is a way to the other.
        outside = using.enter_context(serving(TAKEN))
        outside_url = using.enter_context(reachable(outside.url))
        # Containers have no role, so that there are no permissions to check.
        chosen = Settings(
            port=free_port(),
            aws_port=free_port(),
            state_dir=Path(folder),
            twilio_base_url=outside_url,
            telnyx_base_url=outside_url,
            iam=False,
        )
        stack = using.enter_context(LocalStack(chosen, Console(stderr=True)))
        silence(stack.aws)
        endpoint = using.enter_context(reachable(stack.aws_endpoint))
        variables = {**stack.aws.function_environment(), "AWS_ENDPOINT_URL": endpoint, "WEBHOOK_BASE_URL": webhook_base_url()}
        TEMPLATE.write_text(template_with(endpoint, (BUILD / "template.yaml").read_text()))
        ENVIRONMENT.write_text(json.dumps({"Parameters": variables}, indent=2))
        # Here it is only for what makes the samples, whose logs and metrics are nobody's concern.
        quiet = {"POWERTOOLS_LOG_LEVEL": "ERROR", "POWERTOOLS_METRICS_DISABLED": "true"}
        os.environ.update(stack.aws.function_environment() | quiet)
        settings.cache_clear()
        yield Containers(chosen.aws_environment(), outside_url)


def webhook_base_url() -> str:
    """Where the carriers' sample events were sent to: that is signed."""
    event = json.loads(event_file(functions()["ReceiveTwilio"]).read_text())
    return f"https://{event['requestContext']['domainName']}"


def silence(aws: Aws) -> None:
    """Let no queue, stream, file, schedule or execution start a function on the local AWS: only containers work there."""
    lambdas, events, executions = (aws.client(name) for name in ("lambda", "events", "stepfunctions"))
    for mapping in lambdas.list_event_source_mappings()["EventSourceMappings"]:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for rule in events.list_rules()["Rules"]:
        events.disable_rule(Name=rule["Name"])
    for machine in executions.list_state_machines()["stateMachines"]:
        executions.update_state_machine(stateMachineArn=machine["stateMachineArn"], definition=json.dumps(NOTHING_TO_DO))


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address: str, port: int) -> None:
        super().__init__((address, 0), _Relayed)
        self.upstream = ("127.0.0.1", port)


class _Relayed(socketserver.BaseRequestHandler):
    server: _Relay
    request: socket.socket

    def handle(self) -> None:
        with socket.create_connection(self.server.upstream) as upstream:
            back = threading.Thread(target=_copy, args=(upstream, self.request), daemon=True)
            back.start()
            _copy(self.request, upstream)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(1 << 16):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def reachable(url: str) -> Iterator[str]:
    """A server of the loopback interface as containers reach it, on Docker's default bridge; its URL there."""
    gateway = ("docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    address = subprocess.run(gateway, check=True, capture_output=True, text=True).stdout.strip()
    port = urlsplit(url).port
    if port is None:
        raise ValueError(f"{url} has no port")
    with _Relay(address, port) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        yield f"http://{address}:{relay.server_address[1]}"
        relay.shutdown()
