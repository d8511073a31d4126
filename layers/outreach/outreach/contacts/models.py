"""Contacts and their identities."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

# The key of a field's value in a contact: shorter than the field's id and, unlike the field's name, never changed.
FieldKey = NewType("FieldKey", str)

MAX_IDENTITIES = 500
_ORDINAL = re.compile(r"[0-9a-f]{4}$")


class IdentityType(StrEnum):
    """Where an identity addresses a contact. The values are those of the API."""

    VISITOR = "visitor"
    EMAIL = "email"
    SMS = "SMS"
    FACEBOOK = "facebook"
    TWITTER = "twitter"
    WECHAT = "wechat"
    SSOID = "SSOID"
    EXTERNAL_ID = "externalID"
    WHATSAPP = "whatsApp"
    INSTAGRAM = "instagram"
    TELEGRAM = "telegram"
    LINE = "line"


@dataclass(frozen=True)
class Identity:
    """One address of a contact.

    Attributes:
        id: see :func:`identity_id`. It stays the same when a merge moves the identity to another contact.
        value: the value as responses show it.
        normalised_value: the value as it is compared. Together with the type it is unique among a site's live identities.
        is_deleted: whether the identity is only displayed: it is not unique, not found and receives no messages.
    """

    id: str
    type: IdentityType
    value: str
    normalised_value: str
    name: str = ""
    avatar_url: str = ""
    info_url: str = ""
    screen_name: str = ""
    original_contact_page_url: str = ""
    is_deleted: bool = False

    @property
    def key(self) -> tuple[IdentityType, str]:
        """The identity key, which is unique among a site's live identities."""
        return self.type, self.normalised_value


@dataclass(frozen=True)
class Contact:
    """A contact, or the tombstone of one that was merged into another.

    Attributes:
        create_time: formatted ``YYYY-MM-DDTHH:MM:SS.mmmZ``, like every time in this package.
        values: the values of the fields by :data:`FieldKey`, as :mod:`outreach.contacts.field_values` returns them. Empty fields
            are absent.
        last_ordinal: the ordinal of the last identity ever added. It ensures that no identity id is assigned twice.
        merged_ids: the contacts that were merged into this one, directly or through another.
        merged_to: the contact that this one was merged into; ``None`` for a live contact.
        version: incremented by each write; 0 before the first.
        import_mark: the import that wrote the contact last; see :mod:`outreach.imports.import_marks`. Empty if none has. It
            outlives later writes, but names the version that it belongs to.
    """

    id: str
    site_id: str
    name: str
    create_time: str
    last_updated_time: str
    values: Mapping[FieldKey, Any] = field(default_factory=dict)
    identities: tuple[Identity, ...] = ()
    last_ordinal: int = 0
    merged_ids: tuple[str, ...] = ()
    merged_to: str | None = None
    version: int = 0
    import_mark: str = ""

    @property
    def first_name(self) -> str | None:
        return self.values.get(FieldKey("firstName"))

    @property
    def last_name(self) -> str | None:
        return self.values.get(FieldKey("lastName"))

    @property
    def time_zone(self) -> str | None:
        """The IANA name of the contact's time zone."""
        return self.values.get(FieldKey("timeZone"))

    @property
    def recipient_number(self) -> str | None:
        """The number that messages go to: that of the first live SMS identity, which need not be valid."""
        numbers = (identity.normalised_value for identity in self.live_identities if identity.type is IdentityType.SMS)
        return next(numbers, None)

    @property
    def live_identities(self) -> tuple[Identity, ...]:
        return tuple(identity for identity in self.identities if not identity.is_deleted)


def new_contact_id(source: uuid.UUID | None = None) -> str:
    """Return a UUID whose last 16 bits are zero, because :func:`identity_id` uses them.

    Args:
        source: the UUID to derive the id from; a random one if omitted.
    """
    return f"{str(source or uuid.uuid4())[:-4]}0000"


def identity_id(contact_id: str, ordinal: int) -> str:
    """Return the id of the contact's ``ordinal``-th identity, counted from 1.

    It is the contact's id with the ordinal in the last 16 bits. An identity's id therefore leads to its contact without an index,
    which would cost one more write per identity.
    """
    return _ORDINAL.sub(f"{ordinal:04x}", contact_id)


def contact_of_identity(identity: str) -> str:
    """Return the id of the contact that an identity was added to. After a merge, that contact is a tombstone."""
    return _ORDINAL.sub("0000", identity)
