"""Delivery of webhooks: status receipts in the background, inbound messages while the caller waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout
from aiohttp.web import RouteDef
from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

from carrier_simulator.ledger import Ledger, Message, Receipt
from carrier_simulator.settings import Settings

# ValueError: what is no URL.
WEBHOOK_FAILURES = (ClientError, TimeoutError, ValueError)


@dataclass(frozen=True)
class Webhook:
    """A signed request, ready to be posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class WebhookPolicy:
    """How a carrier calls back: tries in all, and time-outs in seconds."""

    attempts: int
    timeout: ClientTimeout


class Inbound(BaseModel):
    """A message that somebody writes to us.

    ``url`` overrides the account's own, ``id`` (the carrier's message id, made up when absent) lets a delivery be repeated, and
    ``extra`` is merged into what the carrier sends, e.g. ``{"OptOutType": "STOP"}``.
    """

    model_config = ConfigDict(extra="forbid")

    sender: str = Field(alias="from")
    recipient: str = Field(alias="to")
    body: str = ""
    carrier: str | None = None
    url: str | None = None
    id: str | None = None
    extra: dict[str, Any] = {}


class Carrier(Protocol):
    """One carrier's protocol: endpoints below ``prefix``, and the webhooks it posts."""

    prefix: str
    webhook_policy: WebhookPolicy
    undelivered_code: str

    def routes(self) -> list[RouteDef]:
        """The endpoints, below ``prefix``."""

    def status_webhook(self, message: Message, receipt: Receipt) -> Webhook:
        """The webhook that reports ``receipt.status``, signed now."""

    def inbound_webhook(self, inbound: Inbound) -> Webhook:
        """The webhook of a message written to one of the carrier's numbers; raises ``KeyError`` for another number."""


class Receipts:
    """Reports what becomes of accepted messages; what is owed is in the ledger, so a restart goes on where it was."""

    def __init__(self, ledger: Ledger, carriers: Mapping[str, Carrier], session: ClientSession, settings: Settings) -> None:
        self._ledger = ledger
        self._carriers = carriers
        self._session = session
        self._retry_delay = settings.receipt_retry_delay
        self._slots = asyncio.Semaphore(settings.receipt_concurrency)
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Take up the receipts that an earlier run still owed."""
        for sid in self._ledger.awaiting_receipts():
            self.schedule(sid)

    async def stop(self) -> None:
        """Drop what is under way; the ledger still has it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def schedule(self, sid: str) -> None:
        """Report every receipt of a message in the background, each when it is due."""
        task = asyncio.create_task(self._report_all(sid))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def report_due(self, sid: str) -> None:
        """Report what is due now, one try each."""
        while (receipt := self._ledger.next_receipt(sid)) and receipt.due <= time.time():
            await self._report(receipt)

    async def post(self, webhook: Webhook, timeout: ClientTimeout) -> tuple[int, str, str]:
        """Post a webhook; the receiver's status, content type and text. Raises ``WEBHOOK_FAILURES``."""
        # Encoded already: a URL that is normalised on the way no longer is the one that was signed.
        url = URL(webhook.url, encoded=True)
        async with self._session.post(
            url, data=webhook.body, headers=webhook.headers, timeout=timeout, allow_redirects=False
        ) as response:
            return response.status, response.content_type, await response.text(errors="replace")

    async def _report_all(self, sid: str) -> None:
        while receipt := self._ledger.next_receipt(sid):
            await asyncio.sleep(max(0.0, receipt.due - time.time()))
            # Read again: the ledger may have been cleared meanwhile.
            await self.report_due(sid)

    async def _report(self, receipt: Receipt) -> None:
        message = self._ledger.message(receipt.sid)
        carrier = self._carriers[message.carrier]
        error_code = carrier.undelivered_code if receipt.status == "undelivered" else None
        message = self._ledger.advance(receipt.sid, receipt.status, error_code)
        delivered = not message.callback_url or await self._delivered(carrier, message, receipt)
        if delivered or receipt.attempts + 1 >= carrier.webhook_policy.attempts:
            self._ledger.settle(receipt)
        else:
            self._ledger.postpone(receipt, time.time() + self._retry_delay)

    async def _delivered(self, carrier: Carrier, message: Message, receipt: Receipt) -> bool:
        async with self._slots:
            try:
                status, _, _ = await self.post(carrier.status_webhook(message, receipt), carrier.webhook_policy.timeout)
            except WEBHOOK_FAILURES:
                return False
        return 200 <= status < 300
