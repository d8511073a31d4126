"""Callback signatures by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook


def headers(webhook_id: str, body: bytes, moment: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """Return the headers that let the receiver verify a callback.

    Args:
        webhook_id: the same for each attempt, so that the receiver can drop duplicates.
        body: UTF-8, exactly as it is sent.
        moment: the time of this attempt; receivers refuse a callback that is more than five minutes old.
        secrets: each ``whsec_`` and base64. The callback is signed with all of them, because the receiver may know either one
            while a secret is rotated.
    """
    moment = moment.astimezone(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, moment, body.decode()) for secret in secrets),
    }
