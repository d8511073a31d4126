"""Run the functions in containers (`sam local`) on a local AWS, which is started for it and forgotten afterwards.

Needs Docker, and a finished build (`make build`) for the processor of this machine.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import threading
import time
import uuid
from contextlib import suppress

import requests
from local_stack.interrupts import raise_on_interrupts
from local_stack.seeds import API_KEYS

from scripts import sample_events
from scripts.containers import Containers, containers
from tests.support import world
from tests.support.ports import free_port
from tests.support.stack import functions

READY_SECONDS = 300


def invoke(given: Containers, arguments: argparse.Namespace) -> bool:
    """Invoke each function with its sample event, and check the answers."""
    return sample_events.invoke_all(given, arguments.names or list(functions()))


def prepare(given: Containers, _: argparse.Namespace) -> bool:
    """Make what the sample events name, say how to invoke a function, and wait for Ctrl-C."""
    world.put_all(given.outside_url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        print(f"export {name}={given.environment[name]}")
    print(shlex.join(given.command("invoke", "ListFields", "--event", "events/list_fields.json")), flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    return True


def serve(given: Containers, _: argparse.Namespace) -> bool:
    """Serve the API in containers, make a contact and read it back."""
    port = free_port()
    command = given.command("start-api", "--port", str(port))
    server = subprocess.Popen(command, env={**os.environ, **given.environment})
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        try_out(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait()
    return True


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
    modes = parser.add_subparsers(required=True, metavar="MODE")
    parsers = {
        mode: modes.add_parser(mode.__name__, help=mode.__doc__, description=mode.__doc__) for mode in (invoke, serve, prepare)
    }
    for mode, own in parsers.items():
        own.set_defaults(run=mode)
    parsers[invoke].add_argument("names", nargs="*", metavar="FUNCTION", help="such as ListFields; all of them by default")
    arguments = parser.parse_args()
    if unknown := set(getattr(arguments, "names", [])) - set(functions()):
        parser.error(f"there is no function {', '.join(sorted(unknown))}")
    raise_on_interrupts()
    with containers() as given:
        ok = arguments.run(given, arguments)
    sys.exit(not ok)


if __name__ == "__main__":
    main()
