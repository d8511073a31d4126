"""Pages of the order index: right wherever they lie, and cheap at both ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from outreach import aws, dynamo
from outreach.contacts import ordering
from outreach.contacts.documents import item_of
from outreach.contacts.models import Contact, new_contact_id
from outreach.settings import settings

SITE = "10000"
COUNT = 400


@pytest.fixture
def in_order() -> list[str]:
    """The ids of contacts in the order of their creation; several share a moment."""
    contacts = [
        Contact(new_contact_id(), SITE, "x", f"2022-05-{1 + number // 40:02}T00:00:00.000Z", "", version=1)
        for number in range(COUNT)
    ]
    for contact in contacts:
        item = dynamo.to_item(item_of(contact, settings().contact_shards))
        aws.dynamodb().put_item(TableName=settings().contacts_table, Item=item)
    return [contact.id for contact in sorted(contacts, key=lambda contact: (contact.create_time, contact.id))]


@pytest.fixture
def keys_read() -> Iterator[list[int]]:
    """How many keys each read answers."""
    read: list[int] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        read.append(len(parsed["Items"]))

    aws.dynamodb().meta.events.register("after-call.dynamodb.Query", note)
    yield read
    aws.dynamodb().meta.events.unregister("after-call.dynamodb.Query", note)


@pytest.mark.parametrize("descending", [False, True])
def test_every_page_is_the_slice_of_the_whole(in_order: list[str], descending: bool, keys_read: list[int]) -> None:
    whole = in_order[::-1] if descending else in_order
    assert ordering.ids(SITE, slice(None), COUNT, descending=descending) == whole
    for start in (0, 7, 150, 199, 200, 201, 350, 390, 399, 400, 1000):
        assert ordering.ids(SITE, slice(start, start + 10), COUNT, descending=descending) == whole[start : start + 10]
    keys_read.clear()
    for start in (0, COUNT - 10):
        ordering.ids(SITE, slice(start, start + 10), COUNT, descending=descending)
    first, last = sum(keys_read[:16]), sum(keys_read[16:])
    assert len(keys_read) == 32, "one read a shard is enough for the first page and for the last"
    assert max(first, last) < COUNT / 2


def test_a_count_that_lags_hides_no_first_page(in_order: list[str]) -> None:
    assert ordering.ids(SITE, slice(0, 10), 0) == in_order[:10]


@pytest.mark.parametrize("total", [0, COUNT - 1, COUNT + 1])
def test_a_wrong_count_truncates_no_whole_list(in_order: list[str], total: int) -> None:
    assert ordering.ids(SITE, slice(None), total) == in_order
