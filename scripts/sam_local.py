"""Serve the API in containers (`sam local start-api`) on the local AWS of a running `make run`; make a contact and read it back.

Needs Docker, and a finished build (`make build`) for the processor of this machine. Usage: see `--help`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import socket
import socketserver
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from local_stack.aws import Aws
from local_stack.sam import ARCHITECTURES
from local_stack.seeds import API_KEYS
from local_stack.settings import Settings

ROOT = Path(__file__).parents[1]
SAM = ROOT / ".venv-sam/bin/sam"
BUILD = ROOT / ".aws-sam/build"
TEMPLATE = BUILD / "containers.yaml"
ENVIRONMENT = BUILD / "containers.json"
READY_SECONDS = 300


def template_with(endpoint: str, template: str) -> str:
    """The built template, its functions told where AWS is: SAM passes on no variable that a template doesn't have."""
    head, variables, tail = template.partition("      Variables:\n")
    if not variables:
        raise ValueError("the template's Globals have no variables")
    return f"{head}{variables}        AWS_ENDPOINT_URL: {endpoint}\n{tail}"


def prepare(settings: Settings, endpoint: str) -> None:
    """Write what `sam local` needs: the template, and the names of the resources on the local AWS."""
    TEMPLATE.write_text(template_with(endpoint, (BUILD / "template.yaml").read_text()))
    variables = {**Aws(settings).function_environment(), "AWS_ENDPOINT_URL": endpoint}
    ENVIRONMENT.write_text(json.dumps({"Parameters": variables}, indent=2))


def serve(settings: Settings, port: int) -> subprocess.Popen[bytes]:
    options = ["--template", TEMPLATE, "--env-vars", ENVIRONMENT, "--port", port, "--skip-pull-image"]
    options += ["--parameter-overrides", f"Architecture={ARCHITECTURES[platform.machine()]}"]
    return subprocess.Popen([SAM, "local", "start-api", *map(str, options)], env={**os.environ, **settings.aws_environment()})


class _Relay(socketserver.ThreadingTCPServer):
    """Lets containers reach the local AWS, which listens on the loopback only."""

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
def reachable(settings: Settings) -> Iterator[str]:
    """The local AWS as containers reach it, on Docker's default bridge."""
    gateway = ("docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}")
    address = subprocess.run(gateway, check=True, capture_output=True, text=True).stdout.strip()
    with _Relay(address, settings.aws_port) as relay:
        threading.Thread(target=relay.serve_forever, daemon=True).start()
        yield f"http://{address}:{relay.server_address[1]}"
        relay.shutdown()


def wait_until_ready(base: str) -> None:
    """
    Raises:
        TimeoutError: nothing answers there in time.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(f"{base}/openapi.json", timeout=READY_SECONDS)
        except requests.ConnectionError:
            time.sleep(1)
        else:
            return
    raise TimeoutError(f"nothing answers at {base}")


def try_out(base: str) -> None:
    """Make a contact, and read it back, through the authorizer."""
    headers = {"Authorization": f"Bearer {API_KEYS['10000']}"}
    address = f"{uuid.uuid4()}@example.com"
    body = {"name": "Container", "contactIdentities": [{"type": "email", "value": address}]}
    made = requests.post(f"{base}/contact/contacts", json=body, headers=headers, timeout=120)
    made.raise_for_status()
    read = requests.get(f"{base}/contact/contacts/{made.json()['id']}", headers=headers, timeout=120)
    read.raise_for_status()
    stranger = requests.get(read.url, headers={"Authorization": "Bearer nobody"}, timeout=120)
    if read.json() != made.json() or stranger.status_code == requests.codes.ok:
        raise RuntimeError("what was read isn't what was made, or anybody may read it")
    print(f"made and read back in containers: contact {read.json()['id']}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-image-command", default="", help="makes or pulls the Lambda base image, where SAM can't")
    parser.add_argument("--port", type=int, default=3010, help="where `sam local start-api` serves")
    parser.add_argument("--prepare-only", action="store_true", help="write the files for `sam local invoke`, and wait for Ctrl-C")
    arguments = parser.parse_args()
    settings = Settings.from_environment(os.environ)
    if arguments.base_image_command:
        subprocess.run(shlex.split(arguments.base_image_command), check=True)
    with reachable(settings) as endpoint:
        prepare(settings, endpoint)
        if arguments.prepare_only:
            print(f"the local AWS is at {endpoint} for containers, until Ctrl-C")
            threading.Event().wait()
        server = serve(settings, arguments.port)
        try:
            wait_until_ready(f"http://127.0.0.1:{arguments.port}")
            try_out(f"http://127.0.0.1:{arguments.port}")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
