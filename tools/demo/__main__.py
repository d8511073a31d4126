"""`python -m demo` runs the demo on its own local stack. After an interruption, the next run continues the same send."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from typing import Annotated

import requests
import typer
from local_stack import LocalStack, Settings
from local_stack.interrupts import ignore_interrupts, raise_on_interrupts
from local_stack.processes import LocalStackError
from local_stack.seeds import ACCOUNTS, API_KEYS, CALLBACK_SECRET
from rich.console import Console

from demo import receiver
from demo.api import Api
from demo.checks import failures
from demo.display import print_result, print_where_to_look
from demo.state import State
from demo.steps import Demo, StuckError

SAMPLE_SIZE = 600
# Sends with an unknown outcome are reconciled sooner than in production, where receipts and lists take longer.
OUTCOME_CHECKS = "2,5,10"
INTERRUPTED_STATUS = 130

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    contacts: Annotated[int, typer.Option(min=1, help="Number of sample contacts.")] = SAMPLE_SIZE,
    slow: Annotated[bool, typer.Option("--slow", help="Send through the account with a limit of 5 messages per second.")] = False,
    callback_port: Annotated[
        int, typer.Option(envvar="CALLBACK_PORT", min=1, max=65535, help="Port of the customer's callback endpoint.")
    ] = 3002,
) -> None:
    """Send a sample campaign through the simulated carriers and check the outcome.

    Reads the environment variables of `make run`. State is kept in STATE_DIR/demo until the outcome is checked, so the next run
    after an interruption continues the same send. Exits with 0 if every outcome is as expected.
    """
    console = Console()
    raise_on_interrupts()
    try:
        settings = Settings.from_environment(os.environ)
        settings = replace(settings, state_dir=settings.state_dir / "demo", outcome_checks=OUTCOME_CHECKS)
        sys.exit(_run(settings, _load_or_create_state(settings, contacts), slow, callback_port, console))
    except KeyboardInterrupt:
        console.print("Interrupted. Run the demo again to continue.")
        sys.exit(INTERRUPTED_STATUS)
    except ValueError as error:
        console.print(str(error), markup=False)
        sys.exit(2)
    except (LocalStackError, StuckError, requests.RequestException, OSError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _load_or_create_state(settings: Settings, contacts: int) -> State:
    """Load the state of an unfinished demo if its local AWS has saved its state, otherwise start with an empty folder."""
    state = State.load(settings.state_dir)
    if state is None or state.finished or not settings.aws_state.exists():
        shutil.rmtree(settings.state_dir, ignore_errors=True)
        state = State(sample=contacts)
        state.save(settings.state_dir)
    return state


def _run(settings: Settings, state: State, slow: bool, callback_port: int, console: Console) -> int:
    stack = LocalStack(settings, console)
    account = ACCOUNTS[1 if slow else 0][0]
    # The callback endpoint starts before the stack and stops after it, so that every callback can be delivered.
    with receiver.serve(settings.state_dir / receiver.FILE, CALLBACK_SECRET, callback_port) as inbox:
        try:
            stack.start()
            demo = Demo(stack, Api(stack.base_url, API_KEYS[account.site_id]), inbox, state, settings.state_dir, console)
            return _send_and_check(demo, account.id, f"http://127.0.0.1:{callback_port}/callbacks")
        finally:
            ignore_interrupts()
            stack.stop()


def _send_and_check(demo: Demo, channel_account_id: str, callback_url: str) -> int:
    demo.import_contacts()
    record_id = demo.send_campaign(channel_account_id, callback_url)
    demo.wait_for_completion(record_id)
    evidence = demo.wait_for_evidence(record_id)
    demo.state.finished = True
    demo.state.save(demo.folder)
    problems = failures(evidence)
    print_result(demo.console, evidence, problems)
    print_where_to_look(demo.console, demo.folder, demo.stack.settings.port, record_id)
    return 1 if problems else 0


if __name__ == "__main__":
    app()
