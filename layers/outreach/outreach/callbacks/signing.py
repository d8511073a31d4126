"""Signatures of callbacks: Standard Webhooks 1.0.0 (https://www.standardwebhooks.com)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook


def headers(webhook_id: str, body: bytes, moment: datetime, secrets: Sequence[str]) -> dict[str, str]:
    """The headers that let the receiver verify a callback.

    Args:
        webhook_id: the same on each try, so that the receiver can drop repetitions.
        body: UTF-8, exactly as it is sent.
        moment: of this try; receivers refuse what is more than five minutes old.
        secrets: each ``whsec_`` and base64; the callback is signed with all of them, for while one is rotated
            the receiver may know either.
    """
    moment = moment.astimezone(UTC)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(webhook_id, moment, body.decode()) for secret in secrets),
    }
