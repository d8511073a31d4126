"""The demo's steps; each can be interrupted, and done again goes on where it was."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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

CLIENTS = 8
CHUNK = 40
POLL_SECONDS = 0.5
# A restart may break a call to the carrier in the middle: its lease must run out before it is looked for.
PATIENCE_SECONDS = 420
RECEIPT_SECONDS = 60
# A callback that an interruption broke comes again when its queue's visibility time-out (template.yaml) is over.
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

    def create_contacts(self) -> None:
        """Create the contacts that aren't known to exist, some at once."""
        rows = sample.rows(self.state.sample)
        with Display(self.console, "contacts", len(rows)) as display, ThreadPoolExecutor(CLIENTS) as pool:
            while self.state.contacts < len(rows):
                chunk = rows[self.state.contacts : self.state.contacts + CHUNK]
                list(pool.map(self.api.ensure_contact, map(sample.contact, chunk)))
                self.state.contacts += len(chunk)
                self.state.save(self.folder)
                display.show(self.state.contacts, len(rows))

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
            before, changed = None, time.monotonic()
            while (record := self.api.record(record_id))["status"] in ("pending", "running"):
                if record != before:
                    before, changed = record, time.monotonic()
                elif time.monotonic() - changed > PATIENCE_SECONDS:
                    raise StuckError(f"The record made no progress for {PATIENCE_SECONDS} s: {counts_line(record['counts'])}")
                _show(display, record)
                self._wait()
            _show(display, record)

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
