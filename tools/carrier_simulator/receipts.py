"""Posts webhooks: status receipts in the background, inbound messages while the caller waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout
from aiohttp.web import RouteDef
from pydantic import BaseModel, ConfigDict, Field
from yarl import URL

from carrier_simulator.ledger import Ledger, Message, Receipt
from carrier_simulator.settings import Settings

# ValueError: the URL is invalid.
WEBHOOK_FAILURES = (ClientError, TimeoutError, ValueError)


@dataclass(frozen=True)
class Webhook:
    """A signed request, ready to be posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class WebhookPolicy:
    """How a carrier posts webhooks: the number of attempts and the timeout of each."""

    attempts: int
    timeout: ClientTimeout


class Inbound(BaseModel):
    """An inbound message to simulate.

    Attributes:
        url: replaces the webhook URL of the account.
        id: the carrier's message id, to repeat a delivery; random by default.
        extra: merged into the webhook, such as ``{"OptOutType": "STOP"}``.
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
    """The protocol of a carrier: its endpoints below ``prefix`` and its webhooks."""

    prefix: str
    webhook_policy: WebhookPolicy
    undelivered_code: str

    def routes(self) -> list[RouteDef]:
        """List the endpoints below ``prefix``."""

    def status_webhook(self, message: Message, receipt: Receipt) -> Webhook:
        """Make and sign the webhook that reports ``receipt.status``."""

    def inbound_webhook(self, inbound: Inbound) -> Webhook:
        """Make and sign the webhook of an inbound message.

        Raises:
            KeyError: the recipient is not a number of this carrier.
        """


class Receipts:
    """Reports the statuses of accepted messages. Pending receipts are in the ledger, so a restart resumes them."""

    def __init__(self, ledger: Ledger, carriers: Mapping[str, Carrier], session: ClientSession, settings: Settings) -> None:
        self._ledger = ledger
        self._carriers = carriers
        self._session = session
        self._retry_delay = settings.receipt_retry_delay
        self._slots = asyncio.Semaphore(settings.receipt_concurrency)
        self._tasks: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Schedule the receipts that were pending when the simulator stopped."""
        for sid in self._ledger.messages_with_pending_receipts():
            self.schedule(sid)

    async def stop(self) -> None:
        """Cancel all deliveries; their receipts stay in the ledger."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def schedule(self, sid: str) -> None:
        """Report each receipt of a message in the background when it is due."""
        task = asyncio.create_task(self._report_all(sid))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def report_due(self, sid: str) -> None:
        """Report the due receipts of a message, with one attempt each."""
        while (receipt := self._ledger.next_receipt(sid)) and receipt.due <= time.time():
            await self._report(receipt)

    async def post(self, webhook: Webhook, timeout: ClientTimeout) -> tuple[int, str, str]:
        """Post a webhook.

        Returns:
            Status, content type and text of the response.

        Raises:
            WEBHOOK_FAILURES: The webhook could not be posted.
        """
        # encoded=True keeps the URL exactly as it was signed.
        url = URL(webhook.url, encoded=True)
        async with self._session.post(
            url, data=webhook.body, headers=webhook.headers, timeout=timeout, allow_redirects=False
        ) as response:
            return response.status, response.content_type, await response.text(errors="replace")

    async def _report_all(self, sid: str) -> None:
        while receipt := self._ledger.next_receipt(sid):
            await asyncio.sleep(max(0.0, receipt.due - time.time()))
            # Reads the ledger again, because it may have been cleared in the meantime.
            await self.report_due(sid)

    async def _report(self, receipt: Receipt) -> None:
        message = self._ledger.message(receipt.sid)
        carrier = self._carriers[message.carrier]
        error_code = carrier.undelivered_code if receipt.status == "undelivered" else None
        message = self._ledger.advance(receipt.sid, receipt.status, error_code)
        is_delivered = not message.callback_url or await self._deliver(carrier, message, receipt)
        if is_delivered or receipt.attempts + 1 >= _attempts(carrier.webhook_policy, message.callback_url):
            self._ledger.remove_receipt(receipt)
        else:
            self._ledger.schedule_retry(receipt, time.time() + self._retry_delay)

    async def _deliver(self, carrier: Carrier, message: Message, receipt: Receipt) -> bool:
        async with self._slots:
            try:
                status, _, _ = await self.post(carrier.status_webhook(message, receipt), carrier.webhook_policy.timeout)
            except WEBHOOK_FAILURES:
                return False
        return 200 <= status < 300


def _attempts(policy: WebhookPolicy, url: str) -> int:
    """Return how often a webhook is posted: as the carrier does, or as the URL asks with Twilio's connection overrides."""
    retries = parse_qs(urlsplit(url).fragment).get("rc")
    return 1 + int(retries[0]) if retries else policy.attempts
