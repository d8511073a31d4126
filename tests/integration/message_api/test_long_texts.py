"""Every endpoint and worker shows and sends a text that has an item of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from outreach.messages import message_store
from outreach.messages.models import Message
from outreach.messages.status import MessageStatus
from outreach.ticketing import ticket_store
from outreach.ticketing.attach_queue import AttachJob
from tests.support import pipeline, ticket_steps
from tests.support.customer_endpoint import Customer, Executions, change_status, deliver_queued
from tests.support.functions import Answer, call, invoke
from tests.support.pipeline import SITE

NUMBER = "+12125551200"
LONG = "Your table is booked. " * 20 + "Bye!"
MESSAGES = "/outreach/messages"


def create(**changes: Any) -> dict[str, Any]:
    """Send a single message with a long text."""
    contact_id = pipeline.create_contact(NUMBER)
    body = {"channelAccountId": pipeline.ACCOUNT.id, "contactId": contact_id, "message": LONG} | changes
    answer = call("outreach/create_message", "POST", MESSAGES, body)
    assert (answer.status, answer.body["message"]) == (201, LONG)
    return dict(answer.body)


def get(message_id: str) -> Answer:
    return call("outreach/get_message", "GET", f"{MESSAGES}/{message_id}")


def test_a_single_message_is_shown_listed_and_sent(carrier: str) -> None:
    created = create()
    assert get(created["id"]).body["message"] == LONG
    assert call("outreach/list_messages", "GET", f"{MESSAGES}?sortBy=message").body["messages"][0]["message"] == LONG
    pipeline.Pump().run_until(lambda: pipeline.accepted_texts(carrier) == [(NUMBER, LONG)])


def test_a_message_that_an_earlier_request_has_created_is_answered(carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    create_many = message_store.create_many

    def overtaken(messages: Sequence[Message]) -> list[Message]:
        create_many(messages)
        return create_many(messages)

    monkeypatch.setattr(message_store, "create_many", overtaken)
    create()


def test_a_sent_message_can_get_another_text(carrier: str) -> None:
    created = create()
    pipeline.Pump().run_until(lambda: get(created["id"]).body["status"] == "delivered")
    answer = call("outreach/update_message", "PUT", f"{MESSAGES}/{created['id']}", {"message": LONG.upper()})
    assert (answer.status, answer.body["message"], get(created["id"]).body["message"]) == (200, LONG.upper(), LONG.upper())
    answer = call("outreach/update_message", "PUT", f"{MESSAGES}/{created['id']}", {"attachedToTicketId": "7"})
    assert (answer.status, answer.body["message"]) == (200, LONG.upper())


def test_an_update_of_something_else_shows_the_text(carrier: str) -> None:
    answer = call("outreach/update_message", "PUT", f"{MESSAGES}/{create()['id']}", {"attachedToTicketId": "7"})
    assert (answer.status, answer.body["message"]) == (200, LONG)


def test_an_outbound_message_is_answered_and_read(carrier: str) -> None:
    body = {"channelAccountId": pipeline.ACCOUNT.id, "to": NUMBER, "message": LONG}
    answer = call("unichannel/create_outbound_message", "POST", "/outboundunichannel/messages", body)
    assert (answer.status, answer.body["message"]) == (200, LONG)
    url = f"/outboundunichannel/messages/{answer.body['id']}"
    assert call("unichannel/get_outbound_message", "GET", url).body["message"] == LONG
    assert pipeline.accepted_texts(carrier) == [(NUMBER, LONG)]


def test_a_test_of_a_campaign_is_answered(carrier: str) -> None:
    contact_id = pipeline.create_contact(NUMBER)
    campaign_id = pipeline.create_campaign(message=LONG)["id"]
    url = f"/outreach/campaigns/{campaign_id}:test"
    answer = call("outreach/act_on_campaign", "POST", url, {"to": NUMBER, "contactId": contact_id})
    assert (answer.status, answer.body["message"]) == (200, LONG)


def test_a_callback_has_the_text(customer: Customer, executions: Executions) -> None:
    message_id = create(callbackURL=customer.url)["id"]
    change_status(message_id, MessageStatus.SENT)
    deliver_queued()
    answer = call("outreach/act_on_message", "POST", f"{MESSAGES}/{message_id}:redeliver")
    assert (answer.status, answer.body["message"]) == (200, LONG)
    assert json.loads(customer.server.requests[-1].body)["message"] == LONG


@pytest.mark.parametrize("when", ["whenTheMessageIsSent", "whenContactRepliesTheMessage"])
def test_a_ticket_has_the_text(carrier: str, when: str) -> None:
    created = create(isMessageAutoAttachedToTicket=True, preferredTicketToAutoAttach="newTicket", timeToAutoAttachToTicket=when)
    message_store.advance(message_store.get(SITE, created["id"]), MessageStatus.SENT)
    if when == "whenTheMessageIsSent":
        invoke("workers/attach_messages", ticket_steps.sqs_event(AttachJob(SITE, created["id"]).to_json()))
    else:
        url = f"/outreach/unattachedMessages?contactId={created['contactId']}"
        assert [entry["message"] for entry in call("outreach/list_unattached_messages", "GET", url).body["messages"]] == [LONG]
        ticket_steps.reply(NUMBER)
    assert LONG in [message.body for message in ticket_store.messages(SITE, 1)]
