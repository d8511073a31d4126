"""Contact fields: the system fields that every site has, and all fields of a site."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from outreach import text
from outreach.contacts.field_values import FieldType, Options, Value, converted, parse
from outreach.contacts.models import FieldKey, IdentityType
from outreach.phone_numbers import NumberFormat

# The properties of a contact.
CONTACT_PROPERTIES = (
    *("id", "name", "createTime", "lastUpdatedTime", "mergeToContactId", "customFields", "contactIdentities"),
    "isOptedOut",
)
# The last column of the file of failed rows, which an import ignores.
IMPORT_ERROR = "importError"
# No field may have one of these names, however spaced, or filters and file columns would be ambiguous.
RESERVED_NAMES = frozenset(map(text.compact_key, (*CONTACT_PROPERTIES, IMPORT_ERROR)))

LAST = -1  # the ``order`` of a new field that is placed after all others

# Name, type and length, in their order (docs/api.md, "Contacts").
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
    """An option of a field of type radio, dropdownlist or checkboxlist."""

    id: str
    value: str
    order: int
    display_text: str


@dataclass(frozen=True)
class Field:
    """One field of a site's contacts.

    Attributes:
        key: the key of the field's values in contacts. Each new field gets a new key, so deleting a field hides its values in all
            contacts without a write to any of them.
        identity_type: set if the field represents the contact's identities of that type.
        length: the maximum number of characters of a text; ``None`` for the general limit of texts.
        is_retyped: whether the field had another type before, so that contacts may have values of that type.
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
    is_retyped: bool = False

    @property
    def option_values(self) -> Options:
        return tuple(option.value for option in sorted(self.options, key=lambda option: option.order))

    def parse(self, value: Any) -> Value | None:
        """Convert a value from a client; see :func:`outreach.contacts.field_values.parse`."""
        return parse(value, self.type, self.option_values, self.length)

    def value_in(self, values: Mapping[Any, Any]) -> Value | None:
        """Return the field's value among a contact's stored values, in the field's present type; ``None`` if there is none."""
        value: Value | None = values.get(self.key)
        if value is None or not self.is_retyped:
            return value
        return converted(value, self.type, self.option_values)


@dataclass(frozen=True)
class SiteFields:
    """All fields of a site, with the site's settings that apply to contacts.

    Attributes:
        region: ISO 3166 code of the country in which national phone numbers are read.
        version: incremented by each change of the fields.
        max_contacts: the site's limit of contacts; ``None`` for no limit.
        number_format: how phone numbers without ``+`` are read, if an import says so; see :func:`outreach.phone_numbers.parse`.
    """

    site_id: str
    region: str
    fields: tuple[Field, ...]
    version: int = 0
    max_contacts: int | None = None
    number_format: NumberFormat | None = None

    @cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {text.comparison_key(field.name): field for field in self.fields}

    @cached_property
    def value_fields(self) -> tuple[Field, ...]:
        """The fields that hold values, which are all but the identity fields, in their order."""
        return tuple(field for field in self.ordered if field.identity_type is None)

    @cached_property
    def ordered(self) -> tuple[Field, ...]:
        """The fields by their ``order``."""
        return tuple(sorted(self.fields, key=lambda field: (field.order, field.id)))

    def find(self, name: str) -> Field | None:
        """Return the field with a name, compared as text."""
        return self._by_name.get(text.comparison_key(name))

    def by_id(self, field_id: str) -> Field | None:
        return next((field for field in self.fields if field.id == field_id), None)

    def values_by_name(self, values: Mapping[FieldKey, Any]) -> dict[str, Any]:
        """Return a contact's values by the names of their fields, without the values of deleted fields."""
        named = ((field.name, field.value_in(values)) for field in self.value_fields)
        return {name: value for name, value in named if value is not None}


def system_fields(site_id: str) -> tuple[Field, ...]:
    """Return the fields that every site has from the start. Their ids never change."""
    value_fields = [
        Field(_system_id(site_id, name), FieldKey(name), name, type_, is_system=True, length=length, order=order)
        for order, (name, type_, length) in enumerate(_SYSTEM_FIELDS)
    ]
    identity_fields = (_identity_field(site_id, type_, order) for order, type_ in enumerate(IdentityType, len(value_fields)))
    return (*value_fields, *identity_fields)


def new_key(field_id: str) -> FieldKey:
    """Return a field's key: 48 random bits of its id, which are unique enough and take a third of the space."""
    return FieldKey(field_id[-12:])


def replace_field(fields: Iterable[Field], changed: Field) -> tuple[Field, ...]:
    """Return the fields with ``changed`` in place of the field that has its id."""
    return tuple(changed if field.id == changed.id else field for field in fields)


def _identity_field(site_id: str, type_: IdentityType, order: int) -> Field:
    field_type = FieldType.EMAIL if type_ is IdentityType.EMAIL else FieldType.TEXT
    return Field(
        _system_id(site_id, type_.value),
        FieldKey(type_.value),
        type_.value,
        field_type,
        is_system=True,
        identity_type=type_,
        order=order,
    )


def _system_id(site_id: str, name: str) -> str:
    return str(uuid.uuid5(_SYSTEM_NAMESPACE, f"{site_id}/{name}"))
