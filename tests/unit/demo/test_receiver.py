"""The customer's callback endpoint."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from demo.receiver import FILE, Inbox, serve
from local_stack.seeds import CALLBACK_SECRET

from outreach.callbacks import signature
from tests.support.ports import free_port

OTHER_SECRET = "whsec_b3RoZXItb3V0cmVhY2gtY2FsbGJhY2stc2VjcmV0LTAx"


def _callback(status: str, sequence: int) -> bytes:
    return json.dumps({"id": "m1", "status": status, "sequence": sequence}).encode()


def _signed(body: bytes, webhook_id: str, secret: str = CALLBACK_SECRET) -> dict[str, Any]:
    return {"body": body, "headers": signature.headers(webhook_id, body, datetime.now(UTC), [secret])}


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / FILE, CALLBACK_SECRET)


def test_the_newest_status_wins_in_any_order_of_arrival(inbox: Inbox) -> None:
    for status, sequence in (("delivered", 3), ("sent", 2)):
        assert inbox.receive(**_signed(_callback(status, sequence), f"m1-{sequence}")) == 204
    assert inbox.received().newest == {"m1": "delivered"}
    assert inbox.received().total == 2


def test_a_repeated_callback_counts_once(inbox: Inbox) -> None:
    for _ in range(2):
        inbox.receive(**_signed(_callback("sent", 2), "m1-2"))
    assert inbox.received().total == 1


def test_a_callback_signed_with_another_secret_is_rejected(inbox: Inbox) -> None:
    assert inbox.receive(**_signed(_callback("sent", 2), "m1-2", OTHER_SECRET)) == 401
    assert (inbox.received().total, inbox.received().rejected) == (0, 1)


def test_callbacks_over_http_survive_a_restart(tmp_path: Path) -> None:
    port = free_port()
    for sequence, status in ((2, "sent"), (3, "delivered")):
        with serve(tmp_path / FILE, CALLBACK_SECRET, port) as inbox:
            signed = _signed(_callback(status, sequence), f"m1-{sequence}")
            response = requests.post(
                f"http://127.0.0.1:{port}/callbacks", data=signed["body"], headers=signed["headers"], timeout=10
            )
            assert response.status_code == 204
    with serve(tmp_path / FILE, CALLBACK_SECRET, port) as inbox:
        assert inbox.received().newest == {"m1": "delivered"}
        assert inbox.received().total == 2
