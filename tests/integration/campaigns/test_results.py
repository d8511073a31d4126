"""What a send shows of its results: times, failures, replies, opt-outs, and the list of a site's sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from outreach import dynamo
from outreach.campaigns import campaign_records, engagement, ledger, record_completion, record_counts, results
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.engagement import EngagementCounts
from outreach.consent.keywords import Keyword
from outreach.messages.models import Kind, Message
from outreach.settings import settings
from tests.support import carriers, pipeline, ticket_steps
from tests.support.functions import call
from tests.support.pipeline import ACCOUNT, SITE, Pump

REFUSED, UNDELIVERED, DELIVERED = "+12125550101", "+12125550103", "+12125551201"
RECORD, NEWER_RECORD = "d3f5b968-ad51-42af-b759-64c0afc40b84", "e3f5b968-ad51-42af-b759-64c0afc40b84"
CAMPAIGN = "c3f5b968-ad51-42af-b759-64c0afc40b84"


def completed(*numbers: str) -> dict[str, Any]:
    """A send to some numbers, after its last receipt."""
    for number in numbers:
        pipeline.create_contact(number)
    record_id = pipeline.send(str(pipeline.create_campaign()["id"]))
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: not any(pipeline.counts(record_id)[status] for status in ("queued", "sending", "sent")))
    return pipeline.record(record_id)


def records(query: str = "") -> list[dict[str, Any]]:
    answer = call("outreach/list_site_records", "GET", f"/outreach/campaignRecords?{query}")
    assert answer.status == 200, answer.body
    return list(answer.body["records"])


def test_failures_are_counted_by_code_the_most_frequent_first(carrier: str) -> None:
    record = completed(REFUSED, UNDELIVERED, "+12125560103", DELIVERED)
    assert record["failures"] == [
        {"code": "30005", "reason": "the number is unknown or no longer in service", "count": 2},
        {"code": "21211", "reason": "not a valid number", "count": 1},
    ]
    assert (record["counts"]["failed"], record["counts"]["undelivered"]) == (1, 2)
    of_campaign = call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{record['campaign']['id']}/records").body
    assert records() == of_campaign["records"] == [record]


def test_a_completed_send_never_shows_what_a_cheap_read_has_missed(carrier: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record, reads = completed(DELIVERED), list[bool]()

    def lagging(*ids: str, consistent: bool = True) -> Iterator[ledger.LedgerPage]:
        reads.append(consistent)
        return read_pages(*ids) if consistent else iter(())

    read_pages = ledger.read_pages
    monkeypatch.setattr(ledger, "read_pages", lagging)
    assert pipeline.record(record["id"])["counts"] == record["counts"]
    assert reads == [False, True]


def test_a_repeated_stream_counts_no_failure_twice(carrier: str) -> None:
    record = completed(UNDELIVERED, DELIVERED)
    Pump().process_changes()  # from the beginning of the stream
    assert pipeline.record(record["id"])["failures"] == record["failures"] != []


def test_a_message_that_fails_before_it_is_sent_is_counted(carrier: str) -> None:
    pipeline.create_contact(DELIVERED)
    record_id = pipeline.send(str(pipeline.create_campaign(message="{{ 6 | divided_by: customFields.fax }}")["id"]))
    pipeline.fan_out(record_id)
    (failure,) = pipeline.record(record_id)["failures"]
    assert (failure["code"], failure["count"]) == ("template_error", 1)


def test_a_code_has_the_words_of_the_accounts_carrier(aws: None) -> None:
    carriers.put_accounts()
    for account in (pipeline.ACCOUNT, carriers.TELNYX_ACCOUNT):
        record = CampaignRecord(RECORD, SITE, CAMPAIGN, "2026-03-01T10:00:00.000Z", "Sale", account.id, audience=3)
        dynamo.put(
            settings().campaigns_table,
            {
                "pk": f"SITE#{SITE}#LEDGER#{RECORD}",
                "sk": "000000",
                "version": 1,
                "cells": bytes([6, 6, 6]),
                "failures": {"10002": 2, "4711": 1},
            },
        )
        known, unknown = results.of(record).failures
        words = {"twilio": "a trial account cannot do this", "telnyx": "not a valid number"}[
            account.carrier.value.removesuffix("sms")
        ]
        assert (known.code, known.reason, unknown.reason) == ("10002", words, "see the carrier's list of error codes")


def test_at_most_twenty_codes_are_shown(aws: None) -> None:
    record = CampaignRecord(RECORD, SITE, CAMPAIGN, "2026-03-01T10:00:00.000Z", "Sale", "none", audience=30)
    page = {"pk": f"SITE#{SITE}#LEDGER#{RECORD}", "sk": "000000", "version": 1, "cells": bytes([6] * 30)}
    dynamo.put(settings().campaigns_table, page | {"failures": {f"{number}": 1 for number in range(30)}})
    assert len(results.of(record).failures) == 20


def test_a_send_has_the_times_of_its_start_and_its_end(carrier: str) -> None:
    record = completed(DELIVERED)
    assert record["sentTime"] <= record["startedTime"] < record["endedTime"]


def test_a_send_that_has_not_started_has_no_times_and_no_results(carrier: str) -> None:
    record = pipeline.record(pipeline.send(str(pipeline.create_campaign()["id"])))
    assert (record["startedTime"], record["endedTime"], record["counts"]["audience"]) == (None, None, None)
    assert (record["replies"], record["optOuts"], record["failures"]) == (0, 0, [])


def test_a_cancelled_send_has_ended(carrier: str) -> None:
    pipeline.create_contact(DELIVERED)
    campaign_id = str(pipeline.create_campaign()["id"])
    pipeline.send(campaign_id)
    answer = call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:cancel")
    assert answer.body["endedTime"] is not None


def test_an_empty_audience_completes_at_once(carrier: str) -> None:
    record_id = pipeline.send(str(pipeline.create_campaign()["id"]))
    pipeline.fan_out(record_id)
    record = pipeline.record(record_id)
    assert (record["status"], record["counts"]["audience"], record["statusReason"]) == ("completed", 0, None)
    assert (record["source"], record["endedTime"] is None) == ("manual", False)


def test_replies_and_opt_outs_are_counted_for_the_send_that_they_answer(carrier: str) -> None:
    record = completed(DELIVERED, "+12125551202")
    ticket_steps.reply(DELIVERED, "SM1", body="Thanks")
    ticket_steps.reply(DELIVERED, "SM1", body="Thanks")  # the carrier repeats its webhook
    ticket_steps.reply(DELIVERED, "SM2", body="And when?")
    ticket_steps.reply("+12125551202", "SM3", body="STOP")
    ticket_steps.reply("+12125551202", "SM4", body="stop")
    ticket_steps.reply("+12125551202", "SM5", body="START")
    ticket_steps.reply("+12125559999", "SM6", body="Who is this?")
    after = pipeline.record(record["id"])
    assert (after["replies"], after["optOuts"]) == (2, 1)
    assert [(entry["replies"], entry["optOuts"]) for entry in records()] == [(2, 1)]


def reply(reply_id: str, keyword: Keyword | None = None, sender: str = DELIVERED) -> Message:
    return Message(reply_id, SITE, "", "", sender, "", "", "", record_id=RECORD, kind=Kind.INBOUND, keyword=keyword)


def test_a_reply_that_is_counted_again_after_a_lost_response_counts_once(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    transact = dynamo.transact

    def lose_response(actions: Any) -> None:
        transact(actions)
        raise ConnectionError

    monkeypatch.setattr(dynamo, "transact", lose_response)
    with pytest.raises(ConnectionError):
        engagement.count_reply(reply("a"))
    monkeypatch.setattr(dynamo, "transact", transact)
    for answer in (reply("a"), reply("b"), reply("c", Keyword.OUT), reply("d", Keyword.OUT), reply("e", Keyword.HELP)):
        engagement.count_reply(answer)
    assert engagement.counts_of(SITE, [RECORD]) == {RECORD: EngagementCounts(replies=2, opt_outs=1)}


def test_responses_store_no_phone_number(aws: None) -> None:
    engagement.count_reply(reply("a"))
    engagement.count_reply(reply("b", Keyword.OUT))
    items = dynamo.scan(settings().campaigns_table, "begins_with(pk, :pk)", {":pk": f"SITE#{SITE}#RESPONSES#"})
    assert DELIVERED.removeprefix("+") not in str(list(items))


@pytest.fixture
def two_records(aws: None) -> None:
    pipeline.put_site()
    snapshot = {**pipeline.create_campaign(), "scheduledStartTime": None}
    newer = "2026-03-02T10:00:00.000Z"
    campaign_records.create(CampaignRecord(RECORD, SITE, CAMPAIGN, "2026-03-01T10:00:00.000Z", "Sale", ACCOUNT.id), snapshot)
    campaign_records.create(CampaignRecord(NEWER_RECORD, SITE, RECORD, newer, "Sale", ACCOUNT.id), snapshot)
    campaign_records.create(CampaignRecord(CAMPAIGN, "20000", CAMPAIGN, newer, "Sale", ACCOUNT.id), snapshot)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [NEWER_RECORD, RECORD]),
        ("sortOrder=asc", [RECORD, NEWER_RECORD]),
        (f"campaignId={CAMPAIGN}", [RECORD]),
        ("status=pending&pageSize=1", [NEWER_RECORD]),
        ("status=Pending&pageSize=1&pageIndex=2", [RECORD]),
        ("status=completed", []),
        ("sortBy=replies", [RECORD, NEWER_RECORD]),
        ("sortBy=id&sortOrder=asc", [RECORD, NEWER_RECORD]),
        ("pageSize=0", [NEWER_RECORD, RECORD]),
    ],
)
def test_the_records_of_a_site_are_listed(two_records: None, query: str, expected: list[str]) -> None:
    engagement.count_reply(reply("a"))
    assert [record["id"] for record in records(query)] == expected


def test_a_list_filters_by_the_status_that_a_record_has_now(two_records: None) -> None:
    campaign_records.freeze(campaign_records.get(SITE, RECORD), 0)
    record_completion.try_complete(SITE, RECORD)
    assert [record["id"] for record in records("status=completed")] == [RECORD]
    assert [record["id"] for record in records("status=pending")] == [NEWER_RECORD]


@pytest.mark.parametrize("query", ["status=done", "campaignId=abc", "sortBy=counts", "sort=id"])
def test_a_wrong_filter_is_refused(two_records: None, query: str) -> None:
    assert call("outreach/list_site_records", "GET", f"/outreach/campaignRecords?{query}").status == 400


def test_a_list_reads_the_index_and_only_the_records_of_its_page(two_records: None, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    get_many = campaign_records.get_many
    monkeypatch.setattr(
        campaign_records, "get_many", lambda site_id, ids, **options: read.extend(ids) or get_many(site_id, ids, **options)
    )
    records("pageSize=1")
    assert read == [NEWER_RECORD]


def timeline(record_id: str) -> list[dict[str, Any]]:
    answer = call("outreach/get_record_timeline", "GET", f"/outreach/campaignRecords/{record_id}/timeline")
    assert answer.status == 200, answer.body
    return list(answer.body)


def test_the_timeline_of_a_completed_send_begins_at_its_start_and_ends_with_its_last_counts(carrier: str) -> None:
    record = completed(DELIVERED, UNDELIVERED)
    samples = timeline(record["id"])
    assert samples[0]["time"] == record["startedTime"]
    assert (samples[0]["counts"]["queued"], samples[0]["counts"]["audience"]) == (2, 2)
    assert samples[-1]["counts"] == record["counts"]
    assert [sample["time"] for sample in samples] == sorted(sample["time"] for sample in samples)


def test_a_running_send_has_a_sample_for_every_minute_although_nothing_changes(carrier: str, clock: carriers.Clock) -> None:
    pipeline.create_contact(DELIVERED)
    record_id = pipeline.send(str(pipeline.create_campaign()["id"]))
    pipeline.fan_out(record_id)
    clock.skip(300)
    samples = timeline(record_id)
    assert len(samples) >= 6
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    later = timeline(record_id)
    assert later[: len(samples) - 1] == samples[:-1]
    assert later[-1]["counts"]["queued"] == 0


def test_a_minute_is_sampled_once(aws: None, now: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign_records.create(CampaignRecord(RECORD, SITE, CAMPAIGN, "2026-03-01T10:00:00.000Z", "Sale", ACCOUNT.id), {})
    campaign_records.freeze(campaign_records.get(SITE, RECORD), 5)
    record_counts.sample(SITE, RECORD)
    monkeypatch.delattr(ledger, "read_pages")
    record_counts.sample(SITE, RECORD)


def test_a_pending_send_has_no_timeline(carrier: str) -> None:
    assert timeline(pipeline.send(str(pipeline.create_campaign()["id"]))) == []
