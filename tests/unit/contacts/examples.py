"""A site with a custom field of each type, and contacts with values of these fields."""

from __future__ import annotations

from typing import Any

from outreach.contacts import identities
from outreach.contacts.contact_documents import Document, document_of
from outreach.contacts.field_values import FieldType
from outreach.contacts.fields import Field, FieldOption, SiteFields, system_fields
from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType, identity_id

SITE = "10000"
CONTACT_ID = "f8383a83-48e9-4d0d-a3bd-fb19ce5c0000"
COLOURS = ("Red", "Dark green", "Blue, light")

CUSTOM_FIELDS = tuple(
    Field(
        id=f"f8383a83-48e9-4d0d-a3bd-{index:012}",
        key=FieldKey(type_.name),
        name=f"my {type_}",
        type=type_,
        order=100 + index,
        options=tuple(FieldOption(colour, colour, order, colour) for order, colour in enumerate(COLOURS) if type_.has_options),
    )
    for index, type_ in enumerate(FieldType)
)
SITE_FIELDS = SiteFields(SITE, "US", system_fields(SITE) + CUSTOM_FIELDS)


def contact(name: str = "Tom", *addresses: tuple[IdentityType, str], **values: Any) -> Contact:
    """Return a contact. ``values`` are given by the names of :class:`FieldType`, such as ``INTEGER=3``."""
    return Contact(
        id=CONTACT_ID,
        site_id=SITE,
        name=name,
        create_time="2022-05-23T03:00:36.277Z",
        last_updated_time="2022-05-24T00:00:00.000Z",
        values={FieldKey(key): value for key, value in values.items()},
        identities=tuple(identity(type_, value, ordinal) for ordinal, (type_, value) in enumerate(addresses, start=1)),
        last_ordinal=len(addresses),
        version=1,
    )


def identity(type_: IdentityType, value: str, ordinal: int = 1, **details: Any) -> Identity:
    shown, normalised_value = identities.normalise(type_, value, SITE_FIELDS.region)
    return Identity(identity_id(CONTACT_ID, ordinal), type_, shown, normalised_value, **details)


def document(name: str = "Tom", *addresses: tuple[IdentityType, str], **values: Any) -> Document:
    """Return the document of such a contact."""
    return document_of(contact(name, *addresses, **values))
