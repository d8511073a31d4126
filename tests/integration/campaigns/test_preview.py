"""A preview forecasts what a send would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from outreach import clock
from outreach.campaigns import ledger
from outreach.campaigns.ledger import Cell
from outreach.campaigns.release import deferred_recipients
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.messages import message_store
from outreach.messages.models import campaign_message_id
from outreach.sending.circuit_breaker import CircuitBreaker
from outreach.sites.models import FrequencyCap, Site
from tests.support import pipeline
from tests.support.functions import Answer, call
from tests.support.pipeline import ACCOUNT, SITE

NIGHT = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)  # 23:00 in New York, noon in Tokyo
MORNING = "2026-03-10T12:00:00.000Z"
DAYTIME = {"timeZone": "Asia/Tokyo"}
SITE_DEFAULTS = Site(SITE, private_callbacks=True)

pytestmark = pytest.mark.usefixtures("carrier")


def ask(campaign_id: str, body: Any = None, **options: Any) -> Answer:
    return call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:preview", body, **options)


def preview(campaign_id: str, body: Any = None) -> dict[str, Any]:
    answer = ask(campaign_id, body)
    assert answer.status == 200, answer.body
    return dict(answer.body)


def warnings(forecast: dict[str, Any]) -> dict[str, int]:
    return {warning["code"]: warning["count"] for warning in forecast["warnings"]}


def test_a_preview_has_the_audience_the_skips_and_the_duration() -> None:
    for last in range(4):
        pipeline.create_contact(f"+1212555120{last}", name=f"Ada {last}")
    pipeline.create_contact(None)
    opt_outs.add(SITE, "+12125551200", Source.OPERATOR)
    campaign_id = pipeline.create_campaign(message="Grüße, {{ name }} ✓")["id"]
    forecast = preview(campaign_id)
    sample = forecast.pop("sample")
    assert forecast == {
        "audience": 5,
        "skipped": 2,
        "skippedReasons": {"no_recipient": 1, "opted_out": 1},
        "segments": 3,
        "estimatedSeconds": 0,
        "deferred": {"count": 0, "firstTime": None},
        "warnings": [],
    }
    assert len(sample) == 3
    assert all(entry["message"].startswith("Grüße, Ada ") and entry["encoding"] == "UCS-2" for entry in sample)


@pytest.fixture
def campaign_to_every_kind_of_contact(monkeypatch: pytest.MonkeyPatch) -> str:
    """A campaign to contacts of every kind, at night in New York; each has its own reason in its name."""
    monkeypatch.setattr(clock, "now", lambda: NIGHT)
    pipeline.put_site(replace(SITE_DEFAULTS, sending_hours="08:00-21:00", frequency_cap=FrequencyCap(messages=1, days=7)))
    pipeline.create_contact("+12125551200", name="capped", **DAYTIME)
    condition = {"fieldName": "name", "operator": "Is", "value": "capped", "order": 1}
    pipeline.fan_out(pipeline.send(pipeline.create_campaign(contactFilterConditions=[condition])["id"]))
    for number in ("+12125551201", "+12125551202"):
        pipeline.create_contact(number, name="reached", fax="2", **DAYTIME)
    pipeline.create_contact("+12125551203", name="cannot be rendered", fax="0", **DAYTIME)
    for number in ("+12125551204", "+12125551205", "+12125551206"):
        pipeline.create_contact(number, name="asleep", fax="2")
    for number, zone in (("+12125551207", DAYTIME), ("+12125551208", {})):
        pipeline.create_contact(number, name="opted out", **zone)
        opt_outs.add(SITE, number, Source.KEYWORD)
    pipeline.create_contact(None, name="no-number")
    pipeline.create_contact("+1212555", name="invalid number")
    return str(pipeline.create_campaign(message="Hello {{ name }} {{ 6 | divided_by: customFields.fax }}")["id"])


def outcomes(record_id: str) -> dict[str, Any]:
    """What a send did, in the words of a preview."""
    audience = pipeline.audience_of(record_id)
    rows = message_store.get_many(SITE, [campaign_message_id(record_id, contact_id) for contact_id in audience])
    waiting = deferred_recipients.first(SITE, record_id)
    cells = Counter(cell for page in ledger.read_pages(SITE, record_id) for cell in page.cells)
    return {
        "audience": len(audience),
        "skippedReasons": pipeline.counts(record_id)["skippedReasons"],
        "failed": cells[Cell.FAILED],
        "segments": sum(row.segments for row in rows.values()),
        "deferred": (len(waiting.places), clock.timestamp(waiting.release_time)) if waiting else (0, None),
    }


def test_a_preview_says_what_the_send_does_for_every_reason(campaign_to_every_kind_of_contact: str) -> None:
    forecast = preview(campaign_to_every_kind_of_contact)
    record_id = pipeline.send(campaign_to_every_kind_of_contact)
    pipeline.fan_out(record_id)
    done = outcomes(record_id)
    assert done["skippedReasons"] == {"frequency_cap": 1, "opted_out": 2, "no_recipient": 1, "invalid_recipient": 1}
    assert (forecast["audience"], forecast["skippedReasons"]) == (done["audience"], done["skippedReasons"])
    assert tuple(forecast["deferred"].values()) == done["deferred"] == (3, MORNING)
    assert forecast["segments"] == done["segments"] + 3, "a deferred message has no row yet"
    assert warnings(forecast) == {"deferred": 3, "template_error": done["failed"]}
    assert {sample["message"] for sample in forecast["sample"]} <= {"Hello reached 3", "Hello asleep 3"}
    assert forecast["estimatedSeconds"] == 9 * 3600, "the last messages are sent in the morning"


def test_a_preview_reserves_nothing(campaign_to_every_kind_of_contact: str) -> None:
    first, again = preview(campaign_to_every_kind_of_contact), preview(campaign_to_every_kind_of_contact)
    assert first == again
    pipeline.fan_out(pipeline.send(campaign_to_every_kind_of_contact))
    assert preview(campaign_to_every_kind_of_contact)["skippedReasons"]["frequency_cap"] == 3, (
        "also the two whom the send has reached"
    )


@pytest.mark.parametrize("scope", ["campaign", "site"])
def test_a_budget_that_is_too_small_is_a_warning_about_whom_the_send_does_not_reach(scope: str) -> None:
    for last in range(6):
        pipeline.create_contact(f"+1212555120{last}")
    campaign_id = pipeline.create_campaign(message="✓" * 100, **({"maxSegments": 9} if scope == "campaign" else {}))["id"]
    if scope == "site":
        pipeline.put_site(replace(SITE_DEFAULTS, daily_segments=9))
    forecast = preview(campaign_id)
    record_id = pipeline.send(campaign_id)
    pipeline.fan_out(record_id)
    reached = sum(row.segments == 2 for row in rows_of(record_id))
    expected = {"campaign": "budget_too_small", "site": "quota_too_small"}[scope]
    assert (reached, warnings(forecast)) == (4, {expected: 2})
    assert "9" in forecast["warnings"][0]["message"]


def rows_of(record_id: str) -> Iterator[Any]:
    ids = [campaign_message_id(record_id, contact_id) for contact_id in pipeline.audience_of(record_id)]
    return iter(message_store.get_many(SITE, ids, consistent=True).values())


def test_what_the_site_has_used_today_counts() -> None:
    for last in range(3):
        pipeline.create_contact(f"+1212555120{last}")
    campaign_id = pipeline.create_campaign()["id"]
    pipeline.put_site(replace(SITE_DEFAULTS, daily_segments=4))
    assert preview(campaign_id)["warnings"] == []
    pipeline.fan_out(pipeline.send(campaign_id))
    assert warnings(preview(campaign_id)) == {"quota_too_small": 2}


def test_a_paused_account_is_a_warning_with_the_carriers_reason() -> None:
    pipeline.create_contact("+12125551200")
    pipeline.create_contact(None)
    campaign_id = pipeline.create_campaign()["id"]
    CircuitBreaker(ACCOUNT).record_failure("out of credit")
    (warning,) = preview(campaign_id)["warnings"]
    assert (warning["code"], warning["count"]) == ("account_paused", 1)
    assert "out of credit" in warning["message"]


@pytest.mark.parametrize(("verb", "scope"), [("send", "outreach:read"), ("test", "outreach:read"), ("preview", "outreach:send")])
def test_a_verb_needs_its_scope(verb: str, scope: str) -> None:
    campaign_id = pipeline.create_campaign()["id"]
    url = f"/outreach/campaigns/{campaign_id}:{verb}"
    assert call("outreach/act_on_campaign", "POST", url, {"to": ""}, scopes=scope).status == 403


@pytest.mark.parametrize(
    ("segment", "status"), [("{}:fly", 404), ("{}", 404), ("abc:send", 400), ("abc:test", 400), ("{}%3Apreview", 200)]
)
def test_an_unknown_verb_is_404_and_a_malformed_id_400(segment: str, status: int) -> None:
    segment = segment.format(pipeline.create_campaign()["id"])
    assert call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{segment}", {"to": "+12125551200"}).status == status


@pytest.mark.parametrize(("replaces", "text", "encoding"), [(False, "“Hello” – Ada", "UCS-2"), (True, '"Hello" - Ada', "GSM-7")])
def test_smart_quotes_are_replaced_if_the_campaign_says_so(replaces: bool, text: str, encoding: str) -> None:
    contact_id = pipeline.create_contact("+12125551200")
    campaign = pipeline.create_campaign(message="“Hello” – {{ name }}", replacesSmartQuotes=replaces)
    (sample,) = preview(campaign["id"])["sample"]
    assert (sample["message"], sample["encoding"]) == (text, encoding)
    record_id = pipeline.send(campaign["id"])
    call("outreach/update_campaign", "PUT", f"/outreach/campaigns/{campaign['id']}", {"replacesSmartQuotes": not replaces})
    pipeline.fan_out(record_id)
    assert message_store.get(SITE, campaign_message_id(record_id, contact_id)).body == text


def test_a_preview_sends_nothing() -> None:
    campaign_id = pipeline.create_campaign()["id"]
    preview(campaign_id)
    assert call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign_id}/records").body["total"] == 0
