"""The webhooks of all carriers: verifies each HTTP API event (payload format 2.0), then applies a receipt or queues a reply."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.carriers.protocol import CarrierClient
from outreach.carriers.webhook_messages import CarrierWebhook, Receipt
from outreach.errors import NotFound, OutreachError
from outreach.http.headers import SECURITY
from outreach.inbound import receipt_queue, receipts, reply_queue
from outreach.observability import logger
from outreach.settings import settings
from outreach.sites.models import ChannelAccount

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def entry_point(carrier: CarrierClient, accepted: Mapping[str, Any]) -> Handler:
    """Return the ``lambda_handler`` of a carrier's webhooks: receipts if the path names a message, else inbound messages.

    Args:
        carrier: the carrier's module, which verifies signatures and parses bodies.
        accepted: the response that makes the carrier stop sending a webhook again.
    """

    def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        request_id = event["requestContext"]["requestId"]
        try:
            account_id, message_id = _parse_path(event["rawPath"])
            _receive(carrier, account_id, message_id, parse_event(event))
            response: Mapping[str, Any] = accepted
        except OutreachError as error:
            logger().warning("webhook refused", path=event["rawPath"], code=error.code, correlation_id=request_id)
            response = {"statusCode": error.status, "body": ""}
        return {**response, "headers": {**SECURITY, "X-Request-Id": request_id, **response.get("headers", {})}}

    return lambda_handler


def _parse_path(path: str) -> tuple[str, str | None]:
    """``/webhooks/<carrier>/<account>[/inbound | /messages/<message>]`` → the ids of the account and the message.

    The ids may be in any case and a slash may follow: people copy the URL into the carrier's settings.
    """
    match [unquote(part).lower() for part in path.strip("/").split("/")[2:]]:
        case [account_id] | [account_id, "inbound"]:
            return account_id, None
        case [account_id, "messages", message_id]:
            return account_id, message_id
    raise NotFound("There is no such route.")


def _receive(carrier: CarrierClient, account_id: str, message_id: str | None, webhook: CarrierWebhook) -> None:
    account = receipts.authenticate(carrier, account_id, webhook)
    if message_id:
        if receipt := carrier.parse_receipt(webhook.body):
            _apply(account, message_id, receipt)
            # Each message gets two receipts, so only failures are logged by default.
            log = logger().info if receipt.failed_reason else logger().debug
            log("receipt", message_id=message_id, site_id=account.site_id, status=receipt.status)
    elif inbound := carrier.parse_inbound(webhook.body):
        reply_queue.put(account, inbound)
        logger().info("inbound message", account_id=account.id, site_id=account.site_id)


def _apply(account: ChannelAccount, message_id: str, receipt: Receipt) -> None:
    """Apply a receipt, or queue it if that fails, because the carrier repeats it only a few times."""
    try:
        receipts.apply(account, message_id, receipt)
    except Exception:
        logger().exception("a receipt is queued", message_id=message_id, site_id=account.site_id)
        receipt_queue.put(account, message_id, receipt)


def parse_event(event: Mapping[str, Any]) -> CarrierWebhook:
    """Return the carrier's request. Its URL is the configured public one, because the carrier signs that URL."""
    query = event.get("rawQueryString")
    url = f"{settings().webhook_base_url}{event['rawPath']}" + (f"?{query}" if query else "")
    raw = event.get("body") or ""
    body = base64.b64decode(raw) if event.get("isBase64Encoded") else raw.encode()
    return CarrierWebhook(url, {name.lower(): value for name, value in event["headers"].items()}, body)
