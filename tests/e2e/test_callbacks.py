"""A customer's endpoint that comes back is told the newest state, by the state machine that waits for it."""

from __future__ import annotations

from functools import partial
from typing import Any

from local_stack.seeds import ACCOUNTS, CALLBACK_SECRET
from standardwebhooks import Webhook

from tests.support.callbacks import OK, Customer, customer
from tests.support.client import Client, until
from tests.support.http_server import hang_up

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


def _told(customer: Customer) -> list[tuple[str, str]]:
    """Message and status of each callback so far; each is signed."""
    verify = Webhook(CALLBACK_SECRET).verify
    bodies = [verify(request.body, dict(request.headers)) for request in customer.server.requests]
    return [(body["id"], body["status"]) for body in bodies]


def test_an_endpoint_that_was_down_is_told_the_newest_state_once(site: Client) -> None:
    with customer(hang_up) as down:
        message_id = site.post("/outreach/messages", _message(down.url))["id"]
        site.ask("PUT", f"/outreach/messages/{message_id}", json={"status": "sent"})
        log = partial(site.get, f"/outreach/messages/{message_id}/callbackAttempts")
        (failed,) = until(log, lambda found: bool(found["attempts"]), DEADLINE_SECONDS)["attempts"]
        assert failed["outcome"] == "failed"
        assert failed["nextAttemptAt"]

        down.will(OK)
        site.ask("PUT", f"/outreach/messages/{message_id}", json={"status": "delivered"})
        newest = [(message_id, "delivered")]
        until(lambda: _told(down), lambda told: told[-1:] == newest, DEADLINE_SECONDS)
        until(log, lambda found: found["attempts"][-1]["outcome"] == "delivered", DEADLINE_SECONDS)
        # On a machine so slow that the retry overtakes the change, the older state is told once more, but before.
        assert set(_told(down)[:-1]) == {(message_id, "sent")}
