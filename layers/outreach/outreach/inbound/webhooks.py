"""The HTTP side of all carriers' webhooks: HTTP API events (payload format 2.0) and their answers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.carriers.protocol import CarrierClient
from outreach.carriers.webhook_messages import CarrierWebhook
from outreach.errors import NotFound, OutreachError
from outreach.http.headers import SECURITY
from outreach.inbound import webhook_handling, webhook_queue
from outreach.inbound.authentication import Unverifiable
from outreach.inbound.webhook_queue import WebhookJob
from outreach.observability import logger
from outreach.settings import settings

Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def entry_point(client: CarrierClient, accepted: Mapping[str, Any]) -> Handler:
    """Return the ``lambda_handler`` of a carrier's webhooks: receipts if the path names a message, else inbound messages.

    Args:
        client: the carrier's module, imported before the first webhook arrives.
        accepted: the response that makes the carrier stop sending a webhook again.
    """

    def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
        request_id = event["requestContext"]["requestId"]
        try:
            _receive(WebhookJob(client.CARRIER, *_parse_path(event["rawPath"]), parse_event(event)))
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
    raise NotFound("No webhook has this path.")


def _receive(job: WebhookJob) -> None:
    """Handle a webhook, or queue it if it cannot be verified now, because the carrier repeats it only a few times."""
    try:
        webhook_handling.handle(job)
    except Unverifiable as error:
        logger().warning("webhook queued unverified", account_id=job.account_id, site_id=error.site_id, reason=str(error))
        webhook_queue.put(job, error.site_id)


def parse_event(event: Mapping[str, Any]) -> CarrierWebhook:
    """Return the carrier's request. Its URL is the configured public one, because the carrier signs that URL."""
    query = event.get("rawQueryString")
    url = f"{settings().webhook_base_url}{event['rawPath']}" + (f"?{query}" if query else "")
    raw = event.get("body") or ""
    body = base64.b64decode(raw) if event.get("isBase64Encoded") else raw.encode()
    return CarrierWebhook(url, {name.lower(): value for name, value in event["headers"].items()}, body)
