"""GET /outreach/replies and GET /outreach/replies/{id}."""

from __future__ import annotations

from typing import Any

import pytest

from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.message_api import message_list
from outreach.messages import message_store
from outreach.messages.models import Claim, ClaimState, Message
from outreach.messages.status import MessageStatus
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.support import pipeline, ticket_steps
from tests.support.functions import Answer, call

ADA, BEA = "+12125551200", "+12125551201"
CAMPAIGN, RECORD = "d3f5b968-ad51-42af-b759-64c0afc40b84", "e3f5b968-ad51-42af-b759-64c0afc40b84"
NOWHERE = "ffffffff-ad51-42af-b759-64c0afc40b84"
IMAGE = {"type": "image", "url": "https://media.example/1", "contentType": "image/png", "size": 7}
DAYS = {f"SM{day}": f"2026-03-{day:02}T10:00:00.000Z" for day in range(1, 6)}


@pytest.fixture(autouse=True)
def contacts(aws: None) -> dict[str, str]:
    """Five replies on five days, two of them to a campaign message to Ada; the ids of the contacts by number."""
    pipeline.put_site()
    ids = {number: pipeline.create_contact(number, name) for number, name in ((ADA, "Ada"), (BEA, "Béa"))}
    record = CampaignRecord(RECORD, pipeline.SITE, CAMPAIGN, "2026-03-03T00:00:00.000Z", "Spring Sale", pipeline.ACCOUNT.id)
    campaign_records.create(record, {})
    message_store.create_many([campaign_message(ids[ADA])])
    written = ["Hello", "STOP", "The refund?", "Émile", "Start!"]
    for (carrier_id, received), body, number in zip(DAYS.items(), written, [ADA, BEA, ADA, ADA, BEA], strict=True):
        account = ticket_steps.second_account() if carrier_id == "SM2" else pipeline.ACCOUNT
        files = {"attachments": (IMAGE,)} if carrier_id == "SM3" else {}
        ticket_steps.reply(number, carrier_id, account=account, received=received, body=body, **files)
    return ids


def campaign_message(contact_id: str) -> Message:
    sent = "2026-03-03T01:00:00.000Z"
    return Message(
        id="11183a83-48e9-4d0d-a3bd-fb19ce5c12db",
        site_id=pipeline.SITE,
        contact_id=contact_id,
        account_id=pipeline.ACCOUNT.id,
        sender=pipeline.ACCOUNT.number,
        recipient=ADA,
        body="Hello",
        slot=sent,
        sent_time=sent,
        record_id=RECORD,
        place=0,
        status=MessageStatus.SENT,
        claim=Claim(ClaimState.DONE),
    )


def ask(query: str = "", **options: Any) -> Answer:
    return call("outreach/list_replies", "GET", f"/outreach/replies?{query}", **options)


def days(query: str = "") -> list[int]:
    """The days of the month of the listed replies."""
    answer = ask(query)
    assert answer.status == 200, answer.body
    return [int(entry["receivedTime"][8:10]) for entry in answer.body["replies"]]


CASES = {
    "": [5, 4, 3, 2, 1],
    "sortOrder=asc": [1, 2, 3, 4, 5],
    f"campaignRecordId={RECORD.upper()}": [4, 3],
    f"campaignRecordId={NOWHERE}": [],
    "channelAccountId=747277e8-06a5-4eec-ba66-1cdd617dc778": [2],
    f"channelAccountId={NOWHERE}": [],
    f"contactId={NOWHERE}": [],
    "receivedTime=2026-03-04": [4],
    "receivedTime=2026-03-02..2026-03-03": [3, 2],
    "receivedTime=2026-03-02T10:00Z..2026-03-03T10:00Z": [2],
    "keywords=refund": [3],
    "keywords=émile": [4],
    "keywords=b%C3%A9a": [5, 2],
    "keywords=spring sale": [4, 3],
    "keywords=5551201": [5, 2],
    "sortBy=message": [3, 2, 5, 1, 4],
    "pageSize=2&pageIndex=2": [3, 2],
    "pageSize=2&pageIndex=9": [],
    "pageSize=0": [5, 4, 3, 2, 1],
}


