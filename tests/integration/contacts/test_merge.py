"""Merging contacts (contract, Contacts)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outreach.contacts import store
from tests.integration.contacts import requests as api
from tests.integration.contacts.requests import email
from tests.support.functions import call

UNKNOWN = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def identity_ids(contact: dict[str, Any]) -> list[str]:
    return [identity["id"] for identity in contact["contactIdentities"]]


def test_identities_move_and_custom_fields_fill_only_what_is_empty() -> None:
    tom = api.created("Tom", customFields={"company": "Comm100"})
    tim = api.created("Tim", firstName="Tim", customFields={"company": "Other", "city": "Vancouver"})
    assert api.merge(tom["id"], tim["id"]).status == 204
    merged = api.get(tom["id"]).body
    assert merged["name"] == "Tom"
    assert merged["customFields"] == {"company": "Comm100", "city": "Vancouver", "firstName": "Tim"}
    assert identity_ids(merged) == identity_ids(tom) + identity_ids(tim)
    assert {identity["contactId"] for identity in merged["contactIdentities"]} == {tom["id"]}


def test_the_other_stays_as_a_tombstone(deliver_stream: Callable[[], Any]) -> None:
    tom, tim = api.created("Tom"), api.created("Tim")
    api.merge(tom["id"], tim["id"])
    tombstone = api.get(tim["id"])
    assert (tombstone.status, tombstone.body["mergeToContactId"], tombstone.body["name"]) == (200, tom["id"], "Tim")
    deliver_stream()
    for answer in (api.listed(), api.listed("sortBy=name"), api.query({"filterConditions": []}), api.query({"keywords": "t"})):
        assert [contact["id"] for contact in answer.body["contacts"]] == [tom["id"]]
        assert answer.body["total"] == 1


def test_moved_identities_are_found_at_the_survivor_through_any_number_of_merges() -> None:
    tom, tim, ted = api.created("Tom"), api.created("Tim"), api.created("Ted")
    api.merge(tim["id"], tom["id"])
    api.merge(ted["id"], tim["id"])
    assert [found["contactId"] for found in api.identify("tom@example.com").body] == [ted["id"]]
    moved = call("contacts/get_contact_identity", "GET", f"/contact/contactIdentities/{identity_ids(tom)[0]}")
    assert (moved.body["contactId"], moved.body["value"]) == (ted["id"], "tom@example.com")
    refused = api.create("Other", email("tom@example.com"))
    assert refused.status == 409
    assert ted["id"] in refused.body["detail"]
    assert store.get("10000", ted["id"]).merged_ids == (tim["id"], tom["id"])


def test_the_survivor_can_give_up_a_moved_identity() -> None:
    tom, tim = api.created("Tom"), api.created("Tim")
    api.merge(tom["id"], tim["id"])
    assert api.put(tom["id"], {"contactIdentities": tom["contactIdentities"]}).status == 200
    assert api.create("New", email("tim@example.com")).status == 201


def test_deleting_the_survivor_deletes_its_tombstones() -> None:
    tom, tim = api.created("Tom"), api.created("Tim")
    api.merge(tom["id"], tim["id"])
    assert api.delete(tim["id"]).status == 409
    assert api.delete(tom["id"]).status == 204
    assert api.get(tim["id"]).status == 404
    assert api.create("New", email("tim@example.com")).status == 201


def test_a_merge_that_cannot_be_is_refused() -> None:
    tom, tim, ted = api.created("Tom"), api.created("Tim"), api.created("Ted")
    assert api.pointers(api.merge(tom["id"], tom["id"])) == ["/contactId"]
    assert api.pointers(api.merge(tom["id"], None)) == ["/contactId"]
    assert api.merge(tom["id"], UNKNOWN).status == 404
    assert api.merge(UNKNOWN, tom["id"]).status == 404
    api.merge(tom["id"], tim["id"])
    assert api.merge(tom["id"], tim["id"]).status == 409
    assert api.merge(tim["id"], ted["id"]).status == 409
    assert api.put(tim["id"], {"name": "x"}).status == 409


@pytest.mark.parametrize(
    ("segment", "status"), [("{id}:merge", 204), ("{id}%3Amerge", 204), ("{id}:split", 404), ("{id}", 404), ("5:merge", 400)]
)
def test_only_known_verbs_are_routes(segment: str, status: int) -> None:
    tom, tim = api.created("Tom"), api.created("Tim")
    url = f"/contact/contacts/{segment.format(id=tom['id'])}"
    assert call("contacts/act_on_contact", "POST", url, {"contactId": tim["id"]}).status == status


@pytest.mark.parametrize("segment", ["{id}:split", "{id}"])
def test_an_unknown_verb_is_no_route_whatever_the_body(segment: str) -> None:
    assert call("contacts/act_on_contact", "POST", f"/contact/contacts/{segment.format(id=UNKNOWN)}", {}).status == 404


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Let something happen between the reading and the writing of the next commit."""

    def arrange(event: Callable[[], object]) -> None:
        commit = store.commit

        def after_event(*changes: store.Change) -> None:
            monkeypatch.setattr(store, "commit", commit)
            event()
            commit(*changes)

        monkeypatch.setattr(store, "commit", after_event)

    return arrange


@pytest.mark.parametrize("updated", [0, 1])
def test_an_update_during_a_merge_is_in_the_survivor(between: Callable[..., None], updated: int) -> None:
    both = [api.created("Tom"), api.created("Tim")]
    change = {"contactIdentities": [email("new@example.com")], "customFields": {"city": "Vancouver"}}
    between(lambda: api.put(both[updated]["id"], change))
    assert api.merge(both[0]["id"], both[1]["id"]).status == 204
    survivor = api.get(both[0]["id"]).body
    assert survivor["customFields"] == {"city": "Vancouver"}
    assert "new@example.com" in [identity["value"] for identity in survivor["contactIdentities"]]


def test_a_merge_during_an_update_refuses_the_update(between: Callable[..., None]) -> None:
    tom, tim = api.created("Tom"), api.created("Tim")
    between(lambda: api.merge(tom["id"], tim["id"]))
    assert api.put(tim["id"], {"customFields": {"city": "Vancouver"}}).status == 409
    assert api.get(tom["id"]).body["customFields"] == {}


def test_a_merge_during_an_update_of_the_survivor_keeps_both(between: Callable[..., None]) -> None:
    tom, tim = api.created("Tom"), api.created("Tim")
    between(lambda: api.merge(tom["id"], tim["id"]))
    assert api.put(tom["id"], {"customFields": {"city": "Vancouver"}}).status == 200
    survivor = api.get(tom["id"]).body
    assert survivor["customFields"] == {"city": "Vancouver"}
    assert len(survivor["contactIdentities"]) == 2


def test_an_endless_race_ends_with_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    tom = api.created("Tom")

    def lose(*_: object) -> None:
        raise store.Stale

    monkeypatch.setattr(store, "commit", lose)
    assert api.put(tom["id"], {"name": "x"}).status == 409
