"""The request of a carrier, as it was signed."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from outreach.inbound.webhooks import parse_event
from outreach.settings import settings


@pytest.mark.parametrize(
    ("event", "url", "body"),
    [
        ({"rawPath": "/a", "rawQueryString": "", "body": "x=ä"}, "https://hooks.example/a", "x=ä".encode()),
        ({"rawPath": "/a", "rawQueryString": "b=c&d=%20", "body": None}, "https://hooks.example/a?b=c&d=%20", b""),
        (
            {"rawPath": "/a", "body": base64.b64encode(b"\xff\x00").decode(), "isBase64Encoded": True},
            "https://hooks.example/a",
            b"\xff\x00",
        ),
    ],
)
def test_url_and_body_are_the_signed_ones(
    aws: None, monkeypatch: pytest.MonkeyPatch, event: dict[str, Any], url: str, body: bytes
) -> None:
    monkeypatch.setenv("WEBHOOK_BASE_URL", "https://hooks.example")
    settings.cache_clear()
    webhook = parse_event({"headers": {"X-Signature": "s"}, **event})
    assert (webhook.url, webhook.body, dict(webhook.headers)) == (url, body, {"x-signature": "s"})
