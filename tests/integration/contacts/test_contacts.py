"""Contacts one by one: create, get, update, delete (contract, Contacts)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outreach.contacts import editing, optouts, schema, store
from outreach.contacts.models import Contact
from outreach.sites import store as sites
from outreach.sites.models import Site
from outreach.wire import NIL_GUID
from tests.integration.contacts import requests as api
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.requests import email, sms

UNKNOWN = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def identity_values(contact: dict[str, Any]) -> list[str]:
    return [identity["value"] for identity in contact["contactIdentities"]]


def test_a_created_contact_is_answered_and_read_back() -> None:
    created = api.created(
        "Tom cruise", email("Tom@1234.com", name="Test"), sms("(212) 555-0123"), customFields={"company": "Comm100"}
    )
    assert created == api.get(created["id"]).body
    assert created["mergeToContactId"] == NIL_GUID
    assert created["createTime"] == created["lastUpdatedTime"]
    assert created["customFields"] == {"company": "Comm100"}
    assert identity_values(created) == ["Tom@1234.com", "+12125550123"]
    assert [identity["contactIdentityType"] for identity in created["contactIdentities"]] == ["email", "SMS"]
    assert {identity["contactId"] for identity in created["contactIdentities"]} == {created["id"]}


def test_other_spellings_of_the_properties_are_accepted() -> None:
    identity = {
        "identityType": "TWITTER",
        "value": "tom",
        "avatar": "https://a",
        "identityInfoUrl": "https://i",
        "displayName": "T",
    }
    created = api.created("Tom", contactIdentity=[identity], customField=[{"Name": "company", "Value": "Comm100"}])
    assert created["customFields"] == {"company": "Comm100"}
    assert (
        created["contactIdentities"][0] | {"avatarUrl": "https://a", "infoUrl": "https://i", "screenName": "T"}
        == created["contactIdentities"][0]
    )


@pytest.mark.parametrize("given", [{"firstName": "Tom"}, {"customFields": {"FIRSTNAME": "Tom"}}])
def test_first_and_last_name_are_written_at_both_places(given: dict[str, Any]) -> None:
    created = api.created("Tom", **given)
    assert created["firstName"] == created["customFields"]["firstName"] == "Tom"
    assert created["lastName"] is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": None}, ["/name"]),
        ({"name": "  "}, ["/name"]),
        ({"name": 5}, ["/name"]),
        ({"contactIdentities": []}, ["/contactIdentities"]),
        ({"contactIdentities": None}, ["/contactIdentities"]),
        ({"contactIdentities": [{"value": "a@b.co"}]}, ["/contactIdentities/0/contactIdentityType"]),
        (
            {"contactIdentities": [email("a@b.co"), {"type": "pigeon", "value": "x"}]},
            ["/contactIdentities/1/contactIdentityType"],
        ),
        ({"contactIdentities": [email("")]}, ["/contactIdentities/0/value"]),
        ({"contactIdentities": [email("a@b.co"), email("A@B.CO")]}, ["/contactIdentities/1/value"]),
        ({"customFields": {"shoeSize": 5, "email": "a@b.co"}}, ["/customFields/shoeSize", "/customFields/email"]),
        ({"customFields": {"timeZone": "Mars"}, "firstName": "a" * 257}, ["/customFields/timeZone", "/firstName"]),
        ({"customFields": [{"value": 5}]}, ["/customFields"]),
    ],
)
def test_a_wrong_contact_is_400_with_every_place_and_nothing_written(change: dict[str, Any], expected: list[str]) -> None:
    assert api.pointers(api.create(**{**api.body(), **change})) == expected
    assert api.create("Tom", email("tom@example.com")).status == 201


@pytest.mark.parametrize(
    ("held", "given"),
    [
        (email("Tom@example.com"), email("tom@EXAMPLE.com ")),
        (sms("212-555-0123"), sms("+12125550123")),
        ({"type": "SSOID", "value": "x"}, {"type": "SSOID", "value": " x"}),
    ],
)
def test_an_identity_belongs_to_one_contact_of_a_site(held: dict[str, Any], given: dict[str, Any]) -> None:
    owner = api.created("Tom", held)
    refused = api.create("Tim", email("tim@example.com"), given)
    assert (refused.status, refused.body["code"]) == (409, "duplicate_identity")
    assert owner["id"] in refused.body["detail"]
    assert api.create("Tim", email("tim@example.com")).status == 201, "the refused create must leave nothing behind"
    assert api.create("Tim", given, site_id=OTHER_SITE).status == 201


def test_another_sites_contact_does_not_exist() -> None:
    contact_id = api.created()["id"]
    assert api.get(contact_id, OTHER_SITE).status == 404
    assert api.put(contact_id, {"name": "Tim"}, OTHER_SITE).status == 404
    assert api.delete(contact_id, OTHER_SITE).status == 404


@pytest.mark.parametrize(("contact_id", "status"), [(UNKNOWN, 404), ("5", 400), (f"{UNKNOWN}:send", 400)])
def test_an_unknown_contact_is_404_and_what_is_no_id_is_400(contact_id: str, status: int) -> None:
    assert [api.get(contact_id).status, api.put(contact_id, {}).status, api.delete(contact_id).status] == [status] * 3


def test_an_update_replaces_only_what_it_names() -> None:
    before = api.created("Tom", sms("2125550123"), customFields={"company": "Comm100", "city": "Vancouver"}, lastName="Cruise")
    after = api.put(before["id"], {"name": "Tom 2"}).body
    assert after == {**before, "name": "Tom 2", "lastUpdatedTime": after["lastUpdatedTime"]}
    assert api.put(before["id"], {"firstName": "T"}).body["customFields"] == {**before["customFields"], "firstName": "T"}
    assert api.put(before["id"], {"customFields": {"company": "C"}}).body["customFields"] == {"company": "C"}
    assert api.get(before["id"]).body["contactIdentities"] == before["contactIdentities"]


def test_what_was_read_can_be_written_back() -> None:
    before = api.created("Tom", email("a@b.co"), sms("2125550123"), firstName="T", customFields={"company": "Comm100"})
    answer = api.put(before["id"], before)
    assert answer.status == 200
    assert answer.body == {**before, "lastUpdatedTime": answer.body["lastUpdatedTime"]}


def test_an_update_keeps_changes_adds_and_removes_identities() -> None:
    before = api.created("Tom", email("keep@b.co"), email("change@b.co"), email("same@b.co"), email("remove@b.co"))
    keep, change, same, _ = before["contactIdentities"]
    given = [{**change, "value": "changed@b.co"}, keep, email("SAME@b.co", name="S"), email("new@b.co")]
    after = api.put(before["id"], {"contactIdentities": given}).body["contactIdentities"]
    assert [identity["id"] for identity in after[:3]] == [change["id"], keep["id"], same["id"]]
    assert identity_values({"contactIdentities": after}) == ["changed@b.co", "keep@b.co", "SAME@b.co", "new@b.co"]
    assert after[3]["id"] not in {identity["id"] for identity in before["contactIdentities"]}
    assert [api.identify(value).body != [] for value in ("change@b.co", "remove@b.co", "changed@b.co")] == [False, False, True]


def test_identities_can_swap_their_values() -> None:
    before = api.created("Tom", email("one@b.co"), email("two@b.co"))
    one, two = before["contactIdentities"]
    given = [{**one, "value": "two@b.co"}, {**two, "value": "one@b.co"}]
    assert api.put(before["id"], {"contactIdentities": given}).status == 200
    assert [found["id"] for found in api.identify("two@b.co").body] == [one["id"]]


def test_an_update_cannot_take_anothers_identity_and_changes_nothing() -> None:
    api.created("Tim", email("tim@b.co"))
    before = api.created("Tom", email("tom@b.co"))
    assert api.put(before["id"], {"name": "x", "contactIdentities": [email("tim@b.co")]}).status == 409
    assert api.get(before["id"]).body == before


@pytest.mark.parametrize("change", [{"name": ""}, {"name": None}])
def test_a_name_cannot_be_cleared(change: dict[str, Any]) -> None:
    assert api.pointers(api.put(api.created()["id"], change)) == ["/name"]


def test_a_deleted_identity_is_shown_but_free() -> None:
    tom = api.created("Tom", email("a@b.co"), sms("2125550123"))
    given = [{**tom["contactIdentities"][0], "isDeleted": "true"}, tom["contactIdentities"][1]]
    assert [i["isDeleted"] for i in api.put(tom["id"], {"contactIdentities": given}).body["contactIdentities"]] == [True, False]
    assert api.identify("a@b.co").body == []
    assert api.create("Tim", email("a@b.co")).status == 201


def test_a_deleted_contact_is_gone_and_its_identities_are_free() -> None:
    tom = api.created("Tom", email("a@b.co"))
    assert api.delete(tom["id"]).status == 204
    assert [api.get(tom["id"]).status, api.delete(tom["id"]).status, api.put(tom["id"], {"name": "x"}).status] == [404] * 3
    assert api.create("Tim", email("a@b.co")).status == 201


def test_ids_are_matched_in_any_case() -> None:
    tom = api.created()
    assert api.get(tom["id"].upper()).body == tom


def test_an_inbound_number_makes_one_contact_named_after_it() -> None:
    api.put_field("company", {"isRequired": True})
    fields = schema.load(SITE)
    made = editing.of_number(fields, "+12125550123")
    assert (made.name, [identity.value for identity in made.identities]) == ("+12125550123", ["+12125550123"])
    assert editing.of_number(fields, "(212) 555-0123") == made


def test_two_messages_of_one_new_number_make_one_contact(monkeypatch: pytest.MonkeyPatch) -> None:
    fields, commit = schema.load(SITE), store.commit
    rivals: list[Contact] = []

    def after_rival(*changes: store.Change) -> None:
        monkeypatch.setattr(store, "commit", commit)
        rivals.append(editing.of_number(fields, "+12125550123"))
        commit(*changes)

    monkeypatch.setattr(store, "commit", after_rival)
    assert [editing.of_number(fields, "+12125550123")] == rivals


def test_the_specifications_examples_are_taken() -> None:
    tom = api.created(
        "Test", {"contactIdentityType": "Email", "value": "test@1234.com", "name": "Test"}, customFields={"company": "Comm100"}
    )
    identity = tom["contactIdentities"][0]
    example = {
        "id": tom["id"],
        "name": "Tom cruise 2",
        "createTime": "2022-03-18 01:12:32.0000000",
        "mergeToContactId": NIL_GUID,
        "customFields": {"company": "Comm100"},
        "contactIdentities": [{**identity, "contactIdentityType": "Email", "value": "Test@1234.com", "avatarUrl": ""}],
    }
    answer = api.put(tom["id"], example)
    assert (answer.status, answer.body["name"], answer.body["createTime"]) == (200, "Tom cruise 2", tom["createTime"])
    assert answer.body["contactIdentities"] == [{**identity, "value": "Test@1234.com"}]


def test_a_site_has_no_more_contacts_than_it_may(deliver_stream: Callable[[], object]) -> None:
    sites.put_site(Site(SITE, max_contacts=1))
    first = api.created("Tom")
    deliver_stream()
    refused = api.create("Ada")
    assert (refused.status, refused.body["code"]) == (403, "quota_exceeded")
    api.delete(first["id"])
    deliver_stream()
    assert api.create("Ada").status == 201


def test_a_contact_says_whether_one_of_its_numbers_has_opted_out(deliver_stream: Callable[[], Any]) -> None:
    optouts.add(SITE, "+12125550123", "reply")
    tom = api.created("Tom", sms("(212) 555-0123"), sms("+12125550124"))
    api.created("Tim", {"type": "whatsApp", "value": "+12125550123"})
    deliver_stream()
    for contact in (tom, api.get(tom["id"]).body, api.put(tom["id"], {"name": "T"}).body):
        assert contact["isOptedOut"] is True
    for answer in (api.listed(), api.query({})):
        assert [contact["isOptedOut"] for contact in answer.body["contacts"]] == [True, False]
    assert api.put(tom["id"], {"contactIdentities": [sms("+12125550124")]}).body["isOptedOut"] is False
    optouts.remove(SITE, "+12125550123", "reply")
    assert api.put(tom["id"], {"contactIdentities": [sms("+12125550123")]}).body["isOptedOut"] is False
