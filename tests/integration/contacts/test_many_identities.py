"""Contacts with more identities than a transaction has actions (100), and stale uniqueness items."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outreach import dynamo
from outreach.contacts import identity_uniqueness
from outreach.contacts.contact_documents import key_of
from outreach.contacts.models import IdentityType
from outreach.settings import settings
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import SITE
from tests.integration.contacts.contact_requests import email, sms
from tests.support import pipeline, ticket_steps

MANY = 120
NUMBER = "+12125551200"
UNKNOWN = "f8383a83-48e9-4d0d-a3bd-fb19ce5c0000"
EMAILS = [email(f"tom{number}@example.com") for number in range(MANY)]


def uniqueness_item(value: str) -> dict[str, Any] | None:
    return dynamo.get(settings().contacts_table, identity_uniqueness.item_key(SITE, (IdentityType.EMAIL, value)))


def create_stale_reservation(type_: IdentityType, value: str) -> None:
    """Leave the reservation of a writer that crashed before it wrote the contact."""
    with identity_uniqueness.reservation(
        SITE,
        identity_uniqueness.IdentityChanges((identity_uniqueness.IdentityChange((type_, value), None, f"{UNKNOWN[:-4]}0001"),)),
    ):
        pass


def test_a_contact_with_many_identities_can_be_created_updated_and_deleted() -> None:
    tom = contact_requests.new_contact("Tom", *EMAILS)
    assert len(contact_requests.get(tom["id"]).body["contactIdentities"]) == MANY
    assert all(contact_requests.create("Tim", EMAILS[number]).status == 409 for number in (0, MANY // 2, MANY - 1))
    assert len(contact_requests.put(tom["id"], {"contactIdentities": EMAILS[:1]}).body["contactIdentities"]) == 1
    assert contact_requests.create("Tim", *EMAILS[1:]).status == 201
    assert contact_requests.delete(tom["id"]).status == 204
    assert contact_requests.create("Tim", EMAILS[0]).status == 201


@pytest.mark.parametrize("taken", [0, MANY // 2, MANY - 1])
def test_a_refused_contact_with_many_identities_leaves_no_uniqueness_items(taken: int) -> None:
    contact_requests.new_contact("Owner", EMAILS[taken])
    assert contact_requests.create("Tom", *EMAILS).status == 409
    rest = [entry for number, entry in enumerate(EMAILS) if number != taken]
    assert [entry["value"] for entry in rest if uniqueness_item(entry["value"])] == []


def test_stale_uniqueness_items_of_a_crash_do_not_block_other_contacts(monkeypatch: pytest.MonkeyPatch) -> None:
    tom = contact_requests.new_contact("Tom", *EMAILS)
    # The crash: the contact is written, but the last uniqueness items are not removed.
    monkeypatch.setattr(identity_uniqueness, "remove", lambda *_: None)
    contact_requests.put(tom["id"], {"contactIdentities": EMAILS[:1]})
    stale = [entry for entry in EMAILS[1:] if uniqueness_item(entry["value"])]
    assert stale
    monkeypatch.setattr(identity_uniqueness, "is_reserved", lambda _: False)  # 15 minutes later
    assert contact_requests.identify(stale[0]["value"]).body == []
    assert contact_requests.create("Tim", stale[0], stale[-1]).status == 201
    assert contact_requests.create("Ted", stale[-1]).status == 409


# The writers of contacts, except the create request.
WRITERS: dict[str, Callable[[], object]] = {
    "update": lambda: contact_requests.put(contact_requests.new_contact("Tim")["id"], {"contactIdentities": [sms(NUMBER)]}),
    "reply": lambda: ticket_steps.reply(NUMBER),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_every_writer_removes_a_stale_reservation(write: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.put_site()
    create_stale_reservation(IdentityType.SMS, NUMBER)
    monkeypatch.setattr(identity_uniqueness, "is_reserved", lambda _: False)
    write()
    assert len(contact_requests.identify(NUMBER).body) == 1


def test_a_reservation_blocks_other_contacts_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    key = (IdentityType.EMAIL, "tom@example.com")
    changes = identity_uniqueness.IdentityChanges((identity_uniqueness.IdentityChange(key, None, f"{UNKNOWN[:-4]}0001"),))
    with identity_uniqueness.reservation(SITE, changes):
        assert contact_requests.create("Tim", email("tom@example.com")).status == 409
        monkeypatch.setattr(identity_uniqueness, "is_reserved", lambda _: False)
        assert contact_requests.create("Tim", email("tom@example.com")).status == 201
    assert len(contact_requests.identify("tom@example.com").body) == 1, (
        "the late writer must not remove the uniqueness item of the new owner"
    )


def test_a_uniqueness_item_is_kept_if_its_contact_changes_at_the_same_time() -> None:
    tom = contact_requests.new_contact("Tom", email("tom@example.com"))
    key = key_of(SITE, tom["id"], settings().contact_shards)
    identity = tom["contactIdentities"][0]["id"]
    identity_uniqueness.remove_stale(SITE, (IdentityType.EMAIL, "tom@example.com"), identity, contact_key=key, contact_version=7)
    assert len(contact_requests.identify("tom@example.com").body) == 1


def test_a_contact_has_at_most_500_identities() -> None:
    assert contact_requests.pointers(contact_requests.create("Tom", *[email(f"t{number}@b.co") for number in range(501)])) == [
        "/contactIdentities"
    ]
