"""`python -m local_stack run`: the whole system for development, until Ctrl-C."""

import os
import sys
import time

import typer
from rich.console import Console

from local_stack.interrupts import ignore_interrupts, raise_on_interrupts
from local_stack.processes import LocalStackError
from local_stack.settings import Settings
from local_stack.stack import LocalStack

WATCH_SECONDS = 0.5

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="The whole system on this machine.")


@app.callback()
def _commands() -> None:
    """Keeps `run` a command of its own."""


@app.command()
def run() -> None:
    """Start everything, print `ready: <base URL>`, and stop everything at Ctrl-C or SIGTERM; state is kept in STATE_DIR."""
    console = Console(stderr=True)
    raise_on_interrupts()
    try:
        stack = LocalStack(Settings.from_environment(os.environ), console)
        sys.exit(_run(stack, console))
    except ValueError as error:
        console.print(str(error), markup=False)
        sys.exit(2)


def _run(stack: LocalStack, console: Console) -> int:
    try:
        stack.start()
        print(f"ready: {stack.base_url}", flush=True)
        while True:
            stack.raise_if_ended()
            time.sleep(WATCH_SECONDS)
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
