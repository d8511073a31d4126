"""Checks of contacts in requests (docs/api.md, "Contacts")."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from outreach.contacts import validation
from outreach.contacts.fields import FieldOption, SiteFields, replace_field
from outreach.contacts.models import Contact, IdentityType
from outreach.contacts.schemas import ContactBody
from outreach.errors import ValidationFailed
from tests.unit.contacts.examples import SITE_FIELDS, contact

SMS = IdentityType.SMS
NOW = "2026-03-03T09:30:00.000Z"


def changed(before: Contact, site_fields: SiteFields = SITE_FIELDS, **properties: Any) -> Contact:
    return validation.changed_contact(site_fields, ContactBody.model_validate(properties), before, NOW)


def with_field(name: str, **changes: Any) -> SiteFields:
    field = SITE_FIELDS.find(name)
    assert field
    return replace(SITE_FIELDS, fields=replace_field(SITE_FIELDS.fields, replace(field, **changes)))


RED = (FieldOption("1", "Red", 0, "Red"),)


@pytest.mark.parametrize(
    ("key", "value", "changes"),
    [
        ("DROPDOWN_LIST", "Dark green", {"options": RED}),
        ("CHECKBOX_LIST", ["Red", "Dark green"], {"options": RED}),
        ("TEXT", "abc", {"length": 2}),
    ],
)
def test_a_value_that_its_field_no_longer_allows_can_be_repeated_but_not_given_anew(
    key: str, value: Any, changes: dict[str, Any]
) -> None:
    name = {"DROPDOWN_LIST": "my dropdownlist", "CHECKBOX_LIST": "my checkboxlist", "TEXT": "my text"}[key]
    site_fields = with_field(name, **changes)
    before = contact("Tom", **{key: value})

    assert changed(before, site_fields, name="Tim", customFields={name: value}).values == before.values
    with pytest.raises(ValidationFailed):
        changed(contact("Tom"), site_fields, customFields={name: value})


@pytest.mark.parametrize(("key", "value", "given"), [("INTEGER", 1, True), ("CHECKBOX", True, 1.0)])
def test_a_value_of_another_type_is_no_repetition(key: str, value: Any, given: Any) -> None:
    with pytest.raises(ValidationFailed):
        changed(contact("Tom", **{key: value}), customFields={f"my {key.lower()}": given})


@pytest.mark.parametrize("details", [{"name": "+12125550123"}, {"name": "+12125550124"}, {}])
def test_the_name_of_an_identity_follows_its_value_unless_it_has_one_of_its_own(details: dict[str, str]) -> None:
    before = contact("Tom", (SMS, "+12125550123"))
    identity = {"id": before.identities[0].id, "value": "+12125550124", **details}
    assert changed(before, contactIdentities=[identity]).identities[0].name == ""
    assert changed(before, contactIdentities=[identity | {"name": "Desk"}]).identities[0].name == "Desk"
