"""Reversing a merge (docs/api.md, "Contacts")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from outreach import clock
from outreach.contacts import identity_uniqueness, merge_journal
from outreach.contacts.models import IdentityType
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import SITE
from tests.integration.contacts.contact_requests import email, sms
from tests.integration.contacts.test_many_identities import create_stale_reservation
from tests.support.crash_points import Crash, dying_at

Pair = tuple[dict[str, Any], dict[str, Any]]


@pytest.fixture
def pair() -> Pair:
    """Two contacts, the second of which is merged into the first."""
    tom = contact_requests.new_contact("Tom", email("tom@b.co"), customFields={"company": "C"})
    tim = contact_requests.new_contact(
        "Tim", email("tim@b.co"), sms("+12125550123"), customFields={"company": "D", "city": "Oslo"}
    )
    assert contact_requests.merge(tom["id"], tim["id"]).status == 204
    return tom, tim


def timeless(contact_id: str) -> dict[str, Any]:
    return {**contact_requests.get(contact_id).body, "lastUpdatedTime": ""}


def test_an_unmerge_separates_the_contacts_again(pair: Pair, deliver_stream: Callable[[], Any]) -> None:
    tom, tim = pair
    assert contact_requests.unmerge(tom["id"], tim["id"]).status == 204
    assert [timeless(contact["id"]) for contact in pair] == [contact | {"lastUpdatedTime": ""} for contact in pair]
    assert contact_requests.identify("tim@b.co").body[0]["contactId"] == tim["id"]
    deliver_stream()
    assert [contact["id"] for contact in contact_requests.list_contacts().body["contacts"]] == [tom["id"], tim["id"]]
    assert contact_requests.unmerge(tom["id"], tim["id"]).body["code"] == "not_merged"


def test_what_changed_since_stays_where_it_is(pair: Pair) -> None:
    tom, tim = pair
    merged = contact_requests.get(tom["id"]).body["contactIdentities"]
    changed = [{**merged[1], "value": "new@b.co"}, merged[0], email("added@b.co")]
    contact_requests.put(tom["id"], {"name": "Thomas", "contactIdentities": changed, "customFields": {"city": "Rome"}})
    assert contact_requests.unmerge(tom["id"], tim["id"]).status == 204
    after = contact_requests.get(tom["id"]).body
    assert (after["name"], after["customFields"]) == ("Thomas", {"city": "Rome"})
    assert sorted(identity["value"] for identity in after["contactIdentities"]) == ["added@b.co", "new@b.co", "tom@b.co"]
    assert timeless(tim["id"]) == tim | {"lastUpdatedTime": ""}
    for value, owner in (("new@b.co", tom), ("tim@b.co", tim), ("+12125550123", tim)):
        assert [identity["contactId"] for identity in contact_requests.identify(value).body] == [owner["id"]]


def test_a_removed_identity_that_a_third_contact_has_stays_there(pair: Pair) -> None:
    tom, tim = pair
    contact_requests.put(tom["id"], {"contactIdentities": tom["contactIdentities"]})
    ted = contact_requests.new_contact("Ted", email("tim@b.co"))
    assert contact_requests.unmerge(tom["id"], tim["id"]).status == 204
    assert contact_requests.identify("tim@b.co").body[0]["contactId"] == ted["id"]
    assert contact_requests.get(tim["id"]).body["mergeToContactId"].startswith("0000")


def test_a_contact_that_an_unmerge_left_without_identities_can_be_written_back(pair: Pair) -> None:
    tom, tim = pair
    merged = contact_requests.get(tom["id"]).body["contactIdentities"]
    contact_requests.put(tom["id"], {"contactIdentities": merged[1:]})
    assert contact_requests.unmerge(tom["id"], tim["id"]).status == 204
    left = contact_requests.get(tom["id"]).body
    assert left["contactIdentities"] == []
    assert contact_requests.put(tom["id"], left).status == 200


def test_an_identity_whose_reservation_has_expired_returns(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    tom, tim = pair
    contact_requests.put(tom["id"], {"contactIdentities": tom["contactIdentities"]})
    create_stale_reservation(IdentityType.EMAIL, "tim@b.co")
    monkeypatch.setattr(identity_uniqueness, "is_reserved", lambda _: False)
    assert contact_requests.unmerge(tom["id"], tim["id"]).status == 204
    assert contact_requests.identify("tim@b.co").body[0]["contactId"] == tim["id"]


def test_merges_of_merges_are_reversed_one_after_the_other(pair: Pair) -> None:
    tom, tim = pair
    ted = contact_requests.new_contact("Ted", email("ted@b.co"))
    contact_requests.merge(ted["id"], tom["id"])
    assert contact_requests.unmerge(tom["id"], tim["id"]).status == 409
    assert contact_requests.unmerge(ted["id"], tim["id"]).status == 409
    assert contact_requests.unmerge(ted["id"], tom["id"]).status == 204
    assert contact_requests.identify("tim@b.co").body[0]["contactId"] == tom["id"]
    assert contact_requests.unmerge(tom["id"], tim["id"]).status == 204
    assert timeless(tim["id"]) == tim | {"lastUpdatedTime": ""}


def test_what_cannot_be_unmerged_is_refused(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    tom, tim = pair
    ted = contact_requests.new_contact("Ted", email("ted@b.co"))
    assert contact_requests.unmerge(tom["id"], ted["id"]).status == 409
    assert contact_requests.unmerge(tom["id"], "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db").status == 404
    assert contact_requests.pointers(contact_requests.unmerge(tom["id"], tom["id"])) == ["/contactId"]
    assert contact_requests.pointers(contact_requests.unmerge(tom["id"], None)) == ["/contactId"]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=30, minutes=1))
    assert contact_requests.unmerge(tom["id"], tim["id"]).status == 409


def test_deleting_the_survivor_deletes_the_journal(pair: Pair) -> None:
    tom, tim = pair
    assert merge_journal.find(SITE, tim["id"])
    contact_requests.delete(tom["id"])
    assert merge_journal.find(SITE, tim["id"]) is None


@pytest.mark.parametrize("step", range(1, 6))
def test_an_unmerge_that_crashes_leaves_nothing_or_everything(pair: Pair, step: int) -> None:
    tom, tim = pair
    try:
        with dying_at(step):
            contact_requests.unmerge(tom["id"], tim["id"])
    except Crash:
        assert contact_requests.unmerge(tom["id"], tim["id"]).status in (204, 409)
    assert [timeless(contact["id"]) for contact in pair] == [contact | {"lastUpdatedTime": ""} for contact in pair]
