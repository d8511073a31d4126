"""Processing of a contact's reply, from the carrier's webhook to the ticket."""

from __future__ import annotations

from typing import Any

import pytest

from outreach import clock
from outreach.campaigns import engagement
from outreach.consent import opt_outs
from outreach.consent.keywords import Keyword
from outreach.contacts import contact_store
from outreach.errors import Conflict
from outreach.inbound import replies, reply_queue
from outreach.inbound.reply_queue import ReplyJob
from outreach.messages import message_store
from outreach.messages.models import Kind
from outreach.settings import settings
from outreach.sites.models import Site
from outreach.ticketing import ticket_store
from outreach.ticketing.models import AuthorType
from tests.support import pipeline, ticket_steps
from tests.support.functions import call, invoke

NUMBER = "+12125551200"


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    pipeline.put_site()


def test_a_webhook_only_queues_its_message() -> None:
    inbound = ticket_steps.inbound(NUMBER, media_urls=("https://media.example/1",), opt_out=Keyword.HELP)
    reply_queue.put(pipeline.ACCOUNT, inbound, clock.now())
    (queued,) = ticket_steps.queued_bodies(settings().inbound_queue_url)
    assert ReplyJob.from_json(queued).inbound.media_urls == ("https://media.example/1",)
    assert ReplyJob.from_json(queued).inbound.opt_out is Keyword.HELP
    assert ticket_steps.contacts_of(NUMBER) == []


def test_a_reply_from_an_unknown_number_creates_a_contact_named_after_it() -> None:
    ticket_steps.reply(NUMBER)
    (contact,) = ticket_steps.contacts_of(NUMBER)
    assert contact.name == NUMBER
    assert contact.identities[0].value == NUMBER


def test_a_reply_from_a_known_number_belongs_to_its_contact() -> None:
    contact_id = pipeline.create_contact(NUMBER)
    ticket_steps.reply(NUMBER)
    assert [contact.id for contact in ticket_steps.contacts_of(NUMBER)] == [contact_id]


@pytest.mark.parametrize(("sender", "stranger"), [("68849", "+168849"), ("212555DUCK", "+12125553825"), ("2125551200", NUMBER)])
def test_a_sender_that_is_not_a_number_is_kept_exactly_and_opts_out_no_other(sender: str, stranger: str) -> None:
    contact_id = pipeline.create_contact(stranger) if stranger != "+168849" else ""
    message = ticket_steps.reply(sender, body="STOP")
    (identity,) = call("contacts/get_contact", "GET", f"/contact/contacts/{message.contact_id}").body["contactIdentities"]
    assert (message.sender, identity["value"]) == (sender, sender)
    assert message.contact_id != contact_id
    assert opt_outs.opted_out_among(pipeline.SITE, [sender, stranger]) == {sender}


def test_an_update_that_repeats_the_identities_of_a_reply_changes_none() -> None:
    message = ticket_steps.reply("212555DUCK")
    path = f"/contact/contacts/{message.contact_id}"
    contact = call("contacts/get_contact", "GET", path).body
    answer = call("contacts/update_contact", "PUT", path, {"name": "Duck", "contactIdentities": contact["contactIdentities"]})
    assert (answer.status, answer.body["contactIdentities"]) == (200, contact["contactIdentities"])


def test_a_reply_is_stored_in_composed_characters() -> None:
    assert ticket_steps.reply(NUMBER, body=" Zoe\u0308 ").body == " Zo\u00eb "


def test_concurrent_replies_from_a_new_number_create_one_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    lookups: list[str] = []
    find = contact_store.find_by_number

    def find_too_early(site_id: str, number: str) -> Any:
        """Let the first lookup of the second reply happen before the first reply's contact exists."""
        lookups.append(number)
        return None if len(lookups) == 1 else find(site_id, number)

    ticket_steps.reply(NUMBER, "SM1")
    monkeypatch.setattr(contact_store, "find_by_number", find_too_early)
    ticket_steps.reply(NUMBER, "SM2")
    assert len(lookups) == 2
    assert len(ticket_steps.contacts_of(NUMBER)) == 1


def test_a_number_has_a_contact_in_each_site() -> None:
    other = "20000"
    pipeline.put_site(Site(other), ticket_steps.account_of(other))
    ticket_steps.reply(NUMBER)
    ticket_steps.reply(NUMBER, account=ticket_steps.account_of(other))
    assert len(ticket_steps.contacts_of(NUMBER)) == len(ticket_steps.contacts_of(NUMBER, other)) == 1
    assert ticket_steps.contacts_of(NUMBER)[0].id != ticket_steps.contacts_of(NUMBER, other)[0].id


def test_a_reply_delivered_twice_is_stored_once() -> None:
    first, second = ticket_steps.reply(NUMBER, "SM1"), ticket_steps.reply(NUMBER, "SM1")
    assert first == second
    assert (first.kind, first.body, first.sender) == (Kind.INBOUND, "Hi", NUMBER)


