"""Pages of the order index as DynamoDB answers them (where they begin: see the unit test), and counters that are mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from outreach import aws, clock, dynamo
from outreach.contacts import blocks, counting, ordering
from outreach.contacts.documents import item_of
from outreach.contacts.models import Contact, new_contact_id
from outreach.settings import settings
from tests.integration.contacts import requests as api
from tests.support import functions

SITE = "10000"
COUNT = 100


@pytest.fixture
def in_order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of contacts in the order of their creation; several share a moment."""
    monkeypatch.setattr(blocks, "SIZE", 1)
    contacts = [
        Contact(new_contact_id(), SITE, "x", f"2022-05-{1 + number // 10:02}T00:00:00.000Z", "", version=1)
        for number in range(COUNT)
    ]
    for contact in contacts:
        item = dynamo.to_item(item_of(contact, settings().contact_shards))
        aws.dynamodb().put_item(TableName=settings().contacts_table, Item=item)
    counting.recount(SITE)
    return [contact.id for contact in sorted(contacts, key=lambda contact: (contact.create_time, contact.id))]


@pytest.fixture
def keys_read() -> Iterator[list[int]]:
    """How many keys each read answers."""
    read: list[int] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        read.append(len(parsed["Items"]))

    events = aws.dynamodb_in_bulk().meta.events
    events.register("after-call.dynamodb.Query", note)
    yield read
    events.unregister("after-call.dynamodb.Query", note)


@pytest.mark.parametrize("descending", [False, True])
def test_every_page_is_the_slice_of_the_whole(in_order: list[str], descending: bool, keys_read: list[int]) -> None:
    whole, shards = in_order[::-1] if descending else in_order, counting.read(SITE)
    assert ordering.ids(SITE, slice(None), shards, descending=descending) == whole
    for start in (COUNT // 3, COUNT // 2, COUNT * 2 // 3):
        assert ordering.ids(SITE, slice(start, start + 4), shards, descending=descending) == whole[start : start + 4]
    keys_read.clear()
    for start in (0, COUNT - 4):
        assert ordering.ids(SITE, slice(start, start + 4), shards, descending=descending) == whole[start : start + 4]
    assert len(keys_read) == 2 * 16, "one read a shard is enough for the first page and for the last"


def test_a_counter_that_lost_a_batch_is_mended_when_nothing_happens(
    deliver_stream: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Tom", "Tim", "Ted"):
        api.created(name)
    with monkeypatch.context() as lost:
        lost.setattr(counting, "take_in", lambda _: None)
        records = deliver_stream()
    counting.take_in([records[0], records[2]])
    assert (counting.recount(SITE), counting.total(SITE)) == (0, 2), "the stream may still tell"
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert functions.invoke("workers/recount_contacts", {}) == {"sites": 2, "mended": 1}
    assert counting.total(SITE) == 3
    counting.take_in([records[0], records[2]])
    assert (counting.recount(SITE), counting.total(SITE)) == (0, 3)
