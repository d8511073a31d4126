"""A customer's endpoint that comes back is told the newest state, by the state machine that waits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_stack.seeds import ACCOUNTS, CALLBACK_SECRET
from standardwebhooks import Webhook

from tests.support.callbacks import OK, customer
from tests.support.client import Client, until
from tests.support.http_server import Request, hang_up

DEADLINE_SECONDS = 60


def _message(url: str) -> dict[str, Any]:
    """One that was sent elsewhere: its states are the test's to set."""
    return {
        "channel": "sms",
        "channelAccountId": ACCOUNTS[0][0].id,
        "contactId": "2b9a1c1e-9a3c-4f43-9f10-0a8a2f4c0000",
        "to": "+12125554001",
        "message": "Hello",
        "status": "sending",
        "callbackURL": url,
    }


def _told(request: Request) -> tuple[str, str]:
    body = Webhook(CALLBACK_SECRET).verify(request.body, dict(request.headers))
    return body["id"], body["status"]


def _attempts(site: Client, message_id: str) -> Callable[[], list[dict[str, Any]]]:
    return lambda: list(site.get(f"/outreach/messages/{message_id}/callbackAttempts")["attempts"])


def test_an_endpoint_that_was_down_is_told_the_newest_state_once(site: Client) -> None:
    with customer(hang_up) as down:
        message_id = site.post("/outreach/messages", _message(down.url))["id"]
        site.ask("PUT", f"/outreach/messages/{message_id}", json={"status": "sent"})
        attempts = _attempts(site, message_id)
        failed = until(attempts, lambda found: bool(found), DEADLINE_SECONDS)
        assert [attempt["outcome"] for attempt in failed] == ["failed"]
        assert failed[0]["nextAttemptAt"]

        site.ask("PUT", f"/outreach/messages/{message_id}", json={"status": "delivered"})
        down.will(OK)
        until(attempts, lambda found: found[-1]["outcome"] == "delivered", DEADLINE_SECONDS)
        assert [_told(request) for request in down.server.requests] == [(message_id, "sent"), (message_id, "delivered")]
