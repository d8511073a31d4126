"""GET /outreach/messages: every filter and order, by keys and by rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from outreach.campaigns import campaign_records, ledger
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.ledger import Cell
from outreach.message_api import message_list
from outreach.messages import message_store
from outreach.messages.models import Claim, ClaimState, Kind, Message, campaign_message_id
from outreach.messages.status import MessageStatus
from tests.support import pipeline
from tests.support.functions import call

ADA, BEA = "f9928d68-92e6-4487-a2e8-8234fc9d1f48", "a1128d68-92e6-4487-a2e8-8234fc9d1f48"
CAMPAIGN, RECORD = "d3f5b968-ad51-42af-b759-64c0afc40b84", "e3f5b968-ad51-42af-b759-64c0afc40b84"
SECOND_RECORD, NOWHERE = "e4f5b968-ad51-42af-b759-64c0afc40b84", "ffffffff-ad51-42af-b759-64c0afc40b84"
OTHER_ACCOUNT = "747277e8-06a5-4eec-ba66-1cdd617dc778"


def message(number: int, **changes: Any) -> Message:
    day = f"2022-05-{number:02}T10:00:00.000Z"
    return replace(
        Message(
            id=f"{number:08}-48e9-4d0d-a3bd-fb19ce5c12db",
            site_id=pipeline.SITE,
            contact_id=ADA,
            account_id=pipeline.ACCOUNT.id,
            sender="+15005550006",
            recipient=f"+12125551{number:03}",
            body=f"text {99 - number}",
            slot=day,
            sent_time=day,
            status=MessageStatus.SENT,
            claim=Claim(ClaimState.DONE),
        ),
        **changes,
    )


MESSAGES = [
    message(1),
    message(2, contact_id=BEA),
    message(3, account_id=OTHER_ACCOUNT, ticket_id="7"),
    message(4, record_id=RECORD, contact_id=BEA, ticket_id="7"),
    message(5, record_id=SECOND_RECORD),
    message(6, campaign_id=CAMPAIGN),
    # Its slot is on the 7th, but it was sent on the 8th, before the next message.
    message(7, sent_time="2022-05-08T09:00:00.000Z"),
    message(8),
]


@pytest.fixture(autouse=True)
def _messages(aws: None) -> None:
    pipeline.put_site()
    for record_id in (RECORD, SECOND_RECORD):
        record = CampaignRecord(record_id, pipeline.SITE, CAMPAIGN, "2022-05-04T00:00:00.000Z", "Spring Sale", "account")
        campaign_records.create(record, {})
    message_store.create_many(MESSAGES)
    message_store.create_many(
        [message(20, kind=Kind.OUTBOUND), message(21, kind=Kind.INBOUND, ticket_id="7"), message(22, site_id="20000")]
    )


def page(query: str = "") -> dict[str, Any]:
    answer = call("outreach/list_messages", "GET", f"/outreach/messages?{query}")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def numbers(query: str = "") -> list[int]:
    return [int(entry["id"][:8]) for entry in page(query)["messages"]]


CASES = {
    "": [1, 2, 3, 4, 5, 6, 7, 8],
    "channel=SMS": [1, 2, 3, 4, 5, 6, 7, 8],
    f"contactId={BEA}": [2, 4],
    f"channelAccountId={OTHER_ACCOUNT.upper()}": [3],
    f"campaignId={CAMPAIGN}": [4, 5, 6],
    f"campaignRecordId={RECORD}": [4],
    f"campaignRecordId={NOWHERE}": [],
    f"campaignId={CAMPAIGN}&campaignRecordId={SECOND_RECORD}": [5],
    f"campaignId={NOWHERE}&campaignRecordId={SECOND_RECORD}": [],
    f"campaignId={CAMPAIGN}&contactId={BEA}": [4],
    "attachedToTicketId=7": [3, 4],
    f"attachedToTicketId=7&contactId={BEA}": [4],
    "attachedToTicketId=8": [],
    "sentTime=2022-05-08": [7, 8],
    "sentTime=2022-05-07": [],
    "sentTime=9999-12-31": [],
    "sentTime=2022-05-08..9999-12-31": [7, 8],
    "sentTime=2022-05-01 10:00:00": [1],
    "sentTime=2022-05-01T12:00:00.000%2B02:00": [1],
    "sentTime=2022-05-01T10:00:01Z": [],
    "sentTime=2022-05-02T10:00Z..2022-05-04T10:00Z": [2, 3],
    "sentTime=2022-05-02..2022-05-04": [2, 3, 4],
    "status=sent": [1, 2, 3, 4, 5, 6, 7, 8],
    "status=Delivered": [],
    f"status=sent&contactId={BEA}": [2, 4],
    f"status=sent&campaignId={CAMPAIGN}": [4, 5, 6],
    "status=&sentTime=2022-05-08": [7, 8],
    "keywords=%2B12125551003": [3],
    "keywords=(212) 555-1003": [3],
    "keywords=15005550006": [1, 2, 3, 4, 5, 6, 7, 8],
    "keywords=spring": [4, 5],
    f"keywords=spring&contactId={BEA}": [4],
    "sortOrder=desc": [8, 7, 6, 5, 4, 3, 2, 1],
    "sortBy=message&pageSize=3": [8, 7, 6],
    "sortBy=FROM&sortOrder=desc&pageSize=2": [8, 7],
    "sortBy=attachedToTicketId&sortOrder=desc&pageSize=2": [4, 3],
    "pageSize=3&pageIndex=2": [4, 5, 6],
    "pageSize=0": [1, 2, 3, 4, 5, 6, 7, 8],
}


@pytest.mark.parametrize("exact_limit", [message_list.EXACT_SORT_LIMIT, 0])
def test_filters_and_orders_apply_to_short_and_long_lists(exact_limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_list, "EXACT_SORT_LIMIT", exact_limit)
    assert {query: numbers(query) for query in CASES} == CASES


def test_a_long_list_reads_only_the_rows_of_its_page(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    get_many = message_store.get_many

    def count(site_id: str, ids: Any, **options: Any) -> Any:
        loaded.extend(ids)
        return get_many(site_id, ids, **options)

    monkeypatch.setattr(message_store, "get_many", count)
    monkeypatch.setattr(message_list, "EXACT_SORT_LIMIT", 4)
    assert page("pageSize=2&pageIndex=2")["total"] == len(MESSAGES)
    assert len(loaded) == 2


def test_a_long_list_of_one_status_reads_the_ledger_and_no_rows_of_other_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in ("+12125552000", "+12125552001", "+12125552002"):
        pipeline.create_contact(number)
    campaign = pipeline.create_campaign()
    record = CampaignRecord(NOWHERE, pipeline.SITE, CAMPAIGN, "2022-05-01T00:00:00.000Z", campaign["name"], pipeline.ACCOUNT.id)
    campaign_records.create(record, campaign)
    pipeline.freeze(NOWHERE)
    contacts = pipeline.audience_of(NOWHERE)
    statuses = (MessageStatus.DELIVERED, MessageStatus.FAILED, MessageStatus.DELIVERED)
    rows = [
        message(9 + place, id=campaign_message_id(NOWHERE, contacts[place]), record_id=NOWHERE, place=place, status=status)
        for place, status in enumerate(statuses)
    ]
    message_store.create_many(rows)
    ledger.record_decisions(pipeline.SITE, NOWHERE, 0, 3, {place: Cell.of(row) for place, row in enumerate(rows)})
    loaded: list[str] = []
    get_many = message_store.get_many
    monkeypatch.setattr(message_list, "EXACT_SORT_LIMIT", 0)
    monkeypatch.setattr(
        message_store, "get_many", lambda site_id, ids, **options: loaded.extend(ids) or get_many(site_id, ids, **options)
    )
    answer = page(f"campaignRecordId={NOWHERE}&status=delivered&pageSize=1")
    assert (answer["total"], [entry["id"] for entry in answer["messages"]]) == (2, [rows[0].id])
    assert loaded == [rows[0].id]
    message_store.change(rows[0], replace(rows[0], status=MessageStatus.FAILED, sequence=1))
    assert page(f"campaignRecordId={NOWHERE}&status=delivered&pageSize=1")["messages"] == []


def test_keywords_match_the_names_of_contacts_and_campaigns() -> None:
    contact_id = pipeline.create_contact("+12125552000", "Grace Hopper")
    campaign_id = pipeline.create_campaign(name="Hopper's campaign")["id"]
    message_store.create_many([message(9, contact_id=contact_id), message(10, campaign_id=campaign_id)])
    assert numbers("keywords=hopper") == [9, 10]


def test_messages_of_a_merged_contact_belong_to_its_survivor() -> None:
    survivor, merged = pipeline.create_contact("+12125552000", "Grace"), pipeline.create_contact("+12125552001", "Joan")
    message_store.create_many([message(9, contact_id=survivor), message(10, contact_id=merged)])
    call("contacts/act_on_contact", "POST", f"/contact/contacts/{survivor}:merge", {"contactId": merged})
    assert numbers(f"contactId={survivor}") == [9, 10]
    assert numbers("keywords=grace") == [9, 10]


def test_an_invalid_query_is_refused() -> None:
    queries = [
        "channel=fax",
        "contactId=abc",
        "sortBy=nothing",
        "status=skipped",
        "status=done",
        "sentTime=yesterday",
        "sentTime=2022-05-02..",
    ]
    answers = {query: call("outreach/list_messages", "GET", f"/outreach/messages?{query}") for query in queries}
    assert {query: answer.status for query, answer in answers.items()} == dict.fromkeys(queries, 400)


def test_unattached_messages_wait_for_a_reply_and_have_no_ticket() -> None:
    waits = {"is_auto_attached": True, "attach_time": "whenContactRepliesTheMessage", "contact_id": NOWHERE}
    message_store.create_many(
        [
            message(9, **waits),
            message(10, **waits, status=MessageStatus.DELIVERED),
            message(11, **waits, status=MessageStatus.FAILED),
            message(12, **waits, status=MessageStatus.QUEUED),
            message(13, **waits, ticket_id="1"),
            message(14, **waits | {"attach_time": "whenTheMessageIsSent"}),
            message(15, **waits | {"is_auto_attached": False}),
        ]
    )
    answer = call("outreach/list_unattached_messages", "GET", f"/outreach/unattachedMessages?contactId={NOWHERE}")
    assert [int(entry["id"][:8]) for entry in answer.body["messages"]] == [9, 10]
    assert list(answer.body) == ["messages"]


def test_unattached_messages_require_a_contact() -> None:
    assert call("outreach/list_unattached_messages", "GET", "/outreach/unattachedMessages").status == 400
