"""The handlers answer the reference examples of contacts, identities and fields.

Ids that must exist are replaced by those of items that the test creates. Our responses omit empty custom fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from outreach.parsing import NIL_GUID
from outreach.sites import site_store
from outreach.sites.models import Site
from tests.contract.examples import load, properties, send
from tests.integration.contacts import contact_requests

CONTACT, OTHER = "f8383a83-48e9-4d0d-a3bd-fb19ce5c12db", "d5a7c487-7ac8-4b07-99e6-b85c3c6e56ab"
IDENTITY = "760a3dfb-f776-4dc8-99cb-7fb288bdf1eb"


@pytest.fixture(autouse=True)
def _site(aws: None) -> None:
    """The site of the examples, with the field that they use."""
    site_store.put_site(Site("10000"))
    assert contact_requests.create_field(name="AAA", type="text", length=256).status == 201


def contact() -> dict[str, str]:
    """Create the contact of the examples from an example response, which is a valid request too."""
    created = contact_requests.new_contact(**load("get_contact")["response"]["body"])
    return {CONTACT: created["id"], IDENTITY: created["contactIdentities"][0]["id"]}


def two_contacts() -> dict[str, str]:
    return contact() | {OTHER: contact_requests.new_contact()["id"]}


def a_field() -> dict[str, str]:
    return {CONTACT: send("contacts/create_field").body["id"]}


def no_items() -> dict[str, str]:
    return {}


@pytest.mark.parametrize(
    ("function", "create_items"),
    [
        ("create_contact", no_items),
        ("get_contact", contact),
        ("list_contacts", contact),
        ("query_contacts", contact),
        ("update_contact", contact),
        ("identify_contact_identities", contact),
        ("get_contact_identity", contact),
        ("list_fields", no_items),
        ("create_field", no_items),
        ("get_field", a_field),
        ("update_field", a_field),
    ],
)
def test_a_response_has_every_property_of_its_example(function: str, create_items: Callable[[], dict[str, str]]) -> None:
    answer = send(f"contacts/{function}", create_items())
    expected = without_empty_fields(load(function)["response"]["body"])
    assert properties(expected) - properties(answer.body) == set()


def without_empty_fields(value: Any) -> Any:
    if isinstance(value, list):
        return [without_empty_fields(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {field: text for field, text in entry.items() if text} if name == "customFields" else without_empty_fields(entry)
        for name, entry in value.items()
    }


def test_every_endpoint_returns_the_contact_of_the_examples() -> None:
    ids = contact()
    answer, expected = send("contacts/get_contact", ids).body, load("get_contact", ids)["response"]["body"]
    assert (answer["id"], answer["name"], answer["mergeToContactId"]) == (ids[CONTACT], "Tom cruise", NIL_GUID)
    assert answer["customFields"] == without_empty_fields(expected)["customFields"]
    (identity,) = answer["contactIdentities"]
    assert identity == {**expected["contactIdentities"][0], "contactId": ids[CONTACT], "isDeleted": False}
    for function in ("contacts/list_contacts", "contacts/query_contacts"):
        assert send(function, ids).body["contacts"] == [answer]
    assert send("contacts/get_contact_identity", ids).body == identity
    assert send("contacts/identify_contact_identities", ids).body == [identity]


def test_the_query_of_the_examples_finds_only_matching_contacts() -> None:
    contact_requests.new_contact("Tom", contact_requests.email("tom@example.com"), customFields={"lastName": "Jones"})
    assert send("contacts/query_contacts").body["contacts"] == []
    matching = contact_requests.new_contact("Tom", contact_requests.email("tom2@example.com"), customFields={"AAA": "bbbb"})
    assert [contact["id"] for contact in send("contacts/query_contacts").body["contacts"]] == [matching["id"]]


def test_a_created_contact_has_the_values_of_the_request() -> None:
    sent, answer = load("create_contact")["request"]["body"], send("contacts/create_contact").body
    assert (answer["name"], answer["customFields"]) == (sent["name"], sent["customFields"])
    (identity,) = answer["contactIdentities"]
    assert identity["contactIdentityType"] == "email"
    assert {name: identity[name] for name in ("name", "value")} == {"name": "Test", "value": "test@1234.com"}


def test_an_update_with_a_response_keeps_read_only_properties() -> None:
    ids = contact()
    before, after = contact_requests.get(ids[CONTACT]).body, send("contacts/update_contact", ids).body
    assert (after["name"], after["createTime"], after["customFields"]) == (
        "Tom cruise 2",
        before["createTime"],
        {"company": "Comm100"},
    )
    (identity,) = after["contactIdentities"]
    assert (identity["id"], identity["value"]) == (ids[IDENTITY], "Test@1234.com")


def test_the_link_to_the_next_page_keeps_the_parameters() -> None:
    contact()
    contact_requests.new_contact()
    answer = contact_requests.list_contacts("pageSize=1&sortBy=name").body
    assert answer["previousPage"] is load("list_contacts")["response"]["body"]["previousPage"] is None
    assert answer["nextPage"].endswith("/contact/contacts?pageSize=1&sortBy=name&pageIndex=2&siteId=10000")


def test_every_site_has_the_system_field_of_the_examples() -> None:
    (expected,) = load("list_fields")["response"]["body"]
    (company,) = (field for field in send("contacts/list_fields").body if field["name"] == "company")
    assert {name: company[name] for name in ("isSystem", "isIdentity", "identityType", "isRequired", "isReadOnly")} == {
        "isSystem": True,
        "isIdentity": False,
        "identityType": "",
        "isRequired": False,
        "isReadOnly": False,
    }
    assert (company["type"], company["length"], company["fieldOptions"]) == (expected["type"], expected["length"], [])


def test_a_created_field_has_the_values_of_the_request() -> None:
    sent, answer = load("create_field")["request"]["body"], send("contacts/create_field").body
    assert {name: answer[name] for name in ("name", "type", "length", "helpText", "defaultValue", "order")} == {
        **{name: sent[name] for name in ("name", "type", "helpText", "defaultValue", "order")},
        "length": 256,
    }
    assert [(option["value"], option["displayText"]) for option in answer["fieldOptions"]] == [("M", "Medium"), ("L", "Large")]


@pytest.mark.parametrize("function", ["act_on_contact", "delete_contact", "batch_delete_contacts"])
def test_a_204_response_has_no_body(function: str) -> None:
    ids = two_contacts()
    assert send(f"contacts/{function}", ids).body == ""
    assert contact_requests.get(ids[CONTACT]).status == (200 if function == "act_on_contact" else 404)


def test_a_deleted_field_is_not_listed() -> None:
    ids = a_field()
    assert send("contacts/delete_field", ids).body == ""
    assert "Shirt" not in {field["name"] for field in contact_requests.fields()}
