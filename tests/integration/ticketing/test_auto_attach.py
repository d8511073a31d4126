"""Automatic attachment of messages to tickets: of a campaign's messages, after crashes, and from the stream."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import requests

from outreach.messages.status import MessageStatus
from outreach.settings import settings
from outreach.stream import message_changes
from outreach.stream.message_changes import MessageChange
from outreach.ticketing import attachment, ticket_store
from outreach.ticketing.attach_queue import AttachJob
from tests.support import pipeline, ticket_steps
from tests.support.functions import call, invoke

NUMBERS = ["+12125551200", "+12125551201", "+12125551202"]
WHEN_SENT = {"isMessageAutoAttachedToTicket": "yes", "timeToAutoAttachToTicket": "whenTheMessageIsSent"}
WHEN_REPLIED = {"isMessageAutoAttachedToTicket": "yes", "timeToAutoCreateNewTicket": "whenContactRepliesTheMessage"}


def messages_of(record_id: str) -> list[dict[str, Any]]:
    return list(call("outreach/list_messages", "GET", f"/outreach/messages?campaignRecordId={record_id}").body["messages"])


def run_campaign(**changes: Any) -> str:
    record_id = pipeline.send(pipeline.create_campaign(**changes)["id"])
    pipeline.fan_out(record_id)
    return record_id


def test_each_message_of_a_campaign_gets_its_own_ticket(carrier: str) -> None:
    for number in NUMBERS:
        pipeline.create_contact(number)
    record_id = run_campaign(**WHEN_SENT, preferredTicketToAutoAttach="newTicket")
    pipeline.Pump().run_until(lambda: all(message["attachedToTicketId"] for message in messages_of(record_id)))
    assert sorted(message["attachedToTicketId"] for message in messages_of(record_id)) == ["1", "2", "3"]


def test_a_refused_message_gets_no_ticket(carrier: str) -> None:
    pipeline.create_contact("+12125550101")
    record_id = run_campaign(**WHEN_SENT)
    pump = pipeline.Pump()
    pump.run_until(lambda: pipeline.counts(record_id)["failed"] == 1)
    pump.poll()
    assert [message["attachedToTicketId"] for message in messages_of(record_id)] == [None]


def test_a_reply_through_the_carrier_attaches_the_campaigns_message(carrier: str) -> None:
    contact_id = pipeline.create_contact(NUMBERS[0])
    record_id = run_campaign(**WHEN_REPLIED, preferredTicketToAutoAttach="newTicket")
    pump = pipeline.Pump()
    pump.run_until(lambda: pipeline.counts(record_id)["delivered"] == 1)
    unattached = call("outreach/list_unattached_messages", "GET", f"/outreach/unattachedMessages?contactId={contact_id}")
    assert [message["id"] for message in unattached.body["messages"]] == [message["id"] for message in messages_of(record_id)]
    inbound = {"from": NUMBERS[0], "to": pipeline.ACCOUNT.number, "body": "Thank you"}
    requests.post(f"{carrier}/_simulate/inbound", json=inbound, timeout=5).raise_for_status()
    pump.run_until(lambda: messages_of(record_id)[0]["attachedToTicketId"] == "1")
    assert [message.body for message in ticket_store.messages(pipeline.SITE, 1)] == ["Hello Ada!", "Thank you"]
    unattached = call("outreach/list_unattached_messages", "GET", f"/outreach/unattachedmessages/?contactId={contact_id}")
    assert unattached.body == {"messages": []}


@pytest.fixture
def _site(aws: None) -> None:
    pipeline.put_site()


@pytest.mark.usefixtures("_site")
@pytest.mark.parametrize(("preferred", "expected"), [("existing", ["1", "1"]), ("newTicket", ["1", "2"]), (None, ["1", "1"])])
def test_the_preference_decides_the_ticket_of_the_second_message(preferred: str | None, expected: list[str]) -> None:
    contact_id = pipeline.create_contact(NUMBERS[0])
    ids = [
        ticket_steps.record_message(contact_id, NUMBERS[0], **WHEN_SENT, preferredTicketToAutoAttach=preferred) for _ in range(2)
    ]
    for message_id in ids:
        attachment.attach_sent(AttachJob(pipeline.SITE, message_id))
    assert [ticket_steps.message(message_id).ticket_id for message_id in ids] == expected


@pytest.mark.usefixtures("_site")
@pytest.mark.parametrize(("preferred", "expected"), [("existing", "2"), ("newTicket", "3")])
def test_the_newest_open_ticket_is_used_whichever_account_it_was_opened_for(preferred: str, expected: str) -> None:
    contact_id, other = pipeline.create_contact(NUMBERS[0]), ticket_steps.second_account()
    for number in range(2):
        ticket_store.open_ticket(pipeline.SITE, contact_id, pipeline.ACCOUNT.id, f"origin {number}")
    changes = {"channelAccountId": other.id, "preferredTicketToAutoAttach": preferred}
    message_id = ticket_steps.record_message(contact_id, NUMBERS[0], **WHEN_SENT | changes)
    attachment.attach_sent(AttachJob(pipeline.SITE, message_id))
    assert ticket_steps.message(message_id).ticket_id == expected


@pytest.mark.usefixtures("_site")
@pytest.mark.parametrize("preferred", ["existing", "newTicket"])
@pytest.mark.parametrize("step", range(1, 7))
def test_a_retry_after_a_crash_at_any_write_leaves_one_ticket(step: int, preferred: str) -> None:
    contact_id = pipeline.create_contact(NUMBERS[0])
    message_id = ticket_steps.record_message(contact_id, NUMBERS[0], **WHEN_SENT, preferredTicketToAutoAttach=preferred)
    with ticket_steps.crash_at_write(step):
        attachment.attach_sent(AttachJob(pipeline.SITE, message_id))
    for _ in range(2):
        attachment.attach_sent(AttachJob(pipeline.SITE, message_id))
    (ticket_id,) = ticket_steps.opened_tickets()
    assert ticket_steps.message(message_id).ticket_id == str(ticket_id)
    assert [attached.id for attached in ticket_store.messages(pipeline.SITE, ticket_id)] == [message_id]
    assert ticket_store.newest_open(pipeline.SITE, [contact_id]) == ticket_id


@pytest.mark.usefixtures("_site")
@pytest.mark.parametrize(
    ("statuses", "count"),
    [
        (["queued", "sending", "sent", "delivered"], 1),
        (["sending", "undelivered"], 1),
        (["sent", "delivered"], 0),
        (["queued", "sending"], 0),
        (["sending", "failed"], 0),
    ],
)
@pytest.mark.parametrize("attach", [True, False])
def test_an_acceptance_is_recognised_in_any_batch(statuses: list[str], count: int, attach: bool) -> None:
    message = ticket_steps.message(ticket_steps.record_message(pipeline.create_contact(NUMBERS[0]), NUMBERS[0], **WHEN_REPLIED))
    states = [replace(message, status=MessageStatus(status), attach_when_sent=attach) for status in statuses]
    message_changes.apply(MessageChange(old, new) for old, new in pairwise(states))
    assert len(ticket_steps.queued_bodies(settings().attach_queue_url)) == (count if attach else 0)


@pytest.mark.usefixtures("_site")
def test_a_message_that_cannot_be_attached_is_retried_and_does_not_block_others() -> None:
    message_id = ticket_steps.record_message(pipeline.create_contact(NUMBERS[0]), NUMBERS[0], **WHEN_SENT)
    bodies = [AttachJob(pipeline.SITE, "no-such-message").to_json(), AttachJob(pipeline.SITE, message_id).to_json()]
    assert invoke("workers/attach_messages", ticket_steps.sqs_event(*bodies)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert ticket_steps.message(message_id).ticket_id == "1"
