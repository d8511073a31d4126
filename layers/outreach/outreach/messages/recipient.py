"""The phone number that a contact's messages are sent to (docs/api.md, "Campaigns")."""

from __future__ import annotations

from dataclasses import dataclass

from outreach import phone_numbers
from outreach.contacts.models import Contact
from outreach.errors import ValidationFailed
from outreach.messages.status import SkipReason


@dataclass(frozen=True)
class RecipientNumber:
    """A contact's number, or the reason why it cannot be texted.

    Attributes:
        number: in E.164; as the client gave it when it is invalid; ``None`` when the contact has no SMS identity.
        skip: the reason to skip the contact, or ``None``.
    """

    number: str | None
    skip: SkipReason | None = None


def recipient_of(contact: Contact) -> RecipientNumber:
    """Return the number of the contact's first live SMS identity."""
    number = contact.recipient_number
    if number is None:
        return RecipientNumber(None, SkipReason.NO_RECIPIENT)
    return RecipientNumber(number, None if phone_numbers.is_valid_number(number) else SkipReason.INVALID_RECIPIENT)


def single_recipient(to: str, region: str) -> str:
    """Return the number that a single message is sent to: E.164, or as given if it begins with ``+``.

    The carrier may know a number with ``+`` that libphonenumber does not.

    Args:
        region: ISO 3166 code of the country in which numbers without a country code are read.

    Raises:
        ValidationFailed: the text is not a phone number, or is neither valid nor begins with ``+``.
    """
    number = phone_numbers.parse(to, region)
    if number is None or not (number.is_valid or number.text.startswith("+")):
        raise ValidationFailed.at("/to", "must be a valid phone number, such as +12125550123")
    return number.text
