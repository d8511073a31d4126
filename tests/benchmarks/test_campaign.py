"""A campaign through the benchmarks' AWS: it must arrive, and every stage must be counted."""

from __future__ import annotations

import pytest

from benchmarks.campaign import FREEZE, RECEIPTS, RELEASE, STAGES, STREAM, WORKER, Campaign
from benchmarks.world import world
from tests.support import pipeline

CONTACTS = 25


@pytest.fixture(scope="module")
def sent() -> Campaign:
    with world() as built:
        built.add_contacts(CONTACTS)
        campaign = Campaign.start(built)
        campaign.freeze()
        for _ in campaign.release():
            for second in campaign.due():
                campaign.deliver(second)
        assert pipeline.counts(campaign.record_id)["delivered"] == CONTACTS
    return campaign


def test_each_contact_gets_one_message(sent: Campaign) -> None:
    assert sent.world.carrier.accepted == CONTACTS


def test_every_stage_is_counted(sent: Campaign) -> None:
    stages = sent.stages
    assert stages[FREEZE].messages == CONTACTS
    assert stages[RELEASE].usage.calls["dynamodb", "PutItem", "MessagesTable"] == CONTACTS
    assert stages[WORKER].messages == CONTACTS
    assert stages[RECEIPTS].invocations == 2 * CONTACTS
    assert stages[STREAM].messages == 3 * CONTACTS
    assert all(stages[name].cpu_seconds > 0 for name in STAGES if stages[name].invocations)


def test_a_message_is_six_write_units_beside_its_share_of_pages(sent: Campaign) -> None:
    """Created with two index entries, claimed, sent, delivered."""
    written = sum(stage.usage.write_units["MessagesTable"] for stage in sent.stages.values())
    assert written == 6 * CONTACTS
