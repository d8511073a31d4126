"""Requests to the contact endpoints."""

from __future__ import annotations

from typing import Any

from tests.support.functions import Answer, call

CONTACTS = "/contact/contacts"
FIELDS = "/contact/fields"


def email(value: str, **details: Any) -> dict[str, Any]:
    return {"type": "email", "value": value, **details}


def sms(value: str, **details: Any) -> dict[str, Any]:
    return {"type": "sms", "value": value, **details}


def body(name: str = "Tom", *identities: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Return the body of a create request. Without identities, it has an e-mail identity with the name."""
    return {"name": name, "contactIdentities": list(identities) or [email(f"{str(name).lower()}@example.com")], **properties}


def create(name: str = "Tom", *identities: dict[str, Any], site_id: str = "10000", **properties: Any) -> Answer:
    return call("contacts/create_contact", "POST", CONTACTS, body(name, *identities, **properties), site_id=site_id)


def new_contact(name: str = "Tom", *identities: dict[str, Any], **properties: Any) -> dict[str, Any]:
    """Create a contact and return it."""
    answer = create(name, *identities, **properties)
    assert answer.status == 201, answer.body
    contact: dict[str, Any] = answer.body
    return contact


def get(contact_id: str, site_id: str = "10000") -> Answer:
    return call("contacts/get_contact", "GET", f"{CONTACTS}/{contact_id}", site_id=site_id)


def put(contact_id: str, body: Any, site_id: str = "10000") -> Answer:
    return call("contacts/update_contact", "PUT", f"{CONTACTS}/{contact_id}", body, site_id=site_id)


def delete(contact_id: str, site_id: str = "10000") -> Answer:
    return call("contacts/delete_contact", "DELETE", f"{CONTACTS}/{contact_id}", site_id=site_id)


def merge(contact_id: str, other: str | None) -> Answer:
    return call("contacts/act_on_contact", "POST", f"{CONTACTS}/{contact_id}:merge", {"contactId": other})


def unmerge(contact_id: str, other: str | None) -> Answer:
    return call("contacts/act_on_contact", "POST", f"{CONTACTS}/{contact_id}:unmerge", {"contactId": other})


def list_contacts(query: str = "", site_id: str = "10000") -> Answer:
    return call("contacts/list_contacts", "GET", f"{CONTACTS}?{query}", site_id=site_id)


def query(filter_: dict[str, Any], parameters: str = "", site_id: str = "10000") -> Answer:
    return call("contacts/query_contacts", "POST", f"{CONTACTS}:query?{parameters}", filter_, site_id=site_id)


def export(body: dict[str, Any]) -> Answer:
    return call("contacts/export_contacts", "POST", f"{CONTACTS}:export", body)


def identify(value: str, identity_type: str = "", site_id: str = "10000") -> Answer:
    given = {"value": value, "identityType": identity_type}
    return call("contacts/identify_contact_identities", "POST", "/contact/contactIdentities:identify", given, site_id=site_id)


def create_field(**definition: Any) -> Answer:
    return call("contacts/create_field", "POST", FIELDS, definition)


def fields(site_id: str = "10000") -> list[dict[str, Any]]:
    answer = call("contacts/list_fields", "GET", FIELDS, site_id=site_id)
    assert answer.status == 200
    all_fields: list[dict[str, Any]] = answer.body
    return all_fields


def field_id(name: str) -> str:
    return str(next(field["id"] for field in fields() if field["name"] == name))


def put_field(name: str, body: dict[str, Any]) -> Answer:
    return call("contacts/update_field", "PUT", f"{FIELDS}/{field_id(name)}", body)


def delete_field(name: str) -> Answer:
    return call("contacts/delete_field", "DELETE", f"{FIELDS}/{field_id(name)}")


def pointers(answer: Answer) -> list[str]:
    """Return the pointers of the errors in a 400 response."""
    assert answer.status == 400, answer.body
    return [error["pointer"] for error in answer.body["errors"]]
