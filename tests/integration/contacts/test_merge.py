"""Merging contacts (docs/api.md, "Contacts")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outreach.contacts import contact_store
from tests.integration.contacts import contact_requests
from tests.integration.contacts.contact_requests import email
from tests.support.functions import call

UNKNOWN = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def identity_ids(contact: dict[str, Any]) -> list[str]:
    return [identity["id"] for identity in contact["contactIdentities"]]


def test_a_merge_moves_identities_and_fills_empty_fields() -> None:
    tom = contact_requests.new_contact("Tom", customFields={"company": "Comm100"})
    tim = contact_requests.new_contact("Tim", firstName="Tim", customFields={"company": "Other", "city": "Vancouver"})
    assert contact_requests.merge(tom["id"], tim["id"]).status == 204
    merged = contact_requests.get(tom["id"]).body
    assert merged["name"] == "Tom"
    assert merged["customFields"] == {"company": "Comm100", "city": "Vancouver", "firstName": "Tim"}
    assert identity_ids(merged) == identity_ids(tom) + identity_ids(tim)
    assert {identity["contactId"] for identity in merged["contactIdentities"]} == {tom["id"]}


def test_the_merged_contact_stays_readable_but_is_not_listed(deliver_stream: Callable[[], Any]) -> None:
    tom, tim = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim")
    contact_requests.merge(tom["id"], tim["id"])
    tombstone = contact_requests.get(tim["id"])
    assert (tombstone.status, tombstone.body["mergeToContactId"], tombstone.body["name"]) == (200, tom["id"], "Tim")
    deliver_stream()
    for answer in (
        contact_requests.list_contacts(),
        contact_requests.list_contacts("sortBy=name"),
        contact_requests.query({"filterConditions": []}),
        contact_requests.query({"keywords": "t"}),
    ):
        assert [contact["id"] for contact in answer.body["contacts"]] == [tom["id"]]
        assert answer.body["total"] == 1


def test_moved_identities_belong_to_the_survivor_after_several_merges() -> None:
    tom, tim, ted = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim"), contact_requests.new_contact("Ted")
    contact_requests.merge(tim["id"], tom["id"])
    contact_requests.merge(ted["id"], tim["id"])
    assert [identity["contactId"] for identity in contact_requests.identify("tom@example.com").body] == [ted["id"]]
    moved = call("contacts/get_contact_identity", "GET", f"/contact/contactIdentities/{identity_ids(tom)[0]}")
    assert (moved.body["contactId"], moved.body["value"]) == (ted["id"], "tom@example.com")
    refused = contact_requests.create("Other", email("tom@example.com"))
    assert refused.status == 409
    assert ted["id"] in refused.body["detail"]
    assert contact_store.get("10000", ted["id"]).merged_ids == (tim["id"], tom["id"])


def test_a_moved_identity_can_be_removed_from_the_survivor() -> None:
    tom, tim = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim")
    contact_requests.merge(tom["id"], tim["id"])
    assert contact_requests.put(tom["id"], {"contactIdentities": tom["contactIdentities"]}).status == 200
    assert contact_requests.create("New", email("tim@example.com")).status == 201


def test_deleting_the_survivor_deletes_its_tombstones() -> None:
    tom, tim = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim")
    contact_requests.merge(tom["id"], tim["id"])
    assert contact_requests.delete(tim["id"]).status == 409
    assert contact_requests.delete(tom["id"]).status == 204
    assert contact_requests.get(tim["id"]).status == 404
    assert contact_requests.create("New", email("tim@example.com")).status == 201


def test_an_impossible_merge_is_refused() -> None:
    tom, tim, ted = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim"), contact_requests.new_contact("Ted")
    assert contact_requests.pointers(contact_requests.merge(tom["id"], tom["id"])) == ["/contactId"]
    assert contact_requests.pointers(contact_requests.merge(tom["id"], None)) == ["/contactId"]
    assert contact_requests.pointers(contact_requests.merge("tom", tim["id"])) == ["/id"]
    assert contact_requests.pointers(contact_requests.unmerge("tom", "tim")) == ["/id", "/contactId"]
    assert contact_requests.merge(tom["id"], UNKNOWN).status == 404
    assert contact_requests.merge(UNKNOWN, tom["id"]).status == 404
    contact_requests.merge(tom["id"], tim["id"])
    assert contact_requests.merge(tom["id"], tim["id"]).status == 409
    assert contact_requests.merge(tim["id"], ted["id"]).status == 409
    assert contact_requests.put(tim["id"], {"name": "x"}).status == 409


@pytest.mark.parametrize(
    ("segment", "status"), [("{id}:merge", 204), ("{id}%3Amerge", 204), ("{id}:split", 404), ("{id}", 404), ("5:merge", 400)]
)
def test_only_known_actions_are_routes(segment: str, status: int) -> None:
    tom, tim = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim")
    url = f"/contact/contacts/{segment.format(id=tom['id'])}"
    assert call("contacts/act_on_contact", "POST", url, {"contactId": tim["id"]}).status == status


@pytest.mark.parametrize("segment", ["{id}:split", "{id}"])
def test_an_unknown_action_returns_404_for_any_body(segment: str) -> None:
    assert call("contacts/act_on_contact", "POST", f"/contact/contacts/{segment.format(id=UNKNOWN)}", {}).status == 404


@pytest.fixture
def before_next_commit(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Run an action between the reads and the write of the next request."""

    def arrange(action: Callable[[], object]) -> None:
        commit = contact_store.commit

        def commit_after_action(*changes: contact_store.ContactChange, **also: Any) -> None:
            monkeypatch.setattr(contact_store, "commit", commit)
            action()
            commit(*changes, **also)

        monkeypatch.setattr(contact_store, "commit", commit_after_action)

    return arrange


@pytest.mark.parametrize("updated", [0, 1])
def test_an_update_during_a_merge_is_in_the_survivor(before_next_commit: Callable[..., None], updated: int) -> None:
    both = [contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim")]
    change = {"contactIdentities": [email("new@example.com")], "customFields": {"city": "Vancouver"}}
    before_next_commit(lambda: contact_requests.put(both[updated]["id"], change))
    assert contact_requests.merge(both[0]["id"], both[1]["id"]).status == 204
    survivor = contact_requests.get(both[0]["id"]).body
    assert survivor["customFields"] == {"city": "Vancouver"}
    assert "new@example.com" in [identity["value"] for identity in survivor["contactIdentities"]]


def test_a_merge_during_an_update_refuses_the_update(before_next_commit: Callable[..., None]) -> None:
    tom, tim = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim")
    before_next_commit(lambda: contact_requests.merge(tom["id"], tim["id"]))
    assert contact_requests.put(tim["id"], {"customFields": {"city": "Vancouver"}}).status == 409
    assert contact_requests.get(tom["id"]).body["customFields"] == {}


def test_a_merge_during_an_update_of_the_survivor_keeps_both(before_next_commit: Callable[..., None]) -> None:
    tom, tim = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim")
    before_next_commit(lambda: contact_requests.merge(tom["id"], tim["id"]))
    assert contact_requests.put(tom["id"], {"customFields": {"city": "Vancouver"}}).status == 200
    survivor = contact_requests.get(tom["id"]).body
    assert survivor["customFields"] == {"city": "Vancouver"}
    assert len(survivor["contactIdentities"]) == 2


def test_a_contact_that_keeps_changing_returns_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    tom = contact_requests.new_contact("Tom")

    def fail(*_: object) -> None:
        raise contact_store.StaleContact

    monkeypatch.setattr(contact_store, "commit", fail)
    assert contact_requests.put(tom["id"], {"name": "x"}).status == 409