@pytest.mark.parametrize("exact_limit", [message_list.EXACT_SORT_LIMIT, 0])
def test_replies_are_filtered_and_sorted(exact_limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_list, "EXACT_SORT_LIMIT", exact_limit)
    assert {query: days(query) for query in CASES} == CASES


def test_a_page_has_the_total_and_links() -> None:
    page = ask("pageSize=2&pageIndex=2").body
    assert page["total"] == 5
    assert "pageIndex=1" in page["previousPage"]
    assert "pageIndex=3" in page["nextPage"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("receivedTime=soon", "/receivedTime"),
        ("receivedTime=2026-03-04..2026-03-02", "/receivedTime"),
        ("contactId=ada", "/contactId"),
        ("sortBy=attachments", "/sortBy"),
        ("campaignId=" + CAMPAIGN, "/campaignId"),
        ("pageSize=501", "/pageSize"),
    ],
)
def test_an_invalid_query_is_refused(query: str, pointer: str) -> None:
    answer = ask(query)
    assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, [pointer])


def test_a_reply_is_shown_whole(contacts: dict[str, str]) -> None:
    (listed,) = ask("receivedTime=2026-03-03").body["replies"]
    assert listed == {
        "id": listed["id"],
        "receivedTime": "2026-03-03T10:00:00.000Z",
        "contactId": contacts[ADA],
        "channelAccountId": pipeline.ACCOUNT.id,
        "from": ADA,
        "to": pipeline.ACCOUNT.number,
        "message": "The refund?",
        "attachments": [IMAGE],
        "keyword": None,
        "campaignId": CAMPAIGN,
        "campaignRecordId": RECORD,
        "attachedToTicketId": None,
    }
    answer = call("outreach/get_reply", "GET", f"/outreach/replies/{listed['id'].upper()}")
    assert (answer.status, answer.body) == (200, listed)


def test_keywords_are_named() -> None:
    assert [entry["keyword"] for entry in ask("sortOrder=asc").body["replies"]] == [None, "optOut", None, None, "optIn"]


def test_a_file_without_an_address_is_listed_with_what_is_known() -> None:
    file = {"type": "video", "contentType": "video/3gpp"}
    reply = ticket_steps.reply(ADA, "SM9", attachments=(file,))
    assert call("outreach/get_reply", "GET", f"/outreach/replies/{reply.id}").body["attachments"] == [file]


def test_replies_of_a_merged_contact_are_listed_under_the_survivor(contacts: dict[str, str]) -> None:
    assert days(f"contactId={contacts[ADA]}") == [4, 3, 1]
    merged = {"contactId": contacts[BEA]}
    assert call("contacts/act_on_contact", "POST", f"/contact/contacts/{contacts[ADA]}:merge", merged).status == 204
    for contact_id in contacts.values():
        assert days(f"contactId={contact_id}") == [5, 4, 3, 2, 1]
    assert days("keywords=ada") == [5, 4, 3, 2, 1]


def test_a_reply_in_a_ticket_names_it() -> None:
    ticket_steps.record_message(pipeline.create_contact("+12125551202"), "+12125551202")
    reply = ticket_steps.reply("+12125551202", "SM9")
    assert call("outreach/get_reply", "GET", f"/outreach/replies/{reply.id}").body["attachedToTicketId"] == "1"


def test_a_message_is_no_reply_and_a_reply_no_message() -> None:
    listed = ask().body["replies"]
    assert call("outreach/get_reply", "GET", "/outreach/replies/11183a83-48e9-4d0d-a3bd-fb19ce5c12db").status == 404
    assert call("outreach/get_message", "GET", f"/outreach/messages/{listed[0]['id']}").status == 404


def test_another_site_sees_no_replies() -> None:
    site_store.put_site(Site("20000"))
    reply_id = ask().body["replies"][0]["id"]
    assert ask(site_id="20000").body["replies"] == []
    assert call("outreach/get_reply", "GET", f"/outreach/replies/{reply_id}", site_id="20000").status == 404
