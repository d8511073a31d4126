"""A table is deleted in the middle of a send and restored: nobody gets a message twice, and no opt-out is lost."""

from __future__ import annotations

import boto3
import pytest
import requests
from outreach_admin import deleted_tables, restore_drill

from outreach.consent import opt_outs
from outreach.repair import sweep
from outreach.settings import settings
from tests.support import pipeline
from tests.support.pipeline import ACCOUNT, SITE

NUMBERS = [f"+1212555{number}" for number in range(1200, 1212)]


@pytest.mark.parametrize("table", ["callbacks", "campaigns", "contacts", "messages", "requests", "sites", "tickets"])
def test_a_send_goes_on_and_a_stop_counts_after_the_restore(carrier: str, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore_drill, "_POLL_SECONDS", 0)
    for number in NUMBERS:
        pipeline.create_contact(number)
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    pipeline.fan_out(record_id)
    name = getattr(settings(), f"{table}_table")
    boto3.client("dynamodb").create_backup(TableName=name, BackupName="as DynamoDB makes it")
    boto3.client("dynamodb").delete_table(TableName=name)

    stop = {"from": NUMBERS[0], "to": ACCOUNT.number, "body": "STOP"}
    assert requests.post(f"{carrier}/_simulate/inbound", json=stop, timeout=30).status_code == 200
    pump = pipeline.Pump()
    if table in ("callbacks", "requests", "tickets"):  # nothing that is sent depends on them
        pump.run_until(lambda: opt_outs.opted_out_among(SITE, NUMBERS[:1]) != set())
    else:
        pump.poll_queues()
        sweep.repair_all()
        assert pipeline.accepted(carrier) == []

    deleted_tables.restore(table, name, protect=False)
    pump.run_until(lambda: opt_outs.opted_out_among(SITE, NUMBERS[:1]) != set() and pipeline.counts(record_id)["queued"] == 0)
    pump.run_until(lambda: pipeline.record(record_id)["status"] == "completed")
    assert set(pipeline.accepted(carrier)) | {NUMBERS[0]} == set(NUMBERS)
    assert len(pipeline.accepted(carrier)) == len(set(pipeline.accepted(carrier)))
