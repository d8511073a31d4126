"""What a contact's reply entails, from the carrier's webhook to the ticket."""

from __future__ import annotations

from typing import Any

import pytest

from outreach.contacts import optouts
from outreach.errors import Conflict
from outreach.messages.models import Kind
from outreach.sending.webhooks import OptOut
from outreach.settings import settings
from outreach.sites.models import Site
from outreach.ticketing import conversation, replies
from outreach.ticketing import store as tickets
from outreach.ticketing.models import SenderType
from outreach.ticketing.replies import Reply
from tests.integration.ticketing import steps
from tests.support import pipeline
from tests.support.functions import call, invoke

NUMBER = "+12125551200"


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    pipeline.put_site()


def test_a_webhook_only_queues() -> None:
    replies.receive(pipeline.ACCOUNT, steps.inbound(NUMBER, media_urls=("https://media.example/1",), opt_out=OptOut.HELP))
    (queued,) = steps.waiting(settings().inbound_queue_url)
    assert Reply.parse(queued).inbound.media_urls == ("https://media.example/1",)
    assert Reply.parse(queued).inbound.opt_out is OptOut.HELP
    assert steps.contacts_of(NUMBER) == []


def test_an_unknown_number_becomes_a_contact_named_after_it() -> None:
    steps.reply(NUMBER)
    (contact,) = steps.contacts_of(NUMBER)
    assert contact.name == NUMBER
    assert contact.identities[0].value == NUMBER


def test_a_known_number_is_its_contact() -> None:
    contact_id = pipeline.create_contact(NUMBER)
    steps.reply(NUMBER)
    assert [contact.id for contact in steps.contacts_of(NUMBER)] == [contact_id]


def test_two_texts_of_a_new_number_at_once_make_one_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    find = conversation._holder

    def find_too_early(site_id: str, number: str) -> Any:
        """The first look of the second text happens before the first text's contact exists."""
        looked.append(number)
        return None if len(looked) == 1 else find(site_id, number)

    steps.reply(NUMBER, "SM1")
    monkeypatch.setattr(conversation, "_holder", find_too_early)
    steps.reply(NUMBER, "SM2")
    assert len(looked) == 2
    assert len(steps.contacts_of(NUMBER)) == 1


def test_a_number_in_two_sites_is_two_contacts() -> None:
    other = "20000"
    pipeline.put_site(Site(other), steps.account_of(other))
    steps.reply(NUMBER)
    steps.reply(NUMBER, account=steps.account_of(other))
    assert len(steps.contacts_of(NUMBER)) == len(steps.contacts_of(NUMBER, other)) == 1
    assert steps.contacts_of(NUMBER)[0].id != steps.contacts_of(NUMBER, other)[0].id


def test_a_reply_is_stored_once_however_often_the_carrier_brings_it() -> None:
    first, second = steps.reply(NUMBER, "SM1"), steps.reply(NUMBER, "SM1")
    assert first == second
    assert (first.kind, first.body, first.sender) == (Kind.INBOUND, "Hi", NUMBER)


def test_a_reply_is_no_outreach_message() -> None:
    reply = steps.reply(NUMBER)
    listed = call("outreach/list_messages", "GET", f"/outreach/messages?contactId={reply.contact_id}").body
    assert (listed["messages"], listed["total"]) == ([], 0)
    assert call("outreach/get_message", "GET", f"/outreach/messages/{reply.id}").status == 404


def test_somebody_to_whom_nothing_was_sent_gets_no_ticket() -> None:
    assert steps.reply(NUMBER).ticket_id is None


@pytest.mark.parametrize("preferred", ["newTicket", "existing"])
def test_a_reply_takes_the_waiting_message_to_a_ticket(preferred: str) -> None:
    sent = steps.recorded(pipeline.create_contact(NUMBER), NUMBER, preferredTicketToAutoAttach=preferred)
    reply = steps.reply(NUMBER)
    assert reply.ticket_id == steps.message(sent).ticket_id == "1"
    assert {message.sent_by_type for message in tickets.messages(pipeline.SITE, 1)} == {
        SenderType.CONTACT,
        SenderType.CHANNEL_ACCOUNT,
    }


