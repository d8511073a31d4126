"""The steps of the demo. Each step can be interrupted and repeated."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_stack import LocalStack
from outreach_admin.progress import ProgressDisplay
from rich.console import Console

from demo import sample
from demo.api import Api, Json, accepted_recipients
from demo.checks import Evidence
from demo.display import counts_line
from demo.receiver import Inbox
from demo.state import State

POLL_SECONDS = 0.5
# After a crash during a call to the carrier, the claim must expire before the outcome is reconciled.
MAX_IDLE_SECONDS = 420
RECEIPT_WAIT_SECONDS = 60
# After a crash during a callback, its queue delivers it again after the visibility timeout (template.yaml).
CALLBACK_WAIT_SECONDS = 240


class StuckError(Exception):
    """An import or a send has made no progress for too long."""


@dataclass(frozen=True)
class Demo:
    """A demo on a running stack."""

    stack: LocalStack
    api: Api
    inbox: Inbox
    state: State
    folder: Path
    console: Console

    def import_contacts(self) -> None:
        """Import the sample contacts unless an import has started, and show its progress until it ends.

        Raises:
            StuckError: no progress for ``MAX_IDLE_SECONDS``.
        """
        with ProgressDisplay(self.console, "contacts", None) as display:
            if self.state.import_id is None:
                self.state.import_id = self.api.import_contacts(sample.text(self.state.sample))["id"]
                self.state.save(self.folder)
            import_id = self.state.import_id
            self._poll(
                lambda: self.api.import_record(import_id),
                lambda record: display.show(record["processedRows"], record["totalRows"], record["status"]),
            )

    def send_campaign(self, channel_account_id: str, callback_url: str) -> str:
        """Create and send the campaign unless this has been done.

        Returns:
            The id of the campaign record.
        """
        with ProgressDisplay(self.console, "starting the send", None):
            if self.state.campaign_id is None:
                self.state.campaign_id = self.api.create_campaign(sample.campaign(channel_account_id, callback_url))["id"]
                self.state.save(self.folder)
            if self.state.record_id is None:
                # An interruption between the send and the save leaves a record that only the API lists.
                records = self.api.records(self.state.campaign_id) or [self.api.send(self.state.campaign_id)]
                self.state.record_id = records[0]["id"]
                self.state.save(self.folder)
        return str(self.state.record_id)

    def wait_for_completion(self, record_id: str) -> None:
        """Show the counts of the campaign record until it ends.

        Raises:
            StuckError: no progress for ``MAX_IDLE_SECONDS``.
        """
        with ProgressDisplay(self.console, "messages", None) as display:
            self._poll(lambda: self.api.record(record_id), lambda record: _show_counts(display, record))

    def wait_for_evidence(self, record_id: str) -> Evidence:
        """Wait for the last receipts and callbacks, with a time limit, and collect the evidence."""
        # One display for both, because each reports for the first time after some seconds.
        with ProgressDisplay(self.console, "waiting for the last receipts and callbacks", None):
            self._wait_until(lambda: not self.api.record(record_id)["counts"]["sent"], RECEIPT_WAIT_SECONDS)
            self._wait_until(lambda: self.evidence(record_id).callbacks_agree, CALLBACK_WAIT_SECONDS)
        return self.evidence(record_id)

    def evidence(self, record_id: str) -> Evidence:
        """Collect everything that the checks need."""
        messages = list(self.api.messages(record_id))
        return Evidence(
            rows=sample.rows(self.state.sample),
            counts=self.api.record(record_id)["counts"],
            messages=messages,
            accepted=Counter(accepted_recipients(self.stack.simulator_url)),
            received=self.inbox.received(),
        )

    def _poll(self, read: Callable[[], Json], show: Callable[[Json], None]) -> None:
        previous, changed_at = None, time.monotonic()
        while (record := read())["status"] in ("pending", "running"):
            if record != previous:
                previous, changed_at = record, time.monotonic()
            elif time.monotonic() - changed_at > MAX_IDLE_SECONDS:
                raise StuckError(f"No progress for {MAX_IDLE_SECONDS} s. Read the logs in {self.stack.settings.logs}.")
            show(record)
            self._sleep()
        show(record)

    def _wait_until(self, is_done: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not is_done() and time.monotonic() < deadline:
            self._sleep()

    def _sleep(self) -> None:
        self.stack.raise_if_ended()
        time.sleep(POLL_SECONDS)


def _show_counts(display: ProgressDisplay, record: Json) -> None:
    counts = record["counts"]
    remaining = counts["queued"] + counts["sending"]
    completed = 0 if counts["audience"] is None else counts["audience"] - remaining
    display.show(completed, counts["audience"], ": ".join(filter(None, (record["status"], counts_line(counts)))))
