"""Prints the counts while the demo runs, and the result as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from carrier_simulator.outcomes import OUTCOMES
from rich.console import Console
from rich.table import Table

from demo import sample
from demo.checks import STATUSES, Evidence

OTHER_NUMBERS = "others"


def counts_line(counts: Mapping[str, Any]) -> str:
    """Format the counts other than zero, in the order of the statuses."""
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])


def print_result(console: Console, evidence: Evidence, problems: Iterable[str]) -> None:
    """Print the final counts, outcomes and callbacks, and the problems found."""
    console.print(_counts_table(evidence), _outcomes_table(evidence), _callbacks_table(evidence))
    for problem in problems:
        console.print(f"WRONG: {problem}", style="bold red", markup=False, soft_wrap=True)


def print_where_to_look(console: Console, folder: Path, port: int, record_id: str) -> None:
    """Print how the console shows the send of this demo. The demo stops its stack, but keeps the state until the next demo."""
    console.print("See this send in the console: start the stack with the demo's state, and sign in with the key local-10000.")
    console.print(f"  STATE_DIR={folder} make run", markup=False, highlight=False, soft_wrap=True)
    console.print(f"  http://127.0.0.1:{port}/console#/sends/{record_id}", markup=False, highlight=False, soft_wrap=True)


def _counts_table(evidence: Evidence) -> Table:
    table = Table("status", "contacts", title="Final counts")
    for status in STATUSES:
        reasons = evidence.counts["skippedReasons"] if status == "skipped" else {}
        detail = "".join(f"\n  {reason}: {count}" for reason, count in reasons.items())
        table.add_row(status + detail, str(evidence.counts[status]))
    table.add_section()
    table.add_row(f"audience: {sample.AUDIENCE}", str(evidence.counts["audience"]))
    return table


def _outcomes_table(evidence: Evidence) -> Table:
    table = Table("recipient", "simulated", "messages", "accepted", "final status", title="Outcomes by recipient")
    for digits in (*OUTCOMES, OTHER_NUMBERS):
        messages = [message for message in evidence.messages if _outcome_digits(message) == digits]
        results = sorted({": ".join(filter(None, (message["status"], message["failedReason"]))) for message in messages})
        accepted = sum(evidence.accepted[message["to"]] for message in messages)
        description = OUTCOMES[digits].description if digits in OUTCOMES else "delivered"
        name = f"…{digits}" if digits in OUTCOMES else digits
        table.add_row(name, description, str(len(messages)), str(accepted), "\n".join(results))
    return table


def _outcome_digits(message: Mapping[str, Any]) -> str:
    digits = str(message["to"])[-4:]
    return digits if digits in OUTCOMES else OTHER_NUMBERS


def _callbacks_table(evidence: Evidence) -> Table:
    table = Table("", "number", title="Callbacks at the customer's endpoint")
    table.add_row("callbacks with a valid signature", str(evidence.received.total))
    table.add_row("callbacks refused for an invalid signature", str(evidence.received.rejected))
    table.add_row("messages with a callback", str(len(evidence.received.newest)))
    return table
