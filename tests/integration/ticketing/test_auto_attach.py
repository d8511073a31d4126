"""Messages that go to a ticket when they are sent: from the campaign to the ticket, and whatever is repeated on the way."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import requests

from outreach.delivery import tracking
from outreach.delivery.tracking import Change
from outreach.messages.status import Status
from outreach.settings import settings
from outreach.ticketing import attaching
from outreach.ticketing import store as tickets
from outreach.ticketing.queue import Attachment
from tests.integration.ticketing import steps
from tests.support import pipeline
from tests.support.functions import call, invoke

NUMBERS = ["+12125551200", "+12125551201", "+12125551202"]
WHEN_SENT = {"isMessageAutoAttachedToTicket": "yes", "timeToAutoAttachToTicket": "whenTheMessageIsSent"}
WHEN_REPLIED = {"isMessageAutoAttachedToTicket": "yes", "timeToAutoCreateNewTicket": "whenContactRepliesTheMessage"}


def sent(record_id: str) -> list[dict[str, Any]]:
    return list(call("outreach/list_messages", "GET", f"/outreach/messages?campaignRecordId={record_id}").body["messages"])


def run_campaign(**changes: Any) -> str:
    record_id = pipeline.send(pipeline.create_campaign(**changes)["id"])
    pipeline.fan_out(record_id)
    return record_id


def test_each_message_of_a_campaign_gets_a_ticket_of_its_own(carrier: str) -> None:
    for number in NUMBERS:
        pipeline.create_contact(number)
    record_id = run_campaign(**WHEN_SENT, preferredTicketToAutoAttach="newTicket")
    pipeline.Pump().run_until(lambda: all(message["attachedToTicketId"] for message in sent(record_id)))
    assert sorted(message["attachedToTicketId"] for message in sent(record_id)) == ["1", "2", "3"]


def test_a_refused_message_gets_no_ticket(carrier: str) -> None:
    pipeline.create_contact("+12125550101")
    record_id = run_campaign(**WHEN_SENT)
    pump = pipeline.Pump()
    pump.run_until(lambda: pipeline.counts(record_id)["failed"] == 1)
    pump.turn()
    assert [message["attachedToTicketId"] for message in sent(record_id)] == [None]


def test_a_reply_over_the_carrier_takes_the_campaigns_message_to_a_ticket(carrier: str) -> None:
    contact_id = pipeline.create_contact(NUMBERS[0])
    record_id = run_campaign(**WHEN_REPLIED, preferredTicketToAutoAttach="newTicket")
    pump = pipeline.Pump()
    pump.run_until(lambda: pipeline.counts(record_id)["delivered"] == 1)
    waiting = call("outreach/list_unattached_messages", "GET", f"/outreach/unattachedMessages?contactId={contact_id}")
    assert [message["id"] for message in waiting.body["messages"]] == [message["id"] for message in sent(record_id)]
    written = {"from": NUMBERS[0], "to": pipeline.ACCOUNT.number, "body": "Thank you"}
    requests.post(f"{carrier}/_simulate/inbound", json=written, timeout=5).raise_for_status()
    pump.run_until(lambda: sent(record_id)[0]["attachedToTicketId"] == "1")
    assert [message.body for message in tickets.messages(pipeline.SITE, 1)] == ["Hello Ada!", "Thank you"]
    waiting = call("outreach/list_unattached_messages", "GET", f"/outreach/unattachedmessages/?contactId={contact_id}")
    assert waiting.body == {"messages": []}


@pytest.fixture
def _site(aws: None) -> None:
    pipeline.put_site()


@pytest.mark.usefixtures("_site")
@pytest.mark.parametrize(("preferred", "expected"), [("existing", ["1", "1"]), ("newTicket", ["1", "2"]), (None, ["1", "1"])])
def test_the_preference_decides_about_the_second_message(preferred: str | None, expected: list[str]) -> None:
    contact_id = pipeline.create_contact(NUMBERS[0])
    ids = [steps.recorded(contact_id, NUMBERS[0], **WHEN_SENT, preferredTicketToAutoAttach=preferred) for _ in range(2)]
    for message_id in ids:
        attaching.attach_sent(Attachment(pipeline.SITE, message_id))
    assert [steps.message(message_id).ticket_id for message_id in ids] == expected


@pytest.mark.usefixtures("_site")
@pytest.mark.parametrize("preferred", ["existing", "newTicket"])
@pytest.mark.parametrize("step", range(1, 7))
def test_a_crash_at_any_write_and_the_repetition_end_in_one_ticket(step: int, preferred: str) -> None:
    contact_id = pipeline.create_contact(NUMBERS[0])
    message_id = steps.recorded(contact_id, NUMBERS[0], **WHEN_SENT, preferredTicketToAutoAttach=preferred)
    with steps.crash_at_write(step):
        attaching.attach_sent(Attachment(pipeline.SITE, message_id))
    for _ in range(2):
        attaching.attach_sent(Attachment(pipeline.SITE, message_id))
    (ticket_id,) = steps.opened_tickets()
    assert steps.message(message_id).ticket_id == str(ticket_id)
    assert [attached.id for attached in tickets.messages(pipeline.SITE, ticket_id)] == [message_id]
    assert tickets.newest_open(pipeline.SITE, [contact_id], pipeline.ACCOUNT.id) == ticket_id


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
@pytest.mark.parametrize("wanted", [True, False])
def test_the_acceptance_is_found_in_whatever_batch_it_comes(statuses: list[str], count: int, wanted: bool) -> None:
    message = steps.message(steps.recorded(pipeline.create_contact(NUMBERS[0]), NUMBERS[0], **WHEN_REPLIED))
    states = [replace(message, status=Status(status), attach_when_sent=wanted) for status in statuses]
    tracking.follow(Change(old, new) for old, new in pairwise(states))
    assert len(steps.waiting(settings().attach_queue_url)) == (count if wanted else 0)


@pytest.mark.usefixtures("_site")
def test_a_message_that_can_not_be_attached_comes_again_and_holds_up_no_other() -> None:
    message_id = steps.recorded(pipeline.create_contact(NUMBERS[0]), NUMBERS[0], **WHEN_SENT)
    bodies = [Attachment(pipeline.SITE, "no-such-message").text(), Attachment(pipeline.SITE, message_id).text()]
    assert invoke("workers/attach_messages", steps.sqs_event(*bodies)) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert steps.message(message_id).ticket_id == "1"
