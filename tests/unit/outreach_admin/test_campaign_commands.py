"""outreach-admin: campaigns that are being sent."""

from __future__ import annotations

from tests.support import pipeline
from tests.unit.outreach_admin.conftest import Run, create_state_machine


def test_campaign_watch_ends_with_the_final_counts(run: Run) -> None:
    pipeline.put_site()
    pipeline.create_contact(None)
    create_state_machine()
    campaign_id = pipeline.create_campaign()["id"]
    record_id = pipeline.send(campaign_id)
    pipeline.fan_out(record_id)
    for name in (campaign_id, record_id):
        watched = run("campaign", "watch", pipeline.SITE, name)
        assert (watched.json["record"], watched.json["status"], watched.json["skipped"]) == (record_id, "completed", 1)
    assert run("campaign", "watch", pipeline.SITE, "unknown").code == 1
