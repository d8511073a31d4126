"""``:test`` sends a campaign's text, rendered for one contact, to one number."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from outreach.campaigns.release import rendering
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.http import polling
from outreach.message_api import campaign_test_message
from outreach.messages import failed_reasons, message_store
from outreach.messages.status import SkipReason
from outreach.sending import send_queue
from outreach.sites import site_store
from outreach.sites.models import FrequencyCap
from tests.support import pipeline
from tests.support.functions import Answer, call
from tests.support.pipeline import ACCOUNT, SITE, Pump

# The number of a colleague, who is no contact.
COLLEAGUE = "+12125551299"

pytestmark = pytest.mark.usefixtures("carrier")


@pytest.fixture
def ada() -> str:
    return pipeline.create_contact("+12125551200", name="Ada")


@pytest.fixture
def campaign(ada: str) -> str:
    return str(pipeline.create_campaign(message="Hello {{ name }}!")["id"])


def send(campaign_id: str, body: Any = None, **options: Any) -> Answer:
    body = {"to": COLLEAGUE} if body is None else body
    return call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:test", body, **options)


def pointers(answer: Answer) -> tuple[int, list[str]]:
    return answer.status, [error["pointer"] for error in answer.body["errors"]]


def test_the_number_gets_the_text_as_the_first_contact_of_the_audience_would(carrier: str, campaign: str, ada: str) -> None:
    answer = send(campaign, {"to": "(212) 555-1299"})
    assert answer.status == 200
    expected = {"message": "Hello Ada!", "to": COLLEAGUE, "from": ACCOUNT.number, "status": "queued", "contactId": ada}
    assert answer.body.items() >= expected.items()
    url = f"/outreach/messages/{answer.body['id']}"
    assert call("outreach/get_message", "GET", url).body["isTest"]
    Pump().run_until(lambda: call("outreach/get_message", "GET", url).body["status"] == "delivered")
    assert pipeline.accepted(carrier) == [COLLEAGUE]


def test_a_text_that_names_a_deleted_field_is_not_sent(ada: str, carrier: str) -> None:
    field = call("contacts/create_field", "POST", "/contact/fields", {"name": "plan", "type": "text"}).body["id"]
    campaign = str(pipeline.create_campaign(message="Your plan: {{ plan }}")["id"])
    assert call("contacts/delete_field", "DELETE", f"/contact/fields/{field}").status == 204
    answer = send(campaign)
    assert (answer.status, answer.body["code"], "plan" in answer.body["detail"]) == (409, "missing_field", True)
    assert pipeline.accepted(carrier) == []


def test_faults_of_the_number_and_of_the_contact_are_reported_together(campaign: str) -> None:
    assert pointers(send(campaign, {"TO": "5", "contactID": campaign})) == (400, ["/TO", "/contactID"])


def test_a_test_belongs_to_no_record(campaign: str) -> None:
    body = send(campaign).body
    assert (body["campaignId"], body["campaignRecordId"], body["campaignSentTime"]) == (None, None, None)
    assert call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign}/records").body["total"] == 0


def test_the_text_is_rendered_for_the_contact_that_is_named(campaign: str) -> None:
    """Without a number of its own, and outside the audience: only its fields matter."""
    grace = pipeline.create_contact(None, name="Grace")
    condition = {"fieldName": "name", "operator": "Is", "value": "Ada", "order": 1}
    call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign}", {"contactFilterConditions": [condition]})
    assert send(campaign).body["message"] == "Hello Ada!"
    assert send(campaign, {"to": COLLEAGUE, "contactId": grace.upper()}).body["message"] == "Hello Grace!"


def test_a_merged_contact_stands_for_the_one_it_was_merged_into(campaign: str, ada: str) -> None:
    other = pipeline.create_contact("+12125551201", name="Grace")
    merged = call("contacts/act_on_contact", "POST", f"/contact/contacts/{ada}:merge", {"contactId": other})
    assert merged.status == 204
    assert send(campaign, {"to": COLLEAGUE, "contactId": other}).body["message"] == "Hello Ada!"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/to"),
        ({"to": ""}, "/to"),
        ({"to": None}, "/to"),
        ({"to": "12"}, "/to"),
        ({"to": "Ada"}, "/to"),
        ({"to": "0151"}, "/to"),
        ({"to": COLLEAGUE, "contactId": "12"}, "/contactId"),
        ({"to": COLLEAGUE, "contactId": str(uuid.uuid4())}, "/contactId"),
    ],
)
def test_what_cannot_be_used_is_refused_with_a_pointer(carrier: str, campaign: str, body: Any, pointer: str) -> None:
    assert pointers(send(campaign, body)) == (400, [pointer])
    assert pipeline.accepted(carrier) == []


def test_an_empty_audience_needs_a_contact() -> None:
    campaign = pipeline.create_campaign()["id"]
    answer = send(campaign)
    assert pointers(answer) == (400, ["/contactId"])
    assert "no contact matches" in answer.body["errors"][0]["message"]


def test_a_test_does_not_wait_for_the_search_of_a_large_audience(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign_test_message, "WAIT_SECONDS", -polling.WAIT_SECONDS)
    assert pointers(send(campaign)) == (400, ["/contactId"])


def test_a_number_that_has_opted_out_gets_nothing(carrier: str, campaign: str) -> None:
    opt_outs.add(SITE, COLLEAGUE, Source.KEYWORD)
    answer = send(campaign)
    assert (answer.status, answer.body["status"], answer.body["failedReason"]) == (200, "failed", "opted_out")
    Pump().poll()
    assert pipeline.accepted(carrier) == []


def test_a_text_that_cannot_be_rendered_fails_as_in_a_send(campaign: str) -> None:
    contact = pipeline.create_contact(None, name="Grace", fax="0")
    message = {"message": "{{ 6 | divided_by: customFields.fax }}"}
    call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign}", message)
    answer = send(campaign, {"to": COLLEAGUE, "contactId": contact})
    assert (answer.status, answer.body["status"]) == (200, "failed")
    assert answer.body["failedReason"] == failed_reasons.TEMPLATE_ERROR


def test_a_text_that_a_send_would_skip_is_refused(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "render_to", lambda *_: SkipReason.NO_RECIPIENT)
    answer = send(campaign)
    assert pointers(answer) == (400, ["/contactId"])
    assert SkipReason.NO_RECIPIENT in answer.body["errors"][0]["message"]


def test_the_sites_quota_applies(campaign: str) -> None:
    pipeline.put_site(replace(site_store.get_site(SITE), daily_segments=1))
    assert [send(campaign).status for _ in range(2)] == [200, 429]


def test_the_campaigns_budget_applies(carrier: str, campaign: str) -> None:
    long = {"message": "✓" * 100, "maxSegments": 1}
    call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign}", long)
    answer = send(campaign)
    assert (answer.status, answer.body["code"]) == (409, "budget_exceeded")


def test_a_test_does_not_use_up_the_contacts_frequency_cap(campaign: str, ada: str) -> None:
    pipeline.put_site(replace(site_store.get_site(SITE), frequency_cap=FrequencyCap(messages=1, days=7)))
    assert send(campaign).body["contactId"] == ada
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    assert pipeline.counts(record_id)["skipped"] == 0


def test_a_repeated_request_sends_one_message(carrier: str, campaign: str) -> None:
    first, again = (send(campaign, headers={"Idempotency-Key": "test-1"}) for _ in range(2))
    assert (first.body, again.status) == (again.body, 200)
    assert send(campaign, {"to": "+12125551298"}, headers={"Idempotency-Key": "test-1"}).status == 422
    Pump().run_until(lambda: pipeline.accepted(carrier) == [COLLEAGUE])


def test_a_lost_queue_message_does_not_fail_the_request(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send_queue, "enqueue", lambda *_: 1 // 0)
    answer = send(campaign)
    assert (answer.status, message_store.get(SITE, answer.body["id"]).status) == (200, "queued")