def test_all_waiting_messages_go_to_one_ticket() -> None:
    contact_id = pipeline.create_contact(NUMBER)
    sent = [
        steps.recorded(contact_id, NUMBER, preferredTicketToAutoAttach=preferred) for preferred in ("newTicket", "existing") * 2
    ]
    steps.reply(NUMBER)
    assert {steps.message(message_id).ticket_id for message_id in sent} == {"1"}


def test_a_later_reply_goes_to_the_same_ticket() -> None:
    steps.recorded(pipeline.create_contact(NUMBER), NUMBER)
    assert steps.reply(NUMBER, "SM1").ticket_id == steps.reply(NUMBER, "SM2").ticket_id == "1"


def test_a_new_ticket_is_opened_though_there_is_an_open_one() -> None:
    contact_id = pipeline.create_contact(NUMBER)
    steps.recorded(contact_id, NUMBER)
    steps.reply(NUMBER, "SM1")
    later = [steps.recorded(contact_id, NUMBER, preferredTicketToAutoAttach=preferred) for preferred in ("newTicket", "existing")]
    assert steps.reply(NUMBER, "SM2").ticket_id == "2"
    assert [steps.message(message_id).ticket_id for message_id in later] == ["2", "2"]


def test_the_open_ticket_of_another_account_is_not_the_one() -> None:
    steps.recorded(pipeline.create_contact(NUMBER), NUMBER)
    steps.reply(NUMBER, "SM1")
    assert steps.reply(NUMBER, "SM2", account=steps.second_account()).ticket_id is None


def test_the_ticket_of_a_merged_contact_is_found() -> None:
    survivor, merged = pipeline.create_contact("+12125551201"), pipeline.create_contact(NUMBER)
    waiting = steps.recorded(merged, NUMBER)
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{survivor}:merge", {"contactId": merged})
    assert steps.reply(NUMBER).ticket_id == steps.message(waiting).ticket_id == "1"


@pytest.mark.parametrize("step", range(1, 12))
def test_a_crash_at_any_write_and_the_repetition_end_in_one_ticket(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    contact_id = pipeline.create_contact(NUMBER)
    sent = [steps.recorded(contact_id, NUMBER, preferredTicketToAutoAttach="newTicket") for _ in range(2)]
    with steps.crash_at_write(step):
        steps.reply(NUMBER, "SM1")
    reply = steps.reply(NUMBER, "SM1")
    assert [str(ticket_id) for ticket_id in steps.opened_tickets()] == [reply.ticket_id]
    assert reply.ticket_id
    assert {steps.message(message_id).ticket_id for message_id in sent} == {reply.ticket_id}
    assert len(tickets.messages(pipeline.SITE, int(reply.ticket_id))) == 3
    assert tickets.newest_open(pipeline.SITE, [contact_id], pipeline.ACCOUNT.id) == int(reply.ticket_id)


@pytest.mark.parametrize(
    ("body", "signal", "is_out"),
    [("Stop", None, True), ("please don't stop", None, False), ("Adiós", OptOut.OUT, True), ("stop", OptOut.HELP, False)],
)
def test_an_opt_out_is_a_keyword_or_what_the_carrier_says(body: str, signal: OptOut | None, is_out: bool) -> None:
    steps.reply(NUMBER, body=body, opt_out=signal)
    assert optouts.opted_out(pipeline.SITE, [NUMBER]) == ({NUMBER} if is_out else set())


def test_start_ends_an_opt_out() -> None:
    steps.reply(NUMBER, "SM1", body="STOP")
    steps.reply(NUMBER, "SM2", body="START")
    assert optouts.opted_out(pipeline.SITE, [NUMBER]) == set()


def test_a_start_that_is_heard_after_a_later_stop_changes_nothing() -> None:
    steps.reply(NUMBER, "SM2", body="STOP", received="2026-03-03T09:31:00.000Z")
    steps.reply(NUMBER, "SM1", body="START", received="2026-03-03T09:30:00.000Z")
    assert optouts.opted_out(pipeline.SITE, [NUMBER]) == {NUMBER}


def test_an_opt_out_does_not_wait_for_the_rest_to_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise Conflict

    monkeypatch.setattr(conversation, "_contact", refuse)
    event = steps.sqs_event(steps.as_reply(steps.inbound(NUMBER, body="STOP")).text())
    assert invoke("workers/receive_reply", event) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert optouts.opted_out(pipeline.SITE, [NUMBER]) == {NUMBER}
