"""Whatever list is asked for as a whole: what Lambda cannot give lies behind a 303 (contract, Lists)."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest

from outreach import aws, bounds
from outreach.campaigns import records
from outreach.campaigns.records import Record
from outreach.http import large
from outreach.settings import settings
from tests.support import pipeline
from tests.support.functions import call
from tests.support.template import ROOT

RECORD = "e3f5b968-ad51-42af-b759-64c0afc40b84"
LISTS = {
    "contacts/list_contacts": "GET /contact/contacts",
    "contacts/query_contacts": "POST /contact/contacts:query",
    "outreach/list_campaigns": "GET /outreach/campaigns",
    "outreach/list_campaign_records": "GET /outreach/campaigns/{campaign}/records",
    "outreach/list_messages": "GET /outreach/messages",
    "outreach/list_skipped_contacts": f"GET /outreach/campaignRecords/{RECORD}/skipped",
}
BOUNDED = {"outreach/list_callback_attempts"}


def test_these_are_all_the_lists() -> None:
    files = (ROOT / "functions").glob("*/*/app.py")
    paged = {f"{path.parts[-3]}/{path.parts[-2]}" for path in files if "paging.page(" in path.read_text()}
    assert paged == {*LISTS, *BOUNDED}


@pytest.mark.parametrize("path", LISTS)
def test_an_answer_that_lambda_cannot_give_lies_behind_a_303(campaign: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    method, url = LISTS[path].format(campaign=campaign).split()
    whole = call(path, method, f"{url}?pageSize=0", {} if method == "POST" else None)
    assert whole.status == 200
    monkeypatch.setattr(large, "MAX_BYTES", 10)
    answer = call(path, method, f"{url}?pageSize=0", {} if method == "POST" else None)
    assert (answer.status, answer.body) == (303, "")
    key = urlsplit(answer.headers["Location"]).path.partition("/answers/")[2]
    stored = aws.s3().get_object(Bucket=settings().audience_bucket, Key=f"answers/{key}")
    assert json.load(stored["Body"]) == whole.body


def test_more_than_a_function_has_memory_for_is_refused_by_name(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.create_contact(None)
    monkeypatch.setattr(bounds, "MAX_ENTRIES", 0)
    answer = call("contacts/list_contacts", "GET", "/contact/contacts?pageSize=0&keywords=ada")
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "pageSize")


@pytest.fixture
def campaign(aws: None) -> str:
    """A site with a campaign and a record of it; the campaign's id."""
    pipeline.put_site()
    campaign = pipeline.create_campaign()
    records.create(Record(RECORD, pipeline.SITE, campaign["id"], "2022-05-04T00:00:00.000Z", campaign))
    return str(campaign["id"])
