"""The demo's steps; each can be interrupted, and done again goes on where it was."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_stack import LocalStack
from outreach_admin.progress import Display
from rich.console import Console

from demo import sample
from demo.api import Api, Json, accepted_recipients
from demo.checks import Evidence
from demo.display import counts_line
from demo.receiver import Inbox
from demo.state import State

POLL_SECONDS = 0.5
# A crash may break a call to the carrier in the middle: its lease must run out before it is looked for.
PATIENCE_SECONDS = 420
RECEIPT_SECONDS = 60
# A callback that a crash broke comes again when its queue's visibility time-out (template.yaml) is over.
CALLBACK_SECONDS = 240


class StuckError(Exception):
    """A send made no progress for too long."""


@dataclass(frozen=True)
class Demo:
    """One demo on a running stack."""

    stack: LocalStack
    api: Api
    inbox: Inbox
    state: State
    folder: Path
    console: Console

    def import_contacts(self) -> None:
        """Import the sample's contacts, unless that has been begun, and show how far it is until it is done.

        Raises:
            StuckError: nothing has changed for ``PATIENCE_SECONDS``.
        """
        with Display(self.console, "contacts", None) as display:
            if self.state.import_id is None:
                self.state.import_id = self.api.import_contacts(sample.text(self.state.sample))["id"]
                self.state.save(self.folder)
            import_id = self.state.import_id
            self._watch(
                lambda: self.api.import_record(import_id),
                lambda record: display.show(record["processedRows"], record["totalRows"], record["status"]),
            )

    def send_campaign(self, channel_account_id: str, callback_url: str) -> str:
        """Create the campaign and send it, unless that has been done; returns the record's id."""
        if self.state.campaign_id is None:
            self.state.campaign_id = self.api.create_campaign(sample.campaign(channel_account_id, callback_url))["id"]
            self.state.save(self.folder)
        if self.state.record_id is None:
            # A send that an interruption kept from being noted is in the list.
            sent = self.api.records(self.state.campaign_id) or [self.api.send(self.state.campaign_id)]
            self.state.record_id = sent[0]["id"]
            self.state.save(self.folder)
        return str(self.state.record_id)

    def follow(self, record_id: str) -> None:
        """Show the record's counts until it is over.

        Raises:
            StuckError: nothing has changed for ``PATIENCE_SECONDS``.
        """
        with Display(self.console, "messages", None) as display:
            self._watch(lambda: self.api.record(record_id), lambda record: _show(display, record))

    def settle(self, record_id: str) -> Evidence:
        """Wait until no receipt and no callback is missing, but not for ever; returns what there is then."""
        with Display(self.console, "waiting for the last receipts", None):
            self._wait_until(lambda: not self.api.record(record_id)["counts"]["sent"], RECEIPT_SECONDS)
        with Display(self.console, "waiting for the last callbacks", None):
            self._wait_until(lambda: self.evidence(record_id).callbacks_agree, CALLBACK_SECONDS)
        return self.evidence(record_id)

    def evidence(self, record_id: str) -> Evidence:
        """Everything that the outcome is judged by."""
        messages = list(self.api.messages(record_id))
        return Evidence(
            rows=sample.rows(self.state.sample),
            counts=self.api.record(record_id)["counts"],
            messages=messages,
            accepted=Counter(accepted_recipients(self.stack.simulator_url)),
            received=self.inbox.received(),
        )

    def _watch(self, read: Callable[[], Json], show: Callable[[Json], None]) -> None:
        before, changed = None, time.monotonic()
        while (record := read())["status"] in ("pending", "running"):
            if record != before:
                before, changed = record, time.monotonic()
            elif time.monotonic() - changed > PATIENCE_SECONDS:
                raise StuckError(f"Nothing has changed for {PATIENCE_SECONDS} s.")
            show(record)
            self._wait()
        show(record)

    def _wait_until(self, done: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not done() and time.monotonic() < deadline:
            self._wait()

    def _wait(self) -> None:
        self.stack.raise_if_ended()
        time.sleep(POLL_SECONDS)


def _show(display: Display, record: Json) -> None:
    counts = record["counts"]
    still = counts["queued"] + counts["sending"]
    done = 0 if counts["audience"] is None else counts["audience"] - still
    display.show(done, counts["audience"], f"{record['status']}: {counts_line(counts)}")
