"""What a carrier's webhook does, now or from the queue: it is verified, and its receipt applied or its reply queued."""

from __future__ import annotations

from outreach.carriers import registry
from outreach.carriers.webhook_messages import Receipt
from outreach.errors import Forbidden, ValidationFailed
from outreach.inbound import receipt_queue, receipts, reply_queue
from outreach.inbound.authentication import authenticate
from outreach.inbound.webhook_queue import WebhookJob
from outreach.observability import count, logger
from outreach.sites.models import ChannelAccount


def handle(job: WebhookJob) -> None:
    """Verify a webhook; apply its receipt if its path names a message, otherwise queue its inbound message.

    Raises:
        Forbidden: the carrier has not signed it for this account.
        ValidationFailed: the body is not a webhook of this carrier.
        Unverifiable: the account or its credentials cannot be read now.
        RuntimeError: SQS did not accept the message.
    """
    account = authenticate(job.carrier, job.account_id, job.webhook)
    client = registry.entry(job.carrier).client()
    if job.message_id:
        if receipt := client.parse_receipt(job.webhook.body):
            _apply(account, job, job.message_id, receipt)
            # Each message gets two receipts, so only failures are logged by default.
            log = logger().info if receipt.failed_reason else logger().debug
            log("receipt", message_id=job.message_id, site_id=account.site_id, status=receipt.status)
    elif inbound := client.parse_inbound(job.webhook.body, job.webhook.received):
        reply_queue.put(account, inbound, job.webhook.received)
        logger().info("inbound message", account_id=account.id, site_id=account.site_id)


def handle_queued(job: WebhookJob) -> None:
    """Handle a webhook from the queue; drop and count it if it is not genuine.

    Raises:
        Exception: as :func:`handle`, for any fault that may be gone at a later attempt.
    """
    try:
        handle(job)
    except (Forbidden, ValidationFailed) as error:
        logger().warning("queued webhook refused", account_id=job.account_id, site_id=job.site_id, code=error.code)
        count("WebhooksRefused")


def _apply(account: ChannelAccount, job: WebhookJob, message_id: str, receipt: Receipt) -> None:
    """Apply a receipt, or queue it if that fails, because the carrier repeats it only a few times."""
    try:
        receipts.apply(account, message_id, receipt, job.webhook.received)
    except Exception:
        logger().exception("a receipt is queued", message_id=message_id, site_id=account.site_id)
        receipt_queue.put(account, message_id, receipt, job.webhook.received)
