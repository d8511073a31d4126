"""Creating, reading, updating and deleting single contacts (docs/api.md, "Contacts")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from outreach.consent import opt_outs
from outreach.consent.opt_outs import Source
from outreach.parsing import NIL_GUID
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.integration.contacts import contact_requests
from tests.integration.contacts.conftest import OTHER_SITE, SITE
from tests.integration.contacts.contact_requests import email, sms

UNKNOWN = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db"


def identity_values(contact: dict[str, Any]) -> list[str]:
    return [identity["value"] for identity in contact["contactIdentities"]]


def test_a_created_contact_is_returned_and_can_be_read() -> None:
    contact = contact_requests.new_contact(
        "Tom cruise", email("Tom@1234.com", name="Test"), sms("(212) 555-0123"), customFields={"company": "Comm100"}
    )
    assert contact == contact_requests.get(contact["id"]).body
    assert contact["mergeToContactId"] == NIL_GUID
    assert contact["createTime"] == contact["lastUpdatedTime"]
    assert contact["customFields"] == {"company": "Comm100"}
    assert identity_values(contact) == ["Tom@1234.com", "+12125550123"]
    assert [identity["contactIdentityType"] for identity in contact["contactIdentities"]] == ["email", "SMS"]
    assert {identity["contactId"] for identity in contact["contactIdentities"]} == {contact["id"]}


def test_alternative_property_names_are_accepted() -> None:
    identity = {
        "identityType": "TWITTER",
        "value": "tom",
        "avatar": "https://a",
        "identityInfoUrl": "https://i",
        "displayName": "T",
    }
    contact = contact_requests.new_contact(
        "Tom", contactIdentity=[identity], customField=[{"Name": "company", "Value": "Comm100"}]
    )
    assert contact["customFields"] == {"company": "Comm100"}
    assert (
        contact["contactIdentities"][0] | {"avatarUrl": "https://a", "infoUrl": "https://i", "screenName": "T"}
        == contact["contactIdentities"][0]
    )


@pytest.mark.parametrize("value", ["n/a", "NULL", "0", "\u3164", "1.23457E+15", "+12125550123 Tom"])
@pytest.mark.parametrize("type_", ["SMS", "email", "whatsApp"])
def test_a_placeholder_or_a_note_is_no_identity_and_finds_nothing(type_: str, value: str) -> None:
    refused = contact_requests.create("Tom", {"type": type_, "value": value})
    assert contact_requests.pointers(refused) == ["/contactIdentities/0/value"]
    assert contact_requests.identify(value).body == []
    assert contact_requests.list_contacts(f"contactIdentityValue={quote(value)}").body["total"] == 0


@pytest.mark.parametrize("spelling", ["Zo\u00eb", "zoe\u0308", " ZOE\u0308\u200b "])
def test_names_are_found_in_any_spelling(spelling: str) -> None:
    assert contact_requests.new_contact("\ufeffZoe\u0308 ", email("z@x.example"))["name"] == "Zo\u00eb"
    assert contact_requests.list_contacts(f"keywords={quote(spelling)}").body["total"] == 1


@pytest.mark.parametrize("given", [{"firstName": "Tom"}, {"customFields": {"FIRSTNAME": "Tom"}}])
def test_first_and_last_name_appear_as_properties_and_as_custom_fields(given: dict[str, Any]) -> None:
    contact = contact_requests.new_contact("Tom", **given)
    assert contact["firstName"] == contact["customFields"]["firstName"] == "Tom"
    assert contact["lastName"] is None


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
            ["/contactIdentities/1/type"],
        ),
        ({"contactIdentities": None, "CONTACTIDENTITY": [{"TYPE": "email", "Value": ""}]}, ["/CONTACTIDENTITY/0/Value"]),
        ({"customField": [{"Name": "timezone", "VALUE": "Mars"}]}, ["/customField/0/VALUE"]),
        ({"CustomFields": {"TIMEZONE": "Mars", "CITY": ["x" * 10_001]}}, ["/CustomFields/CITY/0"]),
        ({"contactIdentities": [email("")]}, ["/contactIdentities/0/value"]),
        ({"contactIdentities": [email("a@b.co"), email("A@B.CO")]}, ["/contactIdentities/1/value"]),
        ({"customFields": {"shoeSize": 5, "email": "a@b.co"}}, ["/customFields/shoeSize", "/customFields/email"]),
        ({"customField": [{"name": "city", "value": 1}, {"NAME": "shoeSize", "value": 5}]}, ["/customField/1/NAME"]),
        ({"customFields": {"shoeSize": {"name": 5}}}, ["/customFields/shoeSize"]),
        ({"customFields": {"timeZone": "Mars"}, "firstName": "a" * 257}, ["/customFields/timeZone", "/firstName"]),
        ({"customFields": [{"value": 5}]}, ["/customFields"]),
    ],
)
def test_an_invalid_contact_returns_400_with_all_errors_and_is_not_stored(change: dict[str, Any], expected: list[str]) -> None:
    assert contact_requests.pointers(contact_requests.create(**{**contact_requests.body(), **change})) == expected
    assert contact_requests.create("Tom", email("tom@example.com")).status == 201


@pytest.mark.parametrize(
    ("existing", "duplicate"),
    [
        (email("Tom@example.com"), email("tom@EXAMPLE.com ")),
        (sms("212-555-0123"), sms("+12125550123")),
        ({"type": "SSOID", "value": "x"}, {"type": "SSOID", "value": " x"}),
    ],
)
def test_two_contacts_of_a_site_cannot_have_the_same_identity(existing: dict[str, Any], duplicate: dict[str, Any]) -> None:
    owner = contact_requests.new_contact("Tom", existing)
    refused = contact_requests.create("Tim", email("tim@example.com"), duplicate)
    assert (refused.status, refused.body["code"]) == (409, "duplicate_identity")
    assert owner["id"] in refused.body["detail"]
    assert contact_requests.create("Tim", email("tim@example.com")).status == 201, "a refused request must not reserve identities"
    assert contact_requests.create("Tim", duplicate, site_id=OTHER_SITE).status == 201


def test_contacts_of_another_site_are_not_found() -> None:
    contact_id = contact_requests.new_contact()["id"]
    assert contact_requests.get(contact_id, OTHER_SITE).status == 404
    assert contact_requests.put(contact_id, {"name": "Tim"}, OTHER_SITE).status == 404
    assert contact_requests.delete(contact_id, OTHER_SITE).status == 404


@pytest.mark.parametrize(("contact_id", "status"), [(UNKNOWN, 404), ("5", 400), (f"{UNKNOWN}:send", 400)])
def test_an_unknown_id_returns_404_and_a_malformed_id_returns_400(contact_id: str, status: int) -> None:
    assert [
        contact_requests.get(contact_id).status,
        contact_requests.put(contact_id, {}).status,
        contact_requests.delete(contact_id).status,
    ] == [status] * 3


def test_an_update_replaces_only_the_given_properties() -> None:
    before = contact_requests.new_contact(
        "Tom", sms("2125550123"), customFields={"company": "Comm100", "city": "Vancouver"}, lastName="Cruise"
    )
    after = contact_requests.put(before["id"], {"name": "Tom 2"}).body
    assert after == {**before, "name": "Tom 2", "lastUpdatedTime": after["lastUpdatedTime"]}
    assert contact_requests.put(before["id"], {"firstName": "T"}).body["customFields"] == {
        **before["customFields"],
        "firstName": "T",
    }
    assert contact_requests.put(before["id"], {"customFields": {"company": "C"}}).body["customFields"] == {"company": "C"}
    assert contact_requests.get(before["id"]).body["contactIdentities"] == before["contactIdentities"]


def test_a_response_can_be_sent_back_as_an_update() -> None:
    before = contact_requests.new_contact(
        "Tom", email("a@b.co"), sms("2125550123"), firstName="T", customFields={"company": "Comm100"}
    )
    answer = contact_requests.put(before["id"], before)
    assert answer.status == 200
    assert answer.body == {**before, "lastUpdatedTime": answer.body["lastUpdatedTime"]}


def test_an_update_can_keep_change_add_and_remove_identities() -> None:
    before = contact_requests.new_contact(
        "Tom", email("keep@b.co"), email("change@b.co"), email("same@b.co"), email("remove@b.co")
    )
    keep, change, same, _ = before["contactIdentities"]
    given = [{**change, "value": "changed@b.co"}, keep, email("SAME@b.co", name="S"), email("new@b.co")]
    after = contact_requests.put(before["id"], {"contactIdentities": given}).body["contactIdentities"]
    assert [identity["id"] for identity in after[:3]] == [change["id"], keep["id"], same["id"]]
    assert identity_values({"contactIdentities": after}) == ["changed@b.co", "keep@b.co", "SAME@b.co", "new@b.co"]
    assert after[3]["id"] not in {identity["id"] for identity in before["contactIdentities"]}
    assert [contact_requests.identify(value).body != [] for value in ("change@b.co", "remove@b.co", "changed@b.co")] == [
        False,
        False,
        True,
    ]


def test_an_update_keeps_what_an_identity_with_an_id_leaves_out() -> None:
    contact = contact_requests.new_contact("Tom", sms("12345", name="old"), {"type": "externalID", "value": " A;B "})
    before = contact["contactIdentities"]
    kept = contact_requests.put(contact["id"], {"contactIdentities": [{"id": entry["id"]} for entry in before]})
    assert kept.body["contactIdentities"] == before
    number, other = (entry["id"].upper() for entry in before)
    body = {"contactIdentities": [{"id": number, "value": "212-555-0123"}, {"id": other, "type": "line", "name": "n"}]}
    changed = contact_requests.put(contact["id"], body).body["contactIdentities"]
    shown = [(entry["id"], entry["contactIdentityType"], entry["value"], entry["name"]) for entry in changed]
    assert shown == [(before[0]["id"], "SMS", "+12125550123", "old"), (before[1]["id"], "line", "A;B", "n")]


@pytest.mark.parametrize(
    ("identity", "missing"),
    [
        ({}, ["type", "value"]),
        ({"id": UNKNOWN}, ["type", "value"]),
        ({"type": "SMS"}, ["value"]),
        ({"value": "a@b.co"}, ["type"]),
    ],
)
def test_an_identity_that_a_contact_does_not_have_needs_type_and_value(identity: dict[str, Any], missing: list[str]) -> None:
    contact = contact_requests.new_contact("Tom", sms("+12125550123"))
    names = {"type": "contactIdentityType"}
    expected = {f"/contactIdentities/0/{names.get(name, name)}" for name in missing}
    assert set(contact_requests.pointers(contact_requests.put(contact["id"], {"contactIdentities": [identity]}))) == expected
    assert set(contact_requests.pointers(contact_requests.create("Tim", identity))) == expected
    assert contact_requests.get(contact["id"]).body == contact


def test_null_does_not_bring_a_deleted_identity_back() -> None:
    tom = contact_requests.new_contact("Tom", email("a@b.co", isDeleted=True), email("c@b.co"))
    given = [{**identity, "isDeleted": None} for identity in tom["contactIdentities"]]
    assert contact_requests.put(tom["id"], {"contactIdentities": given}).body["contactIdentities"] == tom["contactIdentities"]


def test_two_identities_can_swap_their_values() -> None:
    before = contact_requests.new_contact("Tom", email("one@b.co"), email("two@b.co"))
    one, two = before["contactIdentities"]
    given = [{**one, "value": "two@b.co"}, {**two, "value": "one@b.co"}]
    assert contact_requests.put(before["id"], {"contactIdentities": given}).status == 200
    assert [identity["id"] for identity in contact_requests.identify("two@b.co").body] == [one["id"]]


def test_an_update_with_another_contacts_identity_is_refused_and_changes_nothing() -> None:
    contact_requests.new_contact("Tim", email("tim@b.co"))
    before = contact_requests.new_contact("Tom", email("tom@b.co"))
    assert contact_requests.put(before["id"], {"name": "x", "contactIdentities": [email("tim@b.co")]}).status == 409
    assert contact_requests.get(before["id"]).body == before


@pytest.mark.parametrize("change", [{"name": ""}, {"name": None}, {"name": "\u3164"}])
def test_a_name_cannot_be_cleared(change: dict[str, Any]) -> None:
    assert contact_requests.pointers(contact_requests.put(contact_requests.new_contact()["id"], change)) == ["/name"]


def test_a_deleted_identity_is_returned_but_can_be_used_again() -> None:
    tom = contact_requests.new_contact("Tom", email("a@b.co"), sms("2125550123"))
    given = [{**tom["contactIdentities"][0], "isDeleted": "true"}, tom["contactIdentities"][1]]
    assert [i["isDeleted"] for i in contact_requests.put(tom["id"], {"contactIdentities": given}).body["contactIdentities"]] == [
        True,
        False,
    ]
    assert contact_requests.identify("a@b.co").body == []
    again = contact_requests.put(tom["id"], {"contactIdentities": [*given, email("a@b.co")]})
    assert [identity["isDeleted"] for identity in again.body["contactIdentities"]] == [True, False, False]
    contact_requests.put(tom["id"], {"contactIdentities": given})
    assert contact_requests.create("Tim", email("a@b.co")).status == 201


def test_an_update_cannot_take_the_last_identity_away() -> None:
    tom = contact_requests.new_contact("Tom", email("a@b.co"))
    assert contact_requests.pointers(contact_requests.put(tom["id"], {"contactIdentities": []})) == ["/contactIdentities"]
    assert contact_requests.get(tom["id"]).body == tom
    deleted = {**tom["contactIdentities"][0], "isDeleted": True}
    assert contact_requests.put(tom["id"], {"contactIdentities": [deleted]}).body["contactIdentities"] == [deleted]


def test_a_deleted_contact_is_not_found_and_its_identities_can_be_used_again() -> None:
    tom = contact_requests.new_contact("Tom", email("a@b.co"))
    assert contact_requests.delete(tom["id"]).status == 204
    assert [
        contact_requests.get(tom["id"]).status,
        contact_requests.delete(tom["id"]).status,
        contact_requests.put(tom["id"], {"name": "x"}).status,
    ] == [404] * 3
    assert contact_requests.create("Tim", email("a@b.co")).status == 201


def test_the_case_of_ids_does_not_matter() -> None:
    tom = contact_requests.new_contact()
    assert contact_requests.get(tom["id"].upper()).body == tom


def test_the_requests_of_the_original_api_are_accepted() -> None:
    tom = contact_requests.new_contact(
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
    answer = contact_requests.put(tom["id"], example)
    assert (answer.status, answer.body["name"], answer.body["createTime"]) == (200, "Tom cruise 2", tom["createTime"])
    assert answer.body["contactIdentities"] == [{**identity, "value": "Test@1234.com"}]


def test_a_site_cannot_exceed_its_limit_of_contacts(deliver_stream: Callable[[], object]) -> None:
    site_store.put_site(Site(SITE, max_contacts=1))
    first = contact_requests.new_contact("Tom")
    deliver_stream()
    refused = contact_requests.create("Ada")
    assert (refused.status, refused.body["code"]) == (403, "quota_exceeded")
    contact_requests.delete(first["id"])
    deliver_stream()
    assert contact_requests.create("Ada").status == 201


def test_a_contact_shows_whether_one_of_its_numbers_has_opted_out(deliver_stream: Callable[[], Any]) -> None:
    opt_outs.add(SITE, "+12125550123", Source.OPERATOR)
    tom = contact_requests.new_contact("Tom", sms("(212) 555-0123"), sms("+12125550124"))
    contact_requests.new_contact("Tim", {"type": "whatsApp", "value": "+12125550123"})
    deliver_stream()
    for contact in (tom, contact_requests.get(tom["id"]).body, contact_requests.put(tom["id"], {"name": "T"}).body):
        assert contact["isOptedOut"] is True
    for answer in (contact_requests.list_contacts(), contact_requests.query({})):
        assert [contact["isOptedOut"] for contact in answer.body["contacts"]] == [True, False]
    assert contact_requests.put(tom["id"], {"contactIdentities": [sms("+12125550124")]}).body["isOptedOut"] is False
    opt_outs.remove(SITE, "+12125550123", Source.OPERATOR)
    assert contact_requests.put(tom["id"], {"contactIdentities": [sms("+12125550123")]}).body["isOptedOut"] is False


@pytest.mark.parametrize("segment", ["a%2Fb", "%00", "%22", f"{UNKNOWN}%2F", "a%5Cb"])
def test_an_id_with_a_character_that_no_id_has_is_400(segment: str) -> None:
    assert contact_requests.pointers(contact_requests.get(segment)) == ["/id"]


LONG = "x" * 300


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"customFields": {"city": LONG, "CITY": LONG}}, "/customFields/CITY"),
        ({"customFields": [{"name": name, "value": LONG} for name in ("city", "City")]}, "/customFields/1/value"),
        ({"firstName": LONG, "customFields": {"firstName": LONG}}, "/firstName"),
    ],
)
def test_a_field_given_twice_has_its_last_value_and_the_faults_of_that(properties: dict[str, Any], expected: str) -> None:
    assert contact_requests.pointers(contact_requests.create(**properties)) == [expected]


@pytest.mark.parametrize("first", [LONG, {}])
def test_a_value_that_does_not_count_has_no_faults(first: Any) -> None:
    fields = contact_requests.new_contact(customFields={"city": first, "CITY": "Oslo"})["customFields"]
    assert fields["city"] == "Oslo"


@pytest.mark.parametrize("rubbish", ["x", "", None, 5, [], {"a": 1}])
def test_rubbish_in_a_read_only_id_is_ignored(rubbish: Any) -> None:
    tom = contact_requests.new_contact("Tom", email("tom@b.co", id=rubbish, isDeleted=None), id=rubbish, createTime=rubbish)
    identities = [email("tom@b.co", id=rubbish), email("tim@b.co", id=rubbish)]
    answer = contact_requests.put(tom["id"], {"id": rubbish, "mergeToContactId": rubbish, "contactIdentities": identities})
    assert [each["value"] for each in answer.body["contactIdentities"]] == ["tom@b.co", "tim@b.co"]
    assert answer.body["contactIdentities"][0]["id"] == tom["contactIdentities"][0]["id"]
    condition = {"id": rubbish, "campaignId": rubbish, "fieldName": "name", "operator": "Is", "value": "tom", "order": 1}
    assert contact_requests.query({"filterConditions": [condition]}).body["total"] == 1
    option = {"id": rubbish, "fieldId": rubbish, "value": "a"}
    assert contact_requests.create_field(name="f", type="radio", fieldOptions=[option], isRequired=None).status == 201


FILTERS = [("Is", NIL_GUID, 1), ("Is Not", NIL_GUID, 0), ("Is", UNKNOWN, 0), ("Is", "", 0), ("Contains", "0000", 1)]


def test_no_contact_that_a_filter_or_a_list_shows_is_merged() -> None:
    tom, tim = contact_requests.new_contact("Tom"), contact_requests.new_contact("Tim")
    contact_requests.merge(tom["id"], tim["id"])
    for operator, value, total in FILTERS:
        condition = {"fieldName": "mergeToContactId", "operator": operator, "value": value, "order": 1}
        assert contact_requests.query({"filterConditions": [condition]}).body["total"] == total, (operator, value)
    (entry,) = contact_requests.list_contacts("sortBy=mergeToContactId").body["contacts"]
    assert entry["mergeToContactId"] == NIL_GUID


@pytest.mark.parametrize("letter", ["a", "ΐ"])
def test_an_identity_of_2000_characters_is_kept_found_and_unique(letter: str) -> None:
    value = letter * 2_000
    tom = contact_requests.new_contact("Tom", {"type": "externalID", "value": value})
    assert [each["contactId"] for each in contact_requests.identify(value, "externalID").body] == [tom["id"]]
    assert contact_requests.create("Tim", {"type": "externalID", "value": value}).body["code"] == "duplicate_identity"
    assert contact_requests.put(tom["id"], tom).body["contactIdentities"] == tom["contactIdentities"], "as it was read"
    answer = contact_requests.create("Tim", {"type": "externalID", "value": value + letter})
    assert contact_requests.pointers(answer) == ["/contactIdentities/0/value"]
