"""The benchmarks' campaign is delivered, and every stage is counted."""

from __future__ import annotations

import pytest

from benchmarks.campaign import FREEZE, RECEIPTS, RELEASE, STAGES, STREAM, WORKER, Campaign
from benchmarks.environment import new_system
from tests.support import pipeline

CONTACTS = 25


@pytest.fixture(scope="module")
def campaign() -> Campaign:
    with new_system() as system:
        system.add_contacts(CONTACTS)
        campaign = Campaign.start(system)
        campaign.freeze()
        for _ in campaign.release():
            for second in campaign.take_due():
                campaign.deliver(second)
        assert pipeline.counts(campaign.record_id)["delivered"] == CONTACTS
    return campaign


def test_each_contact_gets_one_message(campaign: Campaign) -> None:
    assert campaign.system.carrier.accepted == CONTACTS


def test_every_stage_is_counted(campaign: Campaign) -> None:
    stages = campaign.stages
    assert stages[FREEZE].messages == CONTACTS
    assert stages[RELEASE].usage.calls["dynamodb", "BatchExecuteStatement", "MessagesTable"] == 1
    assert stages[WORKER].messages == CONTACTS
    assert stages[RECEIPTS].invocations == 2 * CONTACTS
    assert stages[STREAM].messages == 3 * CONTACTS
    assert all(stages[name].cpu_seconds > 0 for name in STAGES if stages[name].invocations)


def test_a_message_takes_six_write_units_in_its_table(campaign: Campaign) -> None:
    """One each for the row, its two index entries, the claim, the send and the delivery."""
    units = sum(stage.usage.write_units["MessagesTable"] for stage in campaign.stages.values())
    assert units == 6 * CONTACTS
