"""Pages in creation order, read from DynamoDB, and the correction of counters. The unit test covers where reading starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from outreach import aws, clock, dynamo
from outreach.contacts.contact_documents import item_of
from outreach.contacts.listing import contact_counts, creation_order, order_index
from outreach.contacts.models import Contact, new_contact_id
from outreach.settings import settings
from tests.integration.contacts import contact_requests
from tests.support import functions

SITE = "10000"
COUNT = 100


@pytest.fixture
def ids_in_creation_order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of stored contacts in creation order. Some contacts have the same creation time."""
    monkeypatch.setattr(order_index, "BLOCK_SIZE", 1)
    contacts = [
        Contact(new_contact_id(), SITE, "x", f"2022-05-{1 + number // 10:02}T00:00:00.000Z", "", version=1)
        for number in range(COUNT)
    ]
    for contact in contacts:
        item = dynamo.to_item(item_of(contact, settings().contact_shards))
        aws.dynamodb().put_item(TableName=settings().contacts_table, Item=item)
    contact_counts.recount(SITE)
    return [contact.id for contact in sorted(contacts, key=lambda contact: (contact.create_time, contact.id))]


@pytest.fixture
def keys_read() -> Iterator[list[int]]:
    """The number of keys that each read returns."""
    counts: list[int] = []

    def record(parsed: dict[str, Any], **_: Any) -> None:
        counts.append(len(parsed["Items"]))

    events = aws.dynamodb().meta.events
    events.register("after-call.dynamodb.Query", record)
    yield counts
    events.unregister("after-call.dynamodb.Query", record)


@pytest.mark.parametrize("descending", [False, True])
def test_every_page_is_the_matching_slice_of_the_list(
    ids_in_creation_order: list[str], descending: bool, keys_read: list[int]
) -> None:
    whole = ids_in_creation_order[::-1] if descending else ids_in_creation_order
    shards = contact_counts.order_indexes(SITE)
    assert creation_order.ids(SITE, slice(None), shards, descending=descending) == whole
    for start in (COUNT // 3, COUNT // 2, COUNT * 2 // 3):
        assert creation_order.ids(SITE, slice(start, start + 4), shards, descending=descending) == whole[start : start + 4]
    keys_read.clear()
    for start in (0, COUNT - 4):
        assert creation_order.ids(SITE, slice(start, start + 4), shards, descending=descending) == whole[start : start + 4]
    assert len(keys_read) == 2 * 16, "the first and the last page need one read per shard"


@pytest.mark.parametrize(("remaining_ms", "recounted"), [(60_000, {"20000"}), (0, set())], ids=["a fault", "no time"])
def test_a_recount_that_misses_sites_says_so_and_counts_the_others(
    remaining_ms: int, recounted: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()

    def recount(site_id: str) -> int:
        if site_id == SITE:
            raise RuntimeError("the table does not answer")
        seen.add(site_id)
        return 0

    monkeypatch.setattr(contact_counts, "recount", recount)
    handler = functions.load("workers/recount_contacts").lambda_handler
    with pytest.raises(RuntimeError, match=f"of {2 - len(recounted)} of 2 sites were not recounted"):
        handler({}, functions.Context(remaining_ms=remaining_ms))
    assert seen == recounted


def test_a_counter_that_missed_a_batch_is_corrected_when_the_shard_is_idle(
    deliver_stream: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Tom", "Tim", "Ted"):
        contact_requests.new_contact(name)
    with monkeypatch.context() as failing_consumer:
        failing_consumer.setattr(contact_counts, "apply_stream_records", lambda _: None)
        records = deliver_stream()
    contact_counts.apply_stream_records([records[0], records[2]])
    assert (contact_counts.recount(SITE), contact_counts.total_contacts(SITE)) == (0, 2), (
        "the stream may still deliver the change"
    )
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert functions.invoke("workers/recount_contacts", {}) == {"sites": 2, "corrected": 1}
    assert contact_counts.total_contacts(SITE) == 3
    contact_counts.apply_stream_records([records[0], records[2]])
    assert (contact_counts.recount(SITE), contact_counts.total_contacts(SITE)) == (0, 3)
