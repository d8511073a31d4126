"""Pause, resume and cancel: nothing is sent twice, nothing is forgotten, and it acts at once."""

from __future__ import annotations

import pytest

from outreach.campaigns import records, release
from outreach.campaigns.release import Progress
from outreach.contacts import optouts
from outreach.messages import store
from outreach.messages.models import campaign_message_id
from tests.support import pipeline
from tests.support.functions import Answer, call
from tests.support.pipeline import SITE, Pump

NUMBERS = [f"+1212555{number}" for number in range(1200, 1208)]


def act(campaign_id: str, verb: str) -> Answer:
    return call("outreach/act_on_campaign", "POST", f"/outreach/campaigns/{campaign_id}:{verb}")


@pytest.fixture
def campaign(carrier: str) -> str:
    for number in NUMBERS:
        pipeline.create_contact(number)
    return str(pipeline.create_campaign()["id"])


def test_a_paused_send_sends_nothing_and_a_resumed_one_everything_once(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    assert act(campaign, "pause").body["status"] == "paused"
    for _ in range(5):
        Pump().turn()
    assert pipeline.accepted(carrier) == []
    assert act(campaign, "resume").body["status"] == "running"
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS
    assert pipeline.record(record_id)["status"] == "completed"


def test_a_send_paused_before_its_release_goes_on_from_there(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    act(campaign, "pause")
    pipeline.fan_out(record_id)
    assert pipeline.counts(record_id)["queued"] == len(NUMBERS)
    act(campaign, "resume")
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS))
    assert pipeline.accepted(carrier) == NUMBERS


def test_cancelling_turns_what_is_queued_into_skips(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    assert act(campaign, "cancel").body["status"] == "cancelled"
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.counts(record_id)["skipped"] == len(NUMBERS))
    assert pipeline.counts(record_id)["skippedReasons"] == {"cancelled": len(NUMBERS)}
    assert pipeline.accepted(carrier) == []


def test_a_send_cancelled_before_its_release_skips_everybody(campaign: str) -> None:
    record_id = pipeline.send(campaign)
    invoked = pipeline.freeze(record_id)
    assert invoked == len(NUMBERS)
    act(campaign, "cancel")
    pipeline.fan_out(record_id)
    assert pipeline.counts(record_id)["skippedReasons"] == {"cancelled": len(NUMBERS)}
    assert (SITE, record_id) not in set(records.unfinished())


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_repeating_a_verb_answers_the_same(campaign: str, verb: str) -> None:
    pipeline.send(campaign)
    assert act(campaign, verb).body == act(campaign, verb).body


@pytest.mark.parametrize("verb", ["pause", "resume", "cancel"])
def test_without_a_send_there_is_nothing_to_act_on(campaign: str, verb: str) -> None:
    answer = act(campaign, verb)
    assert (answer.status, answer.body["code"]) == (409, "invalid_state")


def test_a_completed_send_can_not_be_cancelled(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    Pump().run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert act(campaign, "cancel").status == 409


def test_a_campaign_with_an_unfinished_send_can_not_be_deleted(campaign: str) -> None:
    pipeline.send(campaign)
    answer = call("outreach/delete_campaign", "DELETE", f"/outreach/campaigns/{campaign}")
    assert (answer.status, answer.body["code"]) == (409, "invalid_state")


def test_an_unknown_verb_is_no_route(campaign: str) -> None:
    assert act(campaign, "explode").status == 404


def test_who_opts_out_after_the_release_gets_nothing(carrier: str, campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    optouts.add(SITE, NUMBERS[0], "STOP")
    Pump().run_until(lambda: pipeline.counts(record_id)["delivered"] == len(NUMBERS) - 1)
    assert pipeline.counts(record_id)["skippedReasons"] == {"opted_out": 1}
    assert pipeline.accepted(carrier) == NUMBERS[1:]


def test_resuming_gives_queued_messages_new_slots_that_the_sweep_respects(campaign: str) -> None:
    record_id = pipeline.send(campaign)
    pipeline.fan_out(record_id)
    act(campaign, "pause")
    act(campaign, "resume")
    while release.step(SITE, record_id).progress is Progress.MORE:
        pass
    contacts = pipeline.audience_of(record_id)
    rows = store.get_many(SITE, [campaign_message_id(record_id, contact) for contact in contacts])
    assert all(row.claim.until > 0 for row in rows.values())


def test_the_sends_of_a_campaign_are_listed(campaign: str) -> None:
    sent = {pipeline.send(campaign) for _ in range(2)}
    listed = call("outreach/list_campaign_records", "GET", f"/outreach/campaigns/{campaign}/records?pageSize=5").body
    assert ({record["id"] for record in listed["records"]}, listed["total"]) == (sent, 2)
