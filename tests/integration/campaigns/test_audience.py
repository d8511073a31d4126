"""An audience may be empty, in whole or in some of the parts that are scanned in parallel."""

from __future__ import annotations

from typing import Any

import pytest

from outreach import dynamo
from outreach.contacts.listing.order_index import OrderIndex
from outreach.settings import settings
from tests.support import pipeline
from tests.support.functions import invoke
from tests.support.pipeline import SITE

NOBODY: dict[str, Any] = {"fieldName": "name", "operator": "Is", "value": "Nobody", "order": 1}

pytestmark = pytest.mark.usefixtures("carrier")


@pytest.fixture(params=[0, 1_000_000], ids=["one scan", "parallel scans"])
def scans(request: pytest.FixtureRequest, carrier: str) -> int:
    """The number of scans of a site with three contacts, whose counter says how many there are in the other shards."""
    counter = {"pk": f"SITE#{SITE}#COUNTS", "sk": "00", "blocks": OrderIndex(counts=[request.param]).to_json()}
    dynamo.put(settings().contacts_table, counter)
    for number in range(3):
        pipeline.create_contact(f"+1212555120{number}")
    return 16 if request.param else 1


def plan(record_id: str) -> list[list[int]]:
    return list(invoke("workers/plan_audience_scans", {"site_id": SITE, "record_id": record_id})["scans"])


def test_a_send_to_nobody_completes_at_once(scans: int) -> None:
    record_id = pipeline.send(pipeline.create_campaign(contactFilterConditions=[NOBODY])["id"])
    assert len(plan(record_id)) == scans
    pipeline.fan_out(record_id, max_steps=1)
    record = pipeline.record(record_id)
    assert (record["status"], record["counts"]["audience"], record["counts"]["skipped"]) == ("completed", 0, 0)


def test_parts_without_contacts_do_not_matter(scans: int) -> None:
    record_id = pipeline.send(pipeline.create_campaign()["id"])
    assert len(plan(record_id)) == scans
    pipeline.fan_out(record_id, max_steps=1)
    assert pipeline.counts(record_id)["queued"] == 3
