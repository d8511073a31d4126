"""A carrier's webhook out of an HTTP API event (payload format 2.0)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from outreach.sending.webhooks import Webhook
from outreach.settings import settings


def webhook(event: Mapping[str, Any]) -> Webhook:
    """The request as the carrier made it; its URL is the configured public one, since signatures are over that."""
    query = event.get("rawQueryString")
    url = f"{settings().webhook_base_url}{event['rawPath']}" + (f"?{query}" if query else "")
    raw = event.get("body") or ""
    body = base64.b64decode(raw) if event.get("isBase64Encoded") else raw.encode()
    return Webhook(url, {name.lower(): value for name, value in event["headers"].items()}, body)
