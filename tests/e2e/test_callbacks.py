"""The state machine callback_retry delivers the newest status to an endpoint that was down."""

from __future__ import annotations

from functools import partial
from typing import Any

from local_stack.seeds import ACCOUNTS, CALLBACK_SECRET
from standardwebhooks import Webhook

from tests.support.client import Client, until
from tests.support.customer_endpoint import OK, Customer, customer
from tests.support.http_server import hang_up

DEADLINE_SECONDS = 60


def _message(url: str) -> dict[str, Any]:
    """The body that creates a message sent elsewhere, whose status the test sets."""
    return {
        "channel": "sms",
        "channelAccountId": ACCOUNTS[0][0].id,
        "contactId": "2b9a1c1e-9a3c-4f43-9f10-0a8a2f4c0000",
        "to": "+12125554001",
        "message": "Hello",
        "status": "sending",
        "callbackURL": url,
    }


def _callbacks(customer: Customer) -> list[tuple[str, str]]:
    """The message id and status of each callback so far; verifies the signatures."""
    verify = Webhook(CALLBACK_SECRET).verify
    bodies = [verify(request.body, dict(request.headers)) for request in customer.server.requests]
    return [(body["id"], body["status"]) for body in bodies]


def test_an_endpoint_that_was_down_receives_the_newest_status_once(site: Client) -> None:
    with customer(hang_up) as down:
        message_id = site.post("/outreach/messages", _message(down.url))["id"]
        site.ask("PUT", f"/outreach/messages/{message_id}", json={"status": "sent"})
        read_attempts = partial(site.get, f"/outreach/messages/{message_id}/callbackAttempts")
        (failed,) = until(read_attempts, lambda log: bool(log["attempts"]), DEADLINE_SECONDS)["attempts"]
        assert failed["outcome"] == "failed"
        assert failed["nextAttemptAt"]

        down.answer_with(OK)
        site.ask("PUT", f"/outreach/messages/{message_id}", json={"status": "delivered"})
        newest = [(message_id, "delivered")]
        until(lambda: _callbacks(down), lambda callbacks: callbacks[-1:] == newest, DEADLINE_SECONDS)
        until(read_attempts, lambda log: log["attempts"][-1]["outcome"] == "delivered", DEADLINE_SECONDS)
        # On a slow machine, a retry before the change may deliver the older status once more, but only before the newest.
        assert set(_callbacks(down)[:-1]) == {(message_id, "sent")}
