"""The specification's examples of contacts, identities and fields, by the real handlers.

Ids that must exist are those of what was created here. A custom field that is empty is left out of our answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outreach.sites import store as sites
from outreach.sites.models import Site
from outreach.wire import NIL_GUID
from tests.contract.examples import load, properties, send
from tests.integration.contacts import requests as api

CONTACT, OTHER = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db", "d5a7c487-7ac8-4b07-99e6-b85c3c6e56ab"
IDENTITY = "760a3dfb-f776-4dc8-99cb-7fb288bdf1eb"


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    """The examples' site, with the field that they name."""
    sites.put_site(Site("10000"))
    assert api.create_field(name="AAA", type="text", length=256).status == 201


def exists() -> dict[str, str]:
    """Make the contact that the examples answer with, from one of those answers: what is read can be written."""
    contact = api.created(**load("get_contact")["response"]["body"])
    return {CONTACT: contact["id"], IDENTITY: contact["contactIdentities"][0]["id"]}


def two_exist() -> dict[str, str]:
    return exists() | {OTHER: api.created()["id"]}


def a_field() -> dict[str, str]:
    return {CONTACT: send("contacts/create_field").body["id"]}


def nothing() -> dict[str, str]:
    return {}


@pytest.mark.parametrize(
    ("function", "given"),
    [
        ("create_contact", nothing),
        ("get_contact", exists),
        ("list_contacts", exists),
        ("query_contacts", exists),
        ("update_contact", exists),
        ("identify_contact_identities", exists),
        ("get_contact_identity", exists),
        ("list_fields", nothing),
        ("create_field", nothing),
        ("get_field", a_field),
        ("update_field", a_field),
    ],
)
def test_an_answer_has_every_property_of_the_specifications(function: str, given: Callable[[], dict[str, str]]) -> None:
    answer = send(f"contacts/{function}", given())
    wanted = without_empty_fields(load(function)["response"]["body"])
    assert properties(wanted) - properties(answer.body) == set()


def without_empty_fields(value: Any) -> Any:
    if isinstance(value, list):
        return [without_empty_fields(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {field: text for field, text in entry.items() if text} if name == "customFields" else without_empty_fields(entry)
        for name, entry in value.items()
    }


def test_the_contact_of_the_examples_is_answered_as_they_have_it() -> None:
    ids = exists()
    answer, wanted = send("contacts/get_contact", ids).body, load("get_contact", ids)["response"]["body"]
    assert (answer["id"], answer["name"], answer["mergeToContactId"]) == (ids[CONTACT], "Tom cruise", NIL_GUID)
    assert answer["customFields"] == without_empty_fields(wanted)["customFields"]
    (identity,) = answer["contactIdentities"]
    assert identity == {**wanted["contactIdentities"][0], "contactId": ids[CONTACT], "isDeleted": False}
    for function in ("contacts/list_contacts", "contacts/query_contacts"):
        assert send(function, ids).body["contacts"] == [answer]
    assert send("contacts/get_contact_identity", ids).body == identity
    assert send("contacts/identify_contact_identities", ids).body == [identity]


def test_the_query_of_the_examples_leaves_out_who_does_not_match() -> None:
    api.created("Tom", api.email("tom@example.com"), customFields={"lastName": "Jones"})
    assert send("contacts/query_contacts").body["contacts"] == []
    matching = api.created("Tom", api.email("tom2@example.com"), customFields={"AAA": "bbbb"})
    assert [contact["id"] for contact in send("contacts/query_contacts").body["contacts"]] == [matching["id"]]


def test_a_created_contact_is_the_one_that_was_sent() -> None:
    sent, contact = load("create_contact")["request"]["body"], send("contacts/create_contact").body
    assert (contact["name"], contact["customFields"]) == (sent["name"], sent["customFields"])
    (identity,) = contact["contactIdentities"]
    assert identity["contactIdentityType"] == "email"
    assert {name: identity[name] for name in ("name", "value")} == {"name": "Test", "value": "test@1234.com"}


def test_an_update_with_what_was_read_keeps_what_can_only_be_read() -> None:
    ids = exists()
    before, after = api.get(ids[CONTACT]).body, send("contacts/update_contact", ids).body
    assert (after["name"], after["createTime"], after["customFields"]) == (
        "Tom cruise 2",
        before["createTime"],
        {"company": "Comm100"},
    )
    (identity,) = after["contactIdentities"]
    assert (identity["id"], identity["value"]) == (ids[IDENTITY], "Test@1234.com")


def test_the_next_page_is_linked_with_the_same_parameters() -> None:
    exists()
    api.created()
    answer = api.listed("pageSize=1&sortBy=name").body
    assert answer["previousPage"] is load("list_contacts")["response"]["body"]["previousPage"] is None
    assert answer["nextPage"].endswith("/contact/contacts?pageSize=1&sortBy=name&pageIndex=2&siteId=10000")


def test_the_field_of_the_examples_is_one_of_every_site() -> None:
    (wanted,) = load("list_fields")["response"]["body"]
    (company,) = (field for field in send("contacts/list_fields").body if field["name"] == "company")
    assert {name: company[name] for name in ("isSystem", "isIdentity", "identityType", "isRequired", "isReadOnly")} == {
        "isSystem": True,
        "isIdentity": False,
        "identityType": "",
        "isRequired": False,
        "isReadOnly": False,
    }
    assert (company["type"], company["length"], company["fieldOptions"]) == (wanted["type"], wanted["length"], [])


def test_a_field_is_answered_as_it_was_sent() -> None:
    sent, answer = load("create_field")["request"]["body"], send("contacts/create_field").body
    assert {name: answer[name] for name in ("name", "type", "length", "helpText", "defaultValue", "order")} == {
        **{name: sent[name] for name in ("name", "type", "helpText", "defaultValue", "order")},
        "length": 256,
    }
    assert [(option["value"], option["displayText"]) for option in answer["fieldOptions"]] == [("M", "Medium"), ("L", "Large")]


@pytest.mark.parametrize("function", ["act_on_contact", "delete_contact", "batch_delete_contacts"])
def test_what_has_no_answer_says_nothing(function: str) -> None:
    ids = two_exist()
    assert send(f"contacts/{function}", ids).body == ""
    assert api.get(ids[CONTACT]).status == (200 if function == "act_on_contact" else 404)


def test_a_deleted_field_is_gone() -> None:
    ids = a_field()
    assert send("contacts/delete_field", ids).body == ""
    assert "Shirt" not in {field["name"] for field in api.fields()}
