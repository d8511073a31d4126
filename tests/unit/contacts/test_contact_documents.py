"""Contacts as DynamoDB items."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreach import dynamo
from outreach.contacts.contact_documents import contact_of, item_of, shard_of
from outreach.contacts.models import Contact, IdentityType
from tests.unit.contacts.examples import SITE, contact, identity

FULL = replace(
    contact("Tom", INTEGER=3, CHECKBOX=False, CHECKBOX_LIST=["Red"], FLOAT=2.5),
    identities=(
        identity(IdentityType.EMAIL, "Tom@example.com", 1, name="T", avatar_url="a", info_url="i", screen_name="s"),
        identity(IdentityType.SMS, "2125550123", 2, original_contact_page_url="o", is_deleted=True),
    ),
    merged_ids=("f8383a83-48e9-4d0d-a3bd-fb19ce5d0000",),
)


@pytest.mark.parametrize("original", [FULL, contact(), replace(contact(), merged_to=FULL.id, version=7)])
def test_a_contact_survives_the_conversion_to_an_item_and_back(original: Contact) -> None:
    item = dynamo.from_item(dynamo.to_item(item_of(original, 16)))
    assert contact_of(SITE, item) == original


def test_a_tombstone_is_not_in_the_order_index() -> None:
    assert {"order_pk", "order_sk"} <= dynamo.to_item(item_of(FULL, 16)).keys()
    assert not {"order_pk", "order_sk"} & dynamo.to_item(item_of(replace(FULL, merged_to=FULL.id), 16)).keys()


def test_the_shard_of_a_contact_is_stable() -> None:
    # Contacts would not be found if the function changed.
    ids = [f"f8383a8{digit}-48e9-4d0d-a3bd-fb19ce5c0000" for digit in range(6)]
    assert [shard_of(contact_id, 16) for contact_id in ids] == [8, 12, 0, 4, 9, 13]
