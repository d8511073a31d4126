"""Starts a local AWS that containers can reach, and prepares the template and the variables for `sam local`."""

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
from tests.support.sample_data import ACCEPTED_RESPONSE
from tests.support.stack import event_file, functions

BUILD = PROJECT / ".aws-sam/build"
TEMPLATE = BUILD / "containers.yaml"
ENVIRONMENT = BUILD / "containers.json"
NO_OP_STATE_MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


@dataclass(frozen=True)
class SamLocal:
    """The environment of `sam local`."""

    environment: dict[str, str]
    # A server that stands for carriers and customers and accepts every request.
    outside_url: str

    def command(self, kind: str, *options: str | Path) -> list[str]:
        """Make the command `sam local <kind>` with the template and the variables of this stack."""
        common = ["--template", TEMPLATE, "--env-vars", ENVIRONMENT, "--skip-pull-image", "--language-extensions"]
        common += ["--parameter-overrides", f"Architecture={ARCHITECTURES[platform.machine()]}"]
        return [*map(str, [SAM, "local", kind, *options, *common])]


def template_with(endpoint: str, template: str) -> str:
    """Make the built template one for `sam local`.

    SAM passes only variables that the template declares, so AWS_ENDPOINT_URL is added. It finds no function by an alias and would
    serve the API without its authorizer, so each alias is replaced by its function.
    """
    head, variables, tail = template.partition("      Variables:\n")
    if not variables:
        raise ValueError("The Globals of the template have no variables. Run `make build` again.")
    return f"{head}{variables}        AWS_ENDPOINT_URL: {endpoint}\n{tail}".replace("Alias.AliasArn", "Arn")


@contextmanager
def containers() -> Iterator[SamLocal]:
    """Start a local AWS that containers can reach. Only functions in containers run on it."""
    with ExitStack() as exit_stack:
        folder = exit_stack.enter_context(TemporaryDirectory())
        # The server for carriers and customers listens on loopback; containers reach it through a relay.
        outside = exit_stack.enter_context(serving(ACCEPTED_RESPONSE))
        outside_url = exit_stack.enter_context(reachable(outside.url))
        # SamLocal have no role, so permissions are not checked.
        stack_settings = Settings(
            port=free_port(),
            aws_port=free_port(),
            state_dir=Path(folder),
            twilio_base_url=outside_url,
            telnyx_base_url=outside_url,
            iam=False,
        )
        stack = exit_stack.enter_context(LocalStack(stack_settings, Console(stderr=True)))
        disable_triggers(stack.aws)
        endpoint = exit_stack.enter_context(reachable(stack.aws_endpoint))
        variables = {**stack.aws.function_environment(), "AWS_ENDPOINT_URL": endpoint, "WEBHOOK_BASE_URL": webhook_base_url()}
        TEMPLATE.write_text(template_with(endpoint, (BUILD / "template.yaml").read_text()))
        ENVIRONMENT.write_text(json.dumps({"Parameters": variables}, indent=2))
        # This process only creates the sample data; its logs and metrics are not needed.
        quiet = {"POWERTOOLS_LOG_LEVEL": "ERROR", "POWERTOOLS_METRICS_DISABLED": "true"}
        os.environ.update(stack.aws.function_environment() | quiet)
        settings.cache_clear()
        yield SamLocal(stack_settings.aws_environment(), outside_url)


def webhook_base_url() -> str:
    """Return the base URL in the carriers' sample events, which their signatures cover."""
    event = json.loads(event_file(functions()["ReceiveTwilio"]).read_text())
    return f"https://{event['requestContext']['domainName']}"


def disable_triggers(aws: Aws) -> None:
    """Disable queues, streams, rules and state machines, so that they start no functions on the local AWS."""
    lambdas, events, executions = (aws.client(name) for name in ("lambda", "events", "stepfunctions"))
    for mapping in lambdas.list_event_source_mappings()["EventSourceMappings"]:
        lambdas.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    for rule in events.list_rules()["Rules"]:
        events.disable_rule(Name=rule["Name"])
    for machine in executions.list_state_machines()["stateMachines"]:
        executions.update_state_machine(stateMachineArn=machine["stateMachineArn"], definition=json.dumps(NO_OP_STATE_MACHINE))


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, address: str, port: int) -> None:
        super().__init__((address, 0), _RelayHandler)
        self.upstream = ("127.0.0.1", port)


class _RelayHandler(socketserver.BaseRequestHandler):
    server: _Relay
    request: socket.socket

    def handle(self) -> None:
        with socket.create_connection(self.server.upstream) as upstream:
            responses = threading.Thread(target=_copy, args=(upstream, self.request), daemon=True)
            responses.start()
            _copy(self.request, upstream)
            responses.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while block := source.recv(1 << 16):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def reachable(url: str) -> Iterator[str]:
    """Relay a loopback server to Docker's default bridge; yields its URL for containers."""
    command = ("docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    address = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    port = urlsplit(url).port
    if port is None:
        raise ValueError(f"{url} must have a port")
    with _Relay(address, port) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        yield f"http://{address}:{relay.server_address[1]}"
        relay.shutdown()
