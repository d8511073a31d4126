"""GET /ticketing/tickets and GET /ticketing/tickets/{id}."""

from __future__ import annotations

from typing import Any

import pytest

from outreach.http import oversized
from outreach.settings import settings
from outreach.ticketing import ticket_store
from tests.support import pipeline, ticket_steps
from tests.support.functions import Answer, call

NUMBER, OTHER_NUMBER = "+12125551200", "+12125551201"
NOBODY = "ffffffff-ad51-42af-b759-64c0afc40b84"
FILE = {"type": "image", "url": "https://media.example/1", "contentType": "image/png"}


@pytest.fixture(autouse=True)
def contact(aws: None) -> str:
    """A contact with a ticket that holds a message and its reply."""
    pipeline.put_site()
    contact_id = pipeline.create_contact(NUMBER)
    ticket_steps.record_message(contact_id, NUMBER, sentTime="2026-03-03T09:00:00Z")
    ticket_steps.reply(NUMBER, "SM1", received="2026-03-03T10:00:00.000Z", attachments=(FILE,))
    return contact_id


def get(ticket_id: object, **options: Any) -> Answer:
    return call("ticketing/get_ticket", "GET", f"/ticketing/tickets/{ticket_id}", **options)


def listed(query: str, **options: Any) -> Answer:
    return call("ticketing/list_tickets", "GET", f"/ticketing/tickets?{query}", **options)


def open_second_ticket(contact_id: str) -> None:
    message = ticket_steps.record_message(contact_id, NUMBER, preferredTicketToAutoAttach="newTicket")
    ticket_steps.reply(NUMBER, "SM2")
    assert ticket_steps.message(message).ticket_id == "2"


def test_a_ticket_is_shown_with_its_messages(contact: str) -> None:
    ticket = get(1).body
    first, reply = ticket.pop("messages")
    assert ticket == {
        "id": 1,
        "contactId": contact,
        "channelAccountId": pipeline.ACCOUNT.id,
        "createTime": ticket["createTime"],
    }
    assert (first["sentByType"], first["body"], first["sentById"]) == ("channelAccount", "Hello", pipeline.ACCOUNT.id)
    assert reply == {
        "id": reply["id"],
        "ticketId": 1,
        "parentId": None,
        "sentById": contact,
        "sentByType": "contact",
        "time": "2026-03-03T10:00:00.000Z",
        "type": "text",
        "metadata": {},
        "originalId": "SM1",
        "channelId": "SMS",
        "body": "Hi",
        "ifDisplayInTicketCorrespondences": False,
        "isRead": False,
        "attachments": [FILE],
        "messageDelivery": {},
    }


def test_the_files_of_a_reply_have_the_same_form_in_its_ticket() -> None:
    (reply,) = call("outreach/list_replies", "GET", "/outreach/replies").body["replies"]
    assert get(1).body["messages"][1]["attachments"] == reply["attachments"] == [FILE]


def test_a_posted_message_is_shown_decoded(contact: str) -> None:
    body = {"ticketId": 1, "sentById": contact, "sentByType": "agent", "type": "text", "metadata": {"a": 1}, "channelId": "Email"}
    attached = call(
        "ticketing/attach_ticket_message",
        "POST",
        "/ticketing/ticket/1/messages:attach",
        body | {"body": "data:text/plain;base64,SGVsbG8=", "attachments": [{"type": "file", "url": "https://media.example/1"}]},
    )
    assert attached.status == 200
    newest = get(1).body["messages"][-1]
    assert (newest["body"], newest["metadata"], newest["attachments"]) == (
        "Hello",
        {"a": 1},
        [{"type": "file", "url": "https://media.example/1"}],
    )


def test_the_tickets_of_a_contact_are_listed_newest_first(contact: str) -> None:
    open_second_ticket(contact)
    answer = listed(f"contactId={contact.upper()}")
    assert answer.status == 200
    assert [ticket["id"] for ticket in answer.body["tickets"]] == [2, 1]
    assert answer.body["tickets"] == [get(2).body, get(1).body]
    assert answer.body["total"] == 2


@pytest.mark.parametrize(
    ("query", "ids"), [("sortOrder=asc", [1, 2]), ("sortBy=id", [2, 1]), ("pageSize=1&pageIndex=2", [1]), ("pageSize=0", [2, 1])]
)
def test_the_list_is_sorted_and_paged(contact: str, query: str, ids: list[int]) -> None:
    open_second_ticket(contact)
    assert [ticket["id"] for ticket in listed(f"contactId={contact}&{query}").body["tickets"]] == ids


def test_tickets_at_every_account_are_listed(contact: str) -> None:
    account = ticket_steps.second_account()
    ticket_steps.record_message(contact, NUMBER, channelAccountId=account.id, preferredTicketToAutoAttach="newTicket")
    ticket_steps.reply(NUMBER, "SM2", account=account)
    tickets = listed(f"contactId={contact}").body["tickets"]
    assert [ticket["channelAccountId"] for ticket in tickets] == [account.id, pipeline.ACCOUNT.id]


def test_a_ticket_that_two_accounts_open_at_once_is_listed_once(contact: str) -> None:
    for account_id in (pipeline.ACCOUNT.id, ticket_steps.second_account().id):
        assert ticket_store.open_ticket(pipeline.SITE, contact, account_id, "the same message") == 2
    tickets = listed(f"contactId={contact}").body["tickets"]
    assert [(ticket["id"], ticket["channelAccountId"]) for ticket in tickets] == [
        (2, pipeline.ACCOUNT.id),
        (1, pipeline.ACCOUNT.id),
    ]


def test_the_tickets_of_a_merged_contact_are_listed_under_the_survivor(contact: str) -> None:
    survivor = pipeline.create_contact(OTHER_NUMBER)
    assert listed(f"contactId={survivor}").body["tickets"] == []
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{survivor}:merge", {"contactId": contact})
    for contact_id in (survivor, contact):
        assert [ticket["id"] for ticket in listed(f"contactId={contact_id}").body["tickets"]] == [1]


def test_an_unknown_ticket_is_not_found_and_an_unknown_contact_has_none() -> None:
    assert get(2).status == 404
    assert listed(f"contactId={NOBODY}").body["total"] == 0


def test_an_invalid_request_is_refused() -> None:
    refusals = {"/id": get("one"), "/contactId": listed(""), "/pageSize": listed(f"contactId={NOBODY}&pageSize=x")}
    assert {pointer: answer.status for pointer, answer in refusals.items()} == dict.fromkeys(refusals, 400)
    assert [answer.body["errors"][0]["pointer"] for answer in refusals.values()] == [*refusals]


def test_another_site_has_no_such_ticket(contact: str) -> None:
    assert get(1, site_id="20000").status == 404
    assert listed(f"contactId={contact}", site_id="20000").body["tickets"] == []


def test_an_external_system_has_the_tickets(contact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETING_BASE_URL", "https://tickets.example")
    settings.cache_clear()
    for answer in (get(1), listed(f"contactId={contact}")):
        assert (answer.status, answer.body["code"]) == (404, "not_found")
        assert "external ticketing system" in answer.body["detail"]


def test_a_ticket_that_is_too_large_for_an_answer_is_redirected(contact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oversized, "MAX_BYTES", 100)
    for answer in (get(1), listed(f"contactId={contact}")):
        assert answer.status == 303
        assert answer.headers["Location"]
