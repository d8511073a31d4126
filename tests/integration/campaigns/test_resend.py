"""``:send`` with ``failedOf`` goes only to the contacts that an earlier send did not reach."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from outreach.campaigns import audience, ledger
from outreach.campaigns.ledger import Cell
from outreach.messages import message_store
from outreach.messages.models import campaign_message_id
from outreach.messages.status import MessageStatus
from outreach.sites import site_store
from outreach.sites.models import FrequencyCap
from tests.support import pipeline
from tests.support.functions import Answer, call
from tests.support.pipeline import ACCOUNT, SITE, Pump

NUMBERS = [f"+1212555120{last}" for last in range(4)]
OTHER_SITE = "20000"

pytestmark = pytest.mark.usefixtures("carrier")


def act(campaign_id: str, verb: str, body: Any = None, *, site_id: str = SITE) -> Answer:
    return call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:{verb}", body, site_id=site_id)


def contact(contact_id: str, method: str = "DELETE", **body: Any) -> None:
    function, url = ("delete_contact", "") if method == "DELETE" else ("act_on_contact", ":merge")
    assert call(f"contacts/{function}", method, f"/contact/contacts/{contact_id}{url}", body or None).status == 204


@pytest.fixture
def sent() -> tuple[str, str, dict[str, str]]:
    """A campaign, and a record in which the second and the third of four messages were not received."""
    contacts = {number: pipeline.create_contact(number, name=number[1:]) for number in NUMBERS}
    campaign_id = str(pipeline.create_campaign()["id"])
    record_id = pipeline.send(campaign_id)
    pipeline.fan_out(record_id)
    for number, status in zip(NUMBERS, ("delivered", "failed", "undelivered", "sent"), strict=True):
        message = message_store.get(SITE, campaign_message_id(record_id, contacts[number]))
        message_store.advance(message, MessageStatus(status))
    pump = Pump()
    pump.process_changes()
    return campaign_id, record_id, contacts


def recipients(record_id: str) -> list[str]:
    ids = [campaign_message_id(record_id, contact_id) for contact_id in pipeline.audience_of(record_id)]
    return sorted(row.recipient for row in message_store.get_many(SITE, ids, consistent=True).values())


def test_a_resend_goes_to_the_failed_and_the_undelivered(carrier: str, sent: tuple[str, str, dict[str, str]]) -> None:
    campaign_id, record_id, _ = sent
    answer = act(campaign_id, "send", {"FailedOf": record_id.upper()})
    assert (answer.status, answer.body["failedOf"], answer.body["id"] != record_id) == (200, record_id, True)
    resent = str(answer.body["id"])
    pipeline.fan_out(resent)
    assert (pipeline.counts(resent)["audience"], recipients(resent)) == (2, NUMBERS[1:3])
    listed = call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign_id}/records").body["records"]
    assert {record["id"]: record["failedOf"] for record in listed} == {record_id: None, resent: record_id}


def test_later_failures_and_contacts_that_were_added_later_are_not_in_a_frozen_resend(
    sent: tuple[str, str, dict[str, str]],
) -> None:
    campaign_id, record_id, _ = sent
    resent = str(act(campaign_id, "send", {"failedOf": record_id}).body["id"])
    pipeline.freeze(resent)
    pipeline.create_contact("+12125551209")
    ledger.apply(SITE, record_id, dict.fromkeys(range(4), Cell.FAILED))
    pipeline.fan_out(resent)
    assert recipients(resent) == NUMBERS[1:3]


def test_a_contact_that_was_deleted_or_merged_since_is_skipped(sent: tuple[str, str, dict[str, str]]) -> None:
    campaign_id, record_id, contacts = sent
    contact(contacts[NUMBERS[1]])
    contact(contacts[NUMBERS[0]], "POST", contactId=contacts[NUMBERS[2]])
    forecast = act(campaign_id, "preview", {"failedOf": record_id}).body
    resent = str(act(campaign_id, "send", {"failedOf": record_id}).body["id"])
    pipeline.fan_out(resent)
    assert (pipeline.counts(resent)["skippedReasons"], recipients(resent)) == ({"no_recipient": 2}, [])
    assert (forecast["audience"], forecast["skippedReasons"]) == (2, {"no_recipient": 2})
    assert pipeline.record(resent)["status"] == "completed"


def test_a_message_that_failed_does_not_count_against_the_frequency_cap(sent: tuple[str, str, dict[str, str]]) -> None:
    campaign_id, record_id, _ = sent
    pipeline.put_site(replace(site_store.get_site(SITE), frequency_cap=FrequencyCap(messages=1, days=7)))
    everybody, resent = (pipeline.send(campaign_id), str(act(campaign_id, "send", {"failedOf": record_id}).body["id"]))
    pipeline.fan_out(resent)
    assert recipients(resent) == NUMBERS[1:3]
    pipeline.fan_out(everybody)
    assert pipeline.counts(everybody)["skippedReasons"] == {"frequency_cap": 4}


def test_a_resend_to_nobody_completes_at_once(sent: tuple[str, str, dict[str, str]]) -> None:
    campaign_id, record_id, _ = sent
    first = str(act(campaign_id, "send", {"failedOf": record_id}).body["id"])
    pipeline.fan_out(first)
    second = str(act(campaign_id, "send", {"failedOf": first}).body["id"])
    pipeline.fan_out(second)
    assert (pipeline.record(second)["status"], pipeline.counts(second)["audience"]) == ("completed", 0)


@pytest.mark.parametrize("verb", ["send", "preview"])
def test_only_a_record_of_the_campaign_can_be_sent_again(sent: tuple[str, str, dict[str, str]], verb: str) -> None:
    campaign_id, record_id, _ = sent
    other = pipeline.create_campaign()["id"]
    site_store.put_site(replace(site_store.get_site(SITE), id=OTHER_SITE))
    account = replace(ACCOUNT, id=str(uuid.uuid4()), site_id=OTHER_SITE)
    site_store.put_account(account)
    body = {"name": "x", "channel": "sms", "channelAccountId": account.id, "message": "Hello"}
    stranger = call("outreach/create_campaign", "POST", "/outreach/campaigns", body, site_id=OTHER_SITE).body["id"]
    for id_, site_id, failed_of in (
        (other, SITE, record_id),
        (stranger, OTHER_SITE, record_id),
        (campaign_id, SITE, str(uuid.uuid4())),
        (campaign_id, SITE, "12"),
        (campaign_id, SITE, campaign_id),
        (campaign_id, SITE, 7),
        (campaign_id, SITE, ""),
        (campaign_id, SITE, " "),
    ):
        answer = act(id_, verb, {"failedOf": failed_of}, site_id=site_id)
        assert (answer.status, [error["pointer"] for error in answer.body["errors"]]) == (400, ["/failedOf"]), failed_of
    records = call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign_id}/records").body
    assert records["total"] == 1


@pytest.mark.parametrize("verb", ["send", "preview"])
@pytest.mark.parametrize("name", ["failedOff", "failedRecord", "onlyFailedOf", "faildOf", "filedOf"])
def test_a_misspelt_record_is_not_a_send_to_everybody(sent: tuple[str, str, dict[str, str]], verb: str, name: str) -> None:
    campaign_id, record_id, _ = sent
    answer = act(campaign_id, verb, {name: record_id})
    (error,) = answer.body["errors"]
    assert (answer.status, error["pointer"]) == (400, f"/{name}")
    assert error["message"] == "is not a property of a send; did you mean failedOf?"


@pytest.mark.parametrize("body", [None, {}, {"failedOf": None}, {"unknown": 1}])
def test_without_a_record_the_send_goes_to_all_that_match(sent: tuple[str, str, dict[str, str]], body: Any) -> None:
    answer = act(sent[0], "send", body)
    assert (answer.status, answer.body["failedOf"]) == (200, None)
    assert pipeline.freeze(answer.body["id"]) == 4


def test_the_failed_contacts_are_found_on_every_page_of_a_ledger(
    sent: tuple[str, str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The audience is read once for each page with a failure, from its first to its last."""
    pages = [
        ledger.LedgerPage("r", number, bytes([Cell.DELIVERED, Cell.FAILED, 0, Cell.UNDELIVERED] * 200)) for number in range(3)
    ]
    pages[1] = replace(pages[1], cells=bytes([Cell.SENT] * 800))
    reads: list[tuple[int, int]] = []

    def contact_ids(_site: str, _record: str, start: int, stop: int) -> list[str]:
        reads.append((start, stop))
        return [str(place) for place in range(start, stop)]

    monkeypatch.setattr(ledger, "read_pages", lambda *_: iter(pages))
    monkeypatch.setattr(audience, "contact_ids", contact_ids)
    found = list(audience.failed_ids(SITE, "r"))
    assert found == [str(place) for place in [*range(800), *range(1600, 2400)] if place % 2]
    assert reads == [(1, 800), (1601, 2400)]
