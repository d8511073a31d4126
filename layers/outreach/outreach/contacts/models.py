"""A contact and its identities."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

# Where a custom field's values stand in a contact. Neither a field's name (it may change) nor its long id.
FieldKey = NewType("FieldKey", str)

MAX_IDENTITIES = 500
_ORDINAL = re.compile(r"[0-9a-f]{4}$")


class IdentityType(StrEnum):
    """The specification's identity types, spelt its way."""

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
        id: see :func:`identity_id`; it stays the same when a merge moves the identity to another contact.
        value: as it is written.
        normal: as it is compared; unique, with the type, among the live identities of a site.
        is_deleted: kept for display only: neither unique, nor found, nor sent to.
    """

    id: str
    type: IdentityType
    value: str
    normal: str
    name: str = ""
    avatar_url: str = ""
    info_url: str = ""
    screen_name: str = ""
    original_contact_page_url: str = ""
    is_deleted: bool = False

    @property
    def mark(self) -> tuple[IdentityType, str]:
        """What must be unique in a site."""
        return self.type, self.normal


@dataclass(frozen=True)
class Contact:
    """One person.

    Attributes:
        create_time: ``YYYY-MM-DDTHH:MM:SS.mmmZ``, like every time here.
        values: what the fields hold, by :data:`FieldKey`, as ``outreach.contacts.values`` reads it; empty fields are left out.
        last_ordinal: of the identities that were ever added, so that no identity's id is given twice.
        merged_ids: the contacts that were merged into this one, directly or through another.
        merged_to: the contact that this one was merged into; ``None`` for a live contact.
        version: raised by each write; 0 before the first.
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

    @property
    def first_name(self) -> str | None:
        return self.values.get(FieldKey("firstName"))

    @property
    def last_name(self) -> str | None:
        return self.values.get(FieldKey("lastName"))

    @property
    def time_zone(self) -> str | None:
        """IANA name, or ``None``."""
        return self.values.get(FieldKey("timeZone"))

    @property
    def live_identities(self) -> tuple[Identity, ...]:
        return tuple(identity for identity in self.identities if not identity.is_deleted)


def new_contact_id(source: uuid.UUID | None = None) -> str:
    """A contact's id: a UUID (``source``, or a random one) whose last 16 bits are zero, which leaves them to its identities."""
    return f"{str(source or uuid.uuid4())[:-4]}0000"


def identity_id(contact_id: str, ordinal: int) -> str:
    """The id of the contact's ``ordinal``-th identity, counted from 1.

    It is the contact's id with the last 16 bits counted up: so the way from an identity to its contact needs neither an index
    nor an item of its own, which would cost every new contact a write per identity.
    """
    return _ORDINAL.sub(f"{ordinal:04x}", contact_id)


def contact_of_identity(identity: str) -> str:
    """The contact that an identity was added to; after a merge a tombstone that leads to the survivor."""
    return _ORDINAL.sub("0000", identity)