def test_a_reply_is_not_listed_as_an_outreach_message() -> None:
    reply = ticket_steps.reply(NUMBER)
    listed = call("outreach/list_messages", "GET", f"/outreach/messages?contactId={reply.contact_id}").body
    assert (listed["messages"], listed["total"]) == ([], 0)
    assert call("outreach/get_message", "GET", f"/outreach/messages/{reply.id}").status == 404


def test_a_reply_without_a_preceding_message_gets_no_ticket() -> None:
    assert ticket_steps.reply(NUMBER).ticket_id is None


@pytest.mark.parametrize("preferred", ["newTicket", "existing"])
def test_a_reply_attaches_the_waiting_message_to_a_ticket(preferred: str) -> None:
    sent = ticket_steps.record_message(pipeline.create_contact(NUMBER), NUMBER, preferredTicketToAutoAttach=preferred)
    reply = ticket_steps.reply(NUMBER)
    assert reply.ticket_id == ticket_steps.message(sent).ticket_id == "1"
    assert {message.sent_by_type for message in ticket_store.messages(pipeline.SITE, 1)} == {
        AuthorType.CONTACT,
        AuthorType.CHANNEL_ACCOUNT,
    }


def test_the_files_of_a_reply_are_shown_in_its_ticket() -> None:
    ticket_steps.record_message(pipeline.create_contact(NUMBER), NUMBER)
    file = {"type": "image", "url": "https://media.example/1", "contentType": "image/png", "size": 7}
    ticket_steps.reply(NUMBER, media_urls=(file["url"],), attachments=(file,))
    assert [message.attachments for message in ticket_store.messages(pipeline.SITE, 1) if message.attachments] == [[file]]


def test_all_waiting_messages_are_attached_to_one_ticket() -> None:
    contact_id = pipeline.create_contact(NUMBER)
    sent = [
        ticket_steps.record_message(contact_id, NUMBER, preferredTicketToAutoAttach=preferred)
        for preferred in ("newTicket", "existing") * 2
    ]
    ticket_steps.reply(NUMBER)
    assert {ticket_steps.message(message_id).ticket_id for message_id in sent} == {"1"}


def test_a_later_reply_is_attached_to_the_same_ticket() -> None:
    ticket_steps.record_message(pipeline.create_contact(NUMBER), NUMBER)
    assert ticket_steps.reply(NUMBER, "SM1").ticket_id == ticket_steps.reply(NUMBER, "SM2").ticket_id == "1"


def test_a_new_ticket_is_opened_on_request_despite_an_open_one() -> None:
    contact_id = pipeline.create_contact(NUMBER)
    ticket_steps.record_message(contact_id, NUMBER)
    ticket_steps.reply(NUMBER, "SM1")
    later = [
        ticket_steps.record_message(contact_id, NUMBER, preferredTicketToAutoAttach=preferred)
        for preferred in ("newTicket", "existing")
    ]
    assert ticket_steps.reply(NUMBER, "SM2").ticket_id == "2"
    assert [ticket_steps.message(message_id).ticket_id for message_id in later] == ["2", "2"]


def test_a_reply_goes_to_the_open_ticket_of_its_contact_at_every_account() -> None:
    ticket_steps.record_message(pipeline.create_contact(NUMBER), NUMBER)
    ticket_steps.reply(NUMBER, "SM1")
    assert ticket_steps.reply(NUMBER, "SM2", account=ticket_steps.second_account()).ticket_id == "1"


def test_a_reply_at_another_account_attaches_no_waiting_message() -> None:
    waiting = ticket_steps.record_message(pipeline.create_contact(NUMBER), NUMBER)
    assert ticket_steps.reply(NUMBER, account=ticket_steps.second_account()).ticket_id is None
    assert ticket_steps.message(waiting).ticket_id is None


def test_a_waiting_message_of_a_merged_contact_is_attached() -> None:
    survivor, merged = pipeline.create_contact("+12125551201"), pipeline.create_contact(NUMBER)
    waiting = ticket_steps.record_message(merged, NUMBER)
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{survivor}:merge", {"contactId": merged})
    assert ticket_steps.reply(NUMBER).ticket_id == ticket_steps.message(waiting).ticket_id == "1"


