"""Contact fields and a site's schema: which fields there are, and what a contact's values must satisfy."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from outreach.contacts.models import FieldKey, IdentityType
from outreach.contacts.values import FieldType, Options, Value, read

# The contact's own properties: no field may have such a name, or filters and columns would be ambiguous.
PROPERTIES = ("id", "name", "createTime", "lastUpdatedTime", "mergeToContactId", "customFields", "contactIdentities")

LAST = -1  # the order of a new field that is to come after the others

# name, type, length, in their order. Contract, Contacts: "System fields exist in every site from the start".
_SYSTEM_FIELDS: tuple[tuple[str, FieldType, int | None], ...] = (
    ("firstName", FieldType.TEXT, 256),
    ("lastName", FieldType.TEXT, 256),
    ("description", FieldType.TEXT_AREA, 2048),
    ("alias", FieldType.TEXT, 256),
    ("title", FieldType.TEXT, 256),
    ("company", FieldType.TEXT, 256),
    ("fax", FieldType.TEXT, 256),
    ("phone", FieldType.TEXT, 256),
    ("mailingAddress", FieldType.TEXT, 512),
    ("city", FieldType.TEXT, 256),
    ("stateOrProvince", FieldType.TEXT, 256),
    ("countryOrRegion", FieldType.TEXT, 256),
    ("postalOrZipCode", FieldType.TEXT, 256),
    ("timeZone", FieldType.TIMEZONE, None),
)
_SYSTEM_NAMESPACE = uuid.UUID("5c2d1a3e-2f0b-5d0e-9a53-0d6f0e7f6a11")


@dataclass(frozen=True)
class FieldOption:
    id: str
    value: str
    order: int
    display_text: str


@dataclass(frozen=True)
class Field:
    """One field of a site's contacts.

    Attributes:
        key: where contacts keep the field's values. A new field has a new key, so that deleting one makes its values disappear
            everywhere without touching a contact.
        identity_type: set when the field stands for the contact's identities of that type.
        length: the most characters of a text; ``None`` is the limit of every text.
    """

    id: str
    key: FieldKey
    name: str
    type: FieldType
    is_system: bool = False
    identity_type: IdentityType | None = None
    is_required: bool = False
    is_visible: bool = True
    is_read_only: bool = False
    length: int | None = None
    help_text: str = ""
    default_value: str = ""
    order: int = 0
    options: tuple[FieldOption, ...] = ()

    @property
    def option_values(self) -> Options:
        return tuple(option.value for option in sorted(self.options, key=lambda option: option.order))

    def read(self, given: Any) -> Value | None:
        """See :func:`outreach.contacts.values.read`."""
        return read(given, self.type, self.option_values, self.length)


@dataclass(frozen=True)
class Schema:
    """All fields of a site, the region that its national numbers are read in, and how many contacts it may have."""

    site_id: str
    region: str
    fields: tuple[Field, ...]
    version: int = 0
    max_contacts: int | None = None

    @cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {field.name.casefold(): field for field in self.fields}

    @cached_property
    def custom(self) -> tuple[Field, ...]:
        """The fields that hold values (all but the identity fields), in their order."""
        return tuple(field for field in self.ordered if field.identity_type is None)

    @property
    def ordered(self) -> list[Field]:
        return sorted(self.fields, key=lambda field: (field.order, field.id))

    def find(self, name: str) -> Field | None:
        """The field of that name, in any case."""
        return self._by_name.get(name.strip().casefold())

    def by_id(self, field_id: str) -> Field | None:
        return next((field for field in self.fields if field.id == field_id), None)

    def named(self, values: Mapping[FieldKey, Any]) -> dict[str, Any]:
        """A contact's values by the names of the fields; those of deleted fields are left out."""
        return {field.name: values[field.key] for field in self.custom if field.key in values}


def system_fields(site_id: str) -> tuple[Field, ...]:
    """The fields that each site has from the start, with ids that are the same at every call."""
    plain = [
        Field(_system_id(site_id, name), FieldKey(name), name, type_, is_system=True, length=length, order=order)
        for order, (name, type_, length) in enumerate(_SYSTEM_FIELDS)
    ]
    return (*plain, *(_identity_field(site_id, type_, order) for order, type_ in enumerate(IdentityType, start=len(plain))))


def new_key(field_id: str) -> FieldKey:
    """48 random bits of the field's id: enough to tell fields apart, in a third of the room."""
    return FieldKey(field_id[-12:])


def replaced(fields: Iterable[Field], changed: Field) -> tuple[Field, ...]:
    """The fields with one of them changed."""
    return tuple(changed if field.id == changed.id else field for field in fields)


def _identity_field(site_id: str, type_: IdentityType, order: int) -> Field:
    shape = FieldType.EMAIL if type_ is IdentityType.EMAIL else FieldType.TEXT
    return Field(
        _system_id(site_id, type_.value),
        FieldKey(type_.value),
        type_.value,
        shape,
        is_system=True,
        identity_type=type_,
        order=order,
    )


def _system_id(site_id: str, name: str) -> str:
    return str(uuid.uuid5(_SYSTEM_NAMESPACE, f"{site_id}/{name}"))
