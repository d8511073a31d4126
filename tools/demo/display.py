"""What the demo shows: counts while it runs, tables at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from carrier_simulator.outcomes import OUTCOMES
from rich.console import Console
from rich.table import Table

from demo.checks import STATUSES, Evidence

ALL_OTHERS = "others"


def counts_line(counts: Mapping[str, Any]) -> str:
    """The counts that aren't zero, in the order of the statuses."""
    return ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])


def print_result(console: Console, evidence: Evidence, wrong: Iterable[str]) -> None:
    """The final counts, outcomes and callbacks, and what is wrong with them."""
    console.print(_counts_table(evidence), _outcomes_table(evidence), _callbacks_table(evidence))
    for sentence in wrong:
        console.print(f"WRONG: {sentence}", style="bold red", markup=False, soft_wrap=True)


def _counts_table(evidence: Evidence) -> Table:
    table = Table("status", "contacts", title="The record's final counts")
    for status in STATUSES:
        reasons = evidence.counts["skippedReasons"] if status == "skipped" else {}
        detail = "".join(f"\n  {reason}: {count}" for reason, count in reasons.items())
        table.add_row(status + detail, str(evidence.counts[status]))
    table.add_section()
    table.add_row("audience", str(evidence.counts["audience"]))
    return table


def _outcomes_table(evidence: Evidence) -> Table:
    table = Table("number", "simulated", "messages", "accepted", "in the API", title="Outcomes")
    for digits in (*OUTCOMES, ALL_OTHERS):
        messages = [message for message in evidence.messages if _digits(message) == digits]
        results = sorted({": ".join(filter(None, (message["status"], message["failedReason"]))) for message in messages})
        accepted = sum(evidence.accepted[message["to"]] for message in messages)
        meaning = OUTCOMES[digits].meaning if digits in OUTCOMES else "delivered"
        name = f"…{digits}" if digits in OUTCOMES else digits
        table.add_row(name, meaning, str(len(messages)), str(accepted), "\n".join(results))
    return table


def _digits(message: Mapping[str, Any]) -> str:
    digits = str(message["to"])[-4:]
    return digits if digits in OUTCOMES else ALL_OTHERS


def _callbacks_table(evidence: Evidence) -> Table:
    table = Table("callbacks", "", title="Callbacks at the customer's endpoint")
    table.add_row("received, signature verified", str(evidence.received.total))
    table.add_row("refused for their signature", str(evidence.received.rejected))
    table.add_row("messages told of", str(len(evidence.received.newest)))
    return table