@pytest.mark.parametrize("step", range(1, 12))
def test_a_retry_after_a_crash_at_any_write_leaves_one_ticket(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    contact_id = pipeline.create_contact(NUMBER)
    sent = [ticket_steps.record_message(contact_id, NUMBER, preferredTicketToAutoAttach="newTicket") for _ in range(2)]
    with ticket_steps.crash_at_write(step):
        ticket_steps.reply(NUMBER, "SM1")
    reply = ticket_steps.reply(NUMBER, "SM1")
    assert [str(ticket_id) for ticket_id in ticket_steps.opened_tickets()] == [reply.ticket_id]
    assert reply.ticket_id
    assert {ticket_steps.message(message_id).ticket_id for message_id in sent} == {reply.ticket_id}
    assert len(ticket_store.messages(pipeline.SITE, int(reply.ticket_id))) == 3
    assert ticket_store.newest_open(pipeline.SITE, [contact_id]) == int(reply.ticket_id)


@pytest.mark.parametrize(
    ("body", "signal", "is_out"),
    [("Stop", None, True), ("please don't stop", None, False), ("Adiós", Keyword.OUT, True), ("stop", Keyword.HELP, False)],
)
def test_an_opt_out_is_a_keyword_or_a_signal_of_the_carrier(body: str, signal: Keyword | None, is_out: bool) -> None:
    ticket_steps.reply(NUMBER, body=body, opt_out=signal)
    assert opt_outs.opted_out_among(pipeline.SITE, [NUMBER]) == ({NUMBER} if is_out else set())


def test_start_opts_in_again() -> None:
    ticket_steps.reply(NUMBER, "SM1", body="STOP")
    ticket_steps.reply(NUMBER, "SM2", body="START")
    assert opt_outs.opted_out_among(pipeline.SITE, [NUMBER]) == set()


def test_a_start_that_is_processed_after_a_later_stop_changes_nothing() -> None:
    ticket_steps.reply(NUMBER, "SM2", body="STOP", received="2026-03-03T09:31:00.000Z")
    ticket_steps.reply(NUMBER, "SM1", body="START", received="2026-03-03T09:30:00.000Z")
    assert opt_outs.opted_out_among(pipeline.SITE, [NUMBER]) == {NUMBER}


def test_a_repeated_start_does_not_undo_a_later_stop() -> None:
    for number, (message_id, body) in enumerate([("SM1", "START"), ("SM2", "STOP"), ("SM1", "START")]):
        ticket_steps.reply(NUMBER, message_id, body=body, received=f"2026-03-03T09:3{number}:00.000Z")
    assert opt_outs.opted_out_among(pipeline.SITE, [NUMBER]) == {NUMBER}


def test_a_repeated_stop_does_not_undo_a_later_start() -> None:
    for number, (message_id, body) in enumerate([("SM1", "STOP"), ("SM2", "START"), ("SM1", "STOP")]):
        ticket_steps.reply(NUMBER, message_id, body=body, received=f"2026-03-03T09:3{number}:00.000Z")
    assert opt_outs.opted_out_among(pipeline.SITE, [NUMBER]) == set()


def test_the_carriers_own_time_decides_about_the_order_of_keywords() -> None:
    """The webhook of the START arrives last, although the START was sent first."""
    ticket_steps.reply(NUMBER, "SM2", body="STOP", occurred="2026-03-03T09:30:01.000Z", received="2026-03-03T09:31:00.000Z")
    ticket_steps.reply(NUMBER, "SM1", body="START", occurred="2026-03-03T09:30:00.000Z", received="2026-03-03T09:32:00.000Z")
    assert opt_outs.opted_out_among(pipeline.SITE, [NUMBER]) == {NUMBER}


def test_a_repeated_reply_answers_no_message_that_was_sent_after_it() -> None:
    contact_id = pipeline.create_contact(NUMBER)
    ticket_steps.reply(NUMBER, "SM1", received="2026-03-03T09:30:00.000Z")
    later = ticket_steps.record_message(contact_id, NUMBER)
    assert ticket_steps.reply(NUMBER, "SM1").ticket_id is None
    assert ticket_steps.message(later).ticket_id is None


@pytest.mark.parametrize("sender", ["", "  "])
def test_a_reply_without_a_sender_changes_nothing(sender: str) -> None:
    event = ticket_steps.sqs_event(ticket_steps.as_reply(ticket_steps.inbound(sender, body="STOP")).to_json())
    assert invoke("workers/process_reply", event) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert ticket_steps.contacts_of(sender) == []


def test_an_opt_out_does_not_depend_on_later_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise Conflict

    monkeypatch.setattr(replies, "_get_or_create_contact", refuse)
    event = ticket_steps.sqs_event(ticket_steps.as_reply(ticket_steps.inbound(NUMBER, body="STOP")).to_json())
    assert invoke("workers/process_reply", event) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert opt_outs.opted_out_among(pipeline.SITE, [NUMBER]) == {NUMBER}


def test_a_ticket_does_not_wait_for_the_count_of_a_busy_record(monkeypatch: pytest.MonkeyPatch) -> None:
    contact_id = pipeline.create_contact(NUMBER)
    message_id = ticket_steps.record_message(contact_id, NUMBER)

    def fail(_reply: object) -> None:
        raise RuntimeError("other replies keep changing the counts")

    monkeypatch.setattr(engagement, "count_reply", fail)
    with pytest.raises(RuntimeError):
        replies.handle_reply(ticket_steps.as_reply(ticket_steps.inbound(NUMBER)))
    assert message_store.get(pipeline.SITE, message_id).ticket_id is not None
