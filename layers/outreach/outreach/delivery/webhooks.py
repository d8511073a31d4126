"""What the webhooks of all carriers share: an HTTP API event (payload format 2.0) in, verified, and handed to the domain."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.delivery import receipts
from outreach.errors import OutreachError
from outreach.observability import logger
from outreach.sending.webhooks import Webhook
from outreach.settings import settings
from outreach.ticketing import replies

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def entry_point(carrier: ModuleType, accepted: Mapping[str, Any]) -> Handler:
    """The ``lambda_handler`` of a carrier's webhooks: receipts where the path names a message, else what contacts write.

    Args:
        carrier: the carrier's module, which knows its signatures and bodies.
        accepted: the answer that the carrier wants for what it need not send again.
    """

    def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        path = event["pathParameters"]
        try:
            _receive(carrier, path["channelAccountId"], path.get("messageId"), webhook(event))
        except OutreachError as error:
            logger().warning("webhook refused", account_id=path["channelAccountId"], code=error.code)
            return {"statusCode": error.status, "body": ""}
        return dict(accepted)

    return lambda_handler


def _receive(carrier: ModuleType, account_id: str, message_id: str | None, request: Webhook) -> None:
    account = receipts.authenticate(carrier, account_id, request)
    if message_id:
        receipt = carrier.parse_receipt(request.body)
        receipts.apply(account, message_id, receipt)
        # Two of them for each message: only those that tell of trouble are worth their room in the log.
        log = logger().info if receipt.failed_reason else logger().debug
        log("receipt", message_id=message_id, site_id=account.site_id, status=receipt.status)
    elif inbound := carrier.parse_inbound(request.body):
        replies.receive(account, inbound)
        logger().info("inbound message", account_id=account.id, site_id=account.site_id)


def webhook(event: Mapping[str, Any]) -> Webhook:
    """The request as the carrier made it; its URL is the configured public one, since signatures are over that."""
    query = event.get("rawQueryString")
    url = f"{settings().webhook_base_url}{event['rawPath']}" + (f"?{query}" if query else "")
    raw = event.get("body") or ""
    body = base64.b64decode(raw) if event.get("isBase64Encoded") else raw.encode()
    return Webhook(url, {name.lower(): value for name, value in event["headers"].items()}, body)
