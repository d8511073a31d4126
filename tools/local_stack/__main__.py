"""`python -m local_stack run` serves the whole system for development until Ctrl-C."""

import json
import os
import sys
import time

import typer
from rich.console import Console

from local_stack.interrupts import ignore_interrupts, raise_on_interrupts
from local_stack.processes import LocalStackError
from local_stack.proxy import ROUTES
from local_stack.seeds import API_KEYS, CALLBACK_SECRET
from local_stack.settings import Settings
from local_stack.stack import LocalStack

CHECK_SECONDS = 0.5

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="Run the whole system on this machine.")


@app.callback()
def _commands() -> None:
    """Make Typer keep `run` as a subcommand."""


@app.command()
def run() -> None:
    """Start everything, print `ready: <base URL>`, and stop everything at Ctrl-C or SIGTERM. State is kept in STATE_DIR."""
    console = Console(stderr=True)
    raise_on_interrupts()
    try:
        stack = LocalStack(Settings.from_environment(os.environ), console)
        sys.exit(_run(stack, console))
    except ValueError as error:
        console.print(str(error), markup=False)
        sys.exit(2)


def directions(stack: LocalStack) -> list[str]:
    """Return what to open and try first, for somebody who has just started the stack."""
    keys = ", ".join(f"{key} (site {site})" for site, key in API_KEYS.items())
    lines = [
        f"API, to read and try:  {stack.base_url}/docs",
        f"keys:                  {keys}",
        f"callbacks' secret:     {CALLBACK_SECRET}",
    ]
    if ["GET", "/console"] in json.loads(ROUTES.read_text()):
        lines.insert(1, f"console:               {stack.base_url}/console")
    if stack.settings.needs_simulator:
        lines.append(f"messages sent so far:  {stack.simulator_url}/_simulate/messages")
    return [*lines, f"README.md shows a first campaign. Ctrl-C stops everything; the state stays in {stack.settings.state_dir}."]


def _run(stack: LocalStack, console: Console) -> int:
    try:
        stack.start()
        print(f"ready: {stack.base_url}", flush=True)
        for line in directions(stack):
            print(line, flush=True)
        while True:
            stack.raise_if_ended()
            time.sleep(CHECK_SECONDS)
    except KeyboardInterrupt:
        return 0
    except LocalStackError as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    finally:
        ignore_interrupts()
        stack.stop()


if __name__ == "__main__":
    app()
