"""Pause, resume and cancel take effect at once, and every message is sent at most once."""

from __future__ import annotations

from typing import Any

import pytest

from outreach import dynamo
from outreach.campaigns import campaign_records, campaign_store, unfinished_work
from outreach.campaigns.campaign_records import CampaignRecord
from outreach.campaigns.release import release_loop
from outreach.campaigns.release.release_step import ReleaseProgress
from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.contacts import contact_service
from outreach.errors import NO_SUCH_PATH
from outreach.messages import message_store
from outreach.messages.models import campaign_message_id
from tests.support import pipeline
from tests.support.functions import Answer, call, invoke
from tests.support.pipeline import SITE, Pump

NUMBERS = [f"+1212555{number}" for number in range(1200, 1208)]


def act(campaign_id: str, verb: str, body: Any = None) -> Answer:
    return call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:{verb}", body)


@pytest.fixture
def campaign(carrier: str) -> str:
    for number in NUMBERS:
        pipeline.create_contact(number)
    return str(pipeline.create_campaign()["id"])


def test_a_paused_send_sends_nothing_and_a_resumed_send_sends_everything_once(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    assert act(campaign, "pause").body["status"] == "paused"
    for _ in range(5):
        Pump().poll()
    assert pipeline.accepted(carrier) == []
    assert act(campaign, "resume").body["status"] == "running"
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS
    assert pipeline.record(record_id)["status"] == "completed"


def test_contacts_that_were_deleted_or_opted_out_during_a_pause_get_no_message(carrier: str, campaign: str) -> None:
    deleted = pipeline.create_contact("+12125551300")
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    act(campaign, "pause")
    for _ in range(5):
        Pump().poll()
    contact_service.delete(SITE, deleted)
    opt_outs.add(SITE, NUMBERS[0], Source.API)
    act(campaign, "resume")
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert pipeline.accepted(carrier) == NUMBERS[1:]
    assert pipeline.counts(record_id)["skippedReasons"] == {"no_recipient": 1, "opted_out": 1}


def test_contacts_whose_number_changed_during_a_pause_get_their_message_at_the_new_one(carrier: str, campaign: str) -> None:
    changed, new_number = pipeline.create_contact("+12125551300"), "+12125551301"
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    act(campaign, "pause")
    for _ in range(5):
        Pump().poll()
    renumbered = {"contactIdentities": [{"type": "SMS", "value": new_number}]}
    call("contacts/update_contact", "PUT", f"/contact/contacts/{changed}", renumbered)
    opt_outs.add(SITE, "+12125551300", Source.KEYWORD)
    act(campaign, "resume")
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert pipeline.accepted(carrier) == [*NUMBERS, new_number]
    assert message_store.get(SITE, campaign_message_id(record_id, changed)).recipient == new_number


def test_a_send_paused_before_its_release_resumes_there(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    act(campaign, "pause")
    pipeline.fan_out(record_id)
    assert pipeline.counts(record_id)["queued"] == len(NUMBERS)
    act(campaign, "resume")
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS


def test_cancelling_skips_queued_messages(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    assert act(campaign, "cancel").body["status"] == "cancelled"
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["skipped"] == len(NUMBERS))
    assert pipeline.counts(record_id)["skippedReasons"] == {"cancelled": len(NUMBERS)}
    assert pipeline.accepted(carrier) == []


def test_cancelling_before_the_release_skips_every_contact(campaign: str) -> None:
    record_id = pipeline.send(campaign)
    assert pipeline.freeze(record_id) == len(NUMBERS)
    act(campaign, "cancel")
    pipeline.fan_out(record_id)
    assert pipeline.counts(record_id)["skippedReasons"] == {"cancelled": len(NUMBERS)}
    assert unfinished_work.read().records == []


def test_a_send_that_is_cancelled_while_its_audience_is_selected_never_starts(campaign: str) -> None:
    record_id = pipeline.send(campaign)
    act(campaign, "cancel")
    frozen = campaign_records.freeze(campaign_records.get(SITE, record_id), len(NUMBERS))
    assert (frozen.status, frozen.audience, frozen.started_time) == ("cancelled", len(NUMBERS), None)
    assert frozen.ended_time


def test_the_sweep_keeps_a_cancellation_until_every_page_is_cancelled(campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.freeze(record_id)
    act(campaign, "cancel")
    invoke("workers/sweep", {})
    assert [record.id for record in unfinished_work.read().records] == [record_id]


def test_a_release_that_is_under_way_does_not_move_the_cursor_of_a_cancellation(campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.freeze(record_id)
    released = campaign_records.get(SITE, record_id)
    act(campaign, "cancel")
    with pytest.raises(dynamo.ConditionFailed):
        campaign_records.move_cursor(released, len(NUMBERS))
    pipeline.fan_out(record_id)
    assert pipeline.counts(record_id)["skippedReasons"] == {"cancelled": len(NUMBERS)}


def test_a_verb_reaches_the_send_that_runs_behind_a_newer_one_that_is_over(campaign: str) -> None:
    running = pipeline.send(campaign)
    pipeline.fan_out(running)
    resend = act(campaign, "send", {"failedOf": running}).body["id"]  # nothing has failed, so it is over at once
    pipeline.fan_out(resend)
    assert pipeline.record(resend)["status"] == "completed"
    assert (act(campaign, "cancel").body["id"], pipeline.record(running)["status"]) == (running, "cancelled")


def test_a_send_can_be_stopped_although_its_campaign_was_deleted(campaign: str) -> None:
    running = pipeline.send(campaign)
    campaign_store.delete(SITE, campaign)
    assert (act(campaign, "cancel").status, pipeline.record(running)["status"]) == (200, "cancelled")


def test_a_send_whose_audience_is_frozen_while_it_is_resumed_runs(campaign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    record_id = pipeline.send(campaign)
    act(campaign, "pause")
    list_records = campaign_records.list_by_campaign

    def list_and_freeze(*arguments: str) -> list[CampaignRecord]:
        records = list_records(*arguments)
        pipeline.freeze(record_id)
        return records

    monkeypatch.setattr(campaign_records, "list_by_campaign", list_and_freeze)
    assert act(campaign, "resume").body["status"] == "running"


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_a_repeated_verb_gets_the_same_response(campaign: str, verb: str) -> None:
    pipeline.send(campaign)
    assert act(campaign, verb).body == act(campaign, verb).body


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_a_verb_without_a_send_is_refused(campaign: str, verb: str) -> None:
    answer = act(campaign, verb)
    assert (answer.status, answer.body["code"]) == (409, "invalid_state")


def test_a_completed_send_cannot_be_cancelled(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert act(campaign, "cancel").status == 409


def test_a_campaign_with_an_unfinished_send_cannot_be_deleted(campaign: str) -> None:
    pipeline.send(campaign)
    answer = call("outreach/delete_campaign", "DELETE", f"/outreach/campaigns/{campaign}")
    assert (answer.status, answer.body["code"]) == (409, "invalid_state")


def test_an_unknown_verb_is_not_found(campaign: str) -> None:
    answer = act(campaign, "explode")
    assert (answer.status, answer.body["detail"]) == (404, NO_SUCH_PATH)


def test_a_contact_that_opts_out_after_the_release_gets_no_message(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    opt_outs.add(SITE, NUMBERS[0], Source.OPERATOR)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS) - 1)
    assert pipeline.counts(record_id)["skippedReasons"] == {"opted_out": 1}
    assert pipeline.accepted(carrier) == NUMBERS[1:]


def test_resuming_gives_queued_messages_new_slots(campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    act(campaign, "pause")
    act(campaign, "resume")
    while release_loop.step(SITE, record_id).progress is ReleaseProgress.MORE:
        pass
    contacts = pipeline.audience_of(record_id)
    rows = message_store.get_many(SITE, [campaign_message_id(record_id, contact) for contact in contacts])
    assert all(row.claim.until > 0 for row in rows.values())


def test_all_sends_of_a_campaign_are_listed(campaign: str) -> None:
    sent = {pipeline.send(campaign) for _ in range(2)}
    listed = call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign}/records?pageSize=5").body
    assert ({record["id"] for record in listed["records"]}, listed["total"]) == (sent, 2)
