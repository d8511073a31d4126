"""Whole lists: a response that is too large for Lambda becomes a redirect (docs/api.md, "Lists")."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from outreach import aws
from outreach.campaigns import campaign_records
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.http import limits, oversized
from outreach.settings import settings
from tests.support import pipeline
from tests.support.functions import call
from tests.support.template import ROOT

RECORD = "e3f5b968-ad51-42af-b759-64c0afc40b84"
LISTS = {
    "contacts/list_contacts": "GET /contact/contacts",
    "contacts/query_contacts": "POST /contact/contacts:query",
    "contacts/list_opt_outs": "GET /contact/optOuts",
    "contacts/list_import_records": "GET /contact/contactImportRecords",
    "outreach/list_campaigns": "GET /outreach/campaigns",
    "outreach/list_campaign_records": "GET /outreach/campaigns/{campaign}/records",
    "outreach/list_site_records": "GET /outreach/campaignRecords",
    "outreach/list_messages": "GET /outreach/messages",
    "outreach/list_replies": "GET /outreach/replies",
    "ticketing/list_tickets": f"GET /ticketing/tickets?contactId={RECORD}",
    "outreach/list_skipped_contacts": f"GET /outreach/campaignRecords/{RECORD}/skipped",
}
BOUNDED = {"outreach/list_callback_attempts", "outreach/get_webhooks"}


def test_every_paged_endpoint_is_listed_here() -> None:
    files = (ROOT / "functions").glob("*/*/app.py")
    paged = {f"{path.parts[-3]}/{path.parts[-2]}" for path in files if "paging.page(" in path.read_text()}
    assert paged == {*LISTS, *BOUNDED}


@pytest.mark.parametrize("path", LISTS)
def test_a_response_that_is_too_large_for_lambda_is_303(campaign: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method, url = LISTS[path].format(campaign=campaign).split()
    whole = call(path, method, f"{url}{'&' if '?' in url else '?'}pageSize=0", {} if method == "POST" else None)
    assert whole.status == 200
    monkeypatch.setattr(oversized, "MAX_BYTES", 10)
    answer = call(path, method, f"{url}{'&' if '?' in url else '?'}pageSize=0", {} if method == "POST" else None)
    assert (answer.status, answer.body) == (303, "")
    key = urlsplit(answer.headers["Location"]).path.partition("/answers/")[2]
    stored = aws.s3().get_object(Bucket=settings().audience_bucket, Key=f"answers/{key}")
    assert json.load(stored["Body"]) == whole.body


def test_a_list_that_is_too_large_for_memory_is_400(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.create_contact(None)
    monkeypatch.setattr(limits, "MAX_ENTRIES", 0)
    answer = call("contacts/list_contacts", "GET", "/contact/contacts?pageSize=0&keywords=ada")
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/pageSize")


@pytest.fixture
def campaign(aws: None) -> str:
    """A site with a campaign and a campaign record; the id of the campaign."""
    pipeline.put_site()
    campaign = pipeline.create_campaign()
    record = CampaignRecord(RECORD, pipeline.SITE, campaign["id"], "2022-05-04T00:00:00.000Z", campaign["name"], "account")
    campaign_records.create(record, campaign)
    return str(campaign["id"])
