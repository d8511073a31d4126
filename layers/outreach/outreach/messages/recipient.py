"""Where a contact's messages go (contract, Campaigns: the first live SMS identity)."""

from __future__ import annotations

from dataclasses import dataclass

from outreach.contacts.identities import is_valid_number
from outreach.contacts.models import Contact, IdentityType
from outreach.messages.status import SkipReason


@dataclass(frozen=True)
class Recipient:
    """``number`` in E.164, or as given when ``skip`` says that it is none; no number at all when there is no identity."""

    number: str | None
    skip: SkipReason | None = None


def recipient(contact: Contact) -> Recipient:
    """The contact's first live SMS identity."""
    numbers = (identity.normal for identity in contact.live_identities if identity.type is IdentityType.SMS)
    number = next(numbers, None)
    if number is None:
        return Recipient(None, SkipReason.NO_RECIPIENT)
    return Recipient(number, None if is_valid_number(number) else SkipReason.INVALID_RECIPIENT)
