"""`python -m demo`: the main job on a stack of its own; interrupted and started again, it goes on with the same send."""

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
from demo.display import print_result
from demo.state import State
from demo.steps import Demo, StuckError

WHOLE_SAMPLE = 600
# A lost answer is looked for sooner than in real life, where receipts and lists take their time.
OUTCOME_CHECKS = "2,5,10"
INTERRUPTED = 130

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    contacts: Annotated[int, typer.Option(min=1, help="How many contacts of the sample take part.")] = WHOLE_SAMPLE,
    slow: Annotated[bool, typer.Option("--slow", help="Send by the account that takes 5 messages a second.")] = False,
    callback_port: Annotated[
        int, typer.Option(envvar="CALLBACK_PORT", min=1, max=65535, help="Where the customer's endpoint listens.")
    ] = 3002,
) -> None:
    """Send a sample campaign through the simulated carriers, and check the outcome.

    Takes the environment variables of `make run`. State is kept in STATE_DIR/demo until the outcome is known: an interrupted
    demo goes on with the same send when it is started again. Ends with 0 when everything came out as it must.
    """
    console = Console()
    raise_on_interrupts()
    try:
        settings = Settings.from_environment(os.environ)
        settings = replace(settings, state_dir=settings.state_dir / "demo", outcome_checks=OUTCOME_CHECKS)
        sys.exit(_run(settings, _state(settings, contacts), slow, callback_port, console))
    except KeyboardInterrupt:
        console.print("Interrupted; start it again to go on.")
        sys.exit(INTERRUPTED)
    except ValueError as error:
        console.print(str(error), markup=False)
        sys.exit(2)
    except (LocalStackError, StuckError, requests.RequestException, OSError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _state(settings: Settings, contacts: int) -> State:
    """That of an unfinished demo whose local AWS could save its own, else a new one in an empty folder."""
    state = State.load(settings.state_dir)
    if state is None or state.finished or not settings.aws_state.exists():
        shutil.rmtree(settings.state_dir, ignore_errors=True)
        state = State(sample=contacts)
        state.save(settings.state_dir)
    return state


def _run(settings: Settings, state: State, slow: bool, callback_port: int, console: Console) -> int:
    stack = LocalStack(settings, console)
    account = ACCOUNTS[1 if slow else 0][0]
    # The customer's endpoint is there before the stack and after it, so that no callback finds it closed.
    with receiver.receiving(settings.state_dir / receiver.FILE, CALLBACK_SECRET, callback_port) as inbox:
        try:
            stack.start()
            demo = Demo(stack, Api(stack.base_url, API_KEYS[account.site_id]), inbox, state, settings.state_dir, console)
            return _judge(demo, account.id, f"http://127.0.0.1:{callback_port}/callbacks")
        finally:
            ignore_interrupts()
            stack.stop()


def _judge(demo: Demo, channel_account_id: str, callback_url: str) -> int:
    demo.import_contacts()
    record_id = demo.send_campaign(channel_account_id, callback_url)
    demo.follow(record_id)
    evidence = demo.settle(record_id)
    demo.state.finished = True
    demo.state.save(demo.folder)
    wrong = failures(evidence)
    print_result(demo.console, evidence, wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    app()
