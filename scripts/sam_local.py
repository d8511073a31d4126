"""Runs the functions in containers (`sam local`) with a temporary local AWS.

Needs Docker and a build (`make build`) for the processor of this machine.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import threading
import time
from contextlib import suppress

import requests
from local_stack.interrupts import raise_on_interrupts
from local_stack.seeds import API_KEYS

from scripts import sample_events
from scripts.containers import SamLocal, containers
from scripts.smoke import check_contact_round_trip
from tests.support import sample_data
from tests.support.ports import free_port
from tests.support.stack import functions

READY_SECONDS = 300


def invoke(sam: SamLocal, arguments: argparse.Namespace) -> bool:
    """Invoke each function with its sample event and check the results."""
    return sample_events.invoke_all(sam, arguments.names or list(functions()))


def prepare(sam: SamLocal, _: argparse.Namespace) -> bool:
    """Create the sample data, print how to invoke a function, and wait for Ctrl-C."""
    sample_data.put_all(sam.outside_url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        print(f"export {name}={sam.environment[name]}")
    print(shlex.join(sam.command("invoke", "ListFields", "--event", "events/list_fields.json")), flush=True)
    with suppress(KeyboardInterrupt):
        threading.Event().wait()
    return True


def serve(sam: SamLocal, _: argparse.Namespace) -> bool:
    """Serve the API in containers, create a contact, read it back and delete it."""
    port = free_port()
    command = sam.command("start-api", "--port", str(port))
    server = subprocess.Popen(command, env={**os.environ, **sam.environment})
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        check_contact_round_trip(f"http://127.0.0.1:{port}", API_KEYS["10000"])
    finally:
        server.terminate()
        server.wait()
    return True


def wait_until_ready(base: str) -> None:
    """Wait until the API responds.

    Raises:
        TimeoutError: the API did not respond in time.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(f"{base}/openapi.json", timeout=READY_SECONDS)
        except requests.ConnectionError:
            time.sleep(1)
        else:
            return
    raise TimeoutError(f"No response from {base} within {READY_SECONDS} s.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    modes = parser.add_subparsers(required=True, metavar="MODE")
    parsers = {
        mode: modes.add_parser(mode.__name__, help=mode.__doc__, description=mode.__doc__) for mode in (invoke, serve, prepare)
    }
    for mode, own in parsers.items():
        own.set_defaults(run=mode)
    parsers[invoke].add_argument(
        "names", nargs="*", metavar="FUNCTION", help="a function such as ListFields; all functions by default"
    )
    arguments = parser.parse_args()
    if unknown := set(getattr(arguments, "names", [])) - set(functions()):
        parser.error(f"unknown function {', '.join(sorted(unknown))}; see the functions in template.yaml")
    raise_on_interrupts()
    with containers() as sam:
        succeeded = arguments.run(sam, arguments)
    sys.exit(not succeeded)


if __name__ == "__main__":
    main()
