"""Normalisation of identities. (type, normalised value) is unique in a site (docs/api.md, "Contacts")."""

from __future__ import annotations

from outreach import email_addresses, phone_numbers, placeholders, text
from outreach.contacts.models import IdentityType
from outreach.phone_numbers import NumberFormat

PHONE_NUMBERS = (IdentityType.SMS, IdentityType.WHATSAPP)


def normalise(type_: IdentityType, value: str, region: str, number_format: NumberFormat | None = None) -> tuple[str, str]:
    """Return an identity's value as responses show it, and its normalised value, by which it is compared.

    A phone number becomes E.164; one that is not valid stays as given. An e-mail address is compared regardless of case and shown
    as given. All others are ids of other systems and compare exactly.

    Args:
        region: ISO 3166 code of the country in which national phone numbers are read.
        number_format: see :func:`outreach.phone_numbers.parse`.

    Raises:
        ValueError: the value is blank, too long, no text, a placeholder, a rounded number, or not what the type demands.
    """
    shown = text.normalise(value)
    _require_value(shown)
    if type_ in PHONE_NUMBERS:
        shown = _phone_number(shown, region, number_format)
    if type_ is IdentityType.EMAIL:
        shown = email_addresses.parse(shown)
    normal = text.comparison_key(shown) if type_ is IdentityType.EMAIL else shown
    return shown, normal


def _require_value(shown: str) -> None:
    if not shown or len(shown) > text.MAX_CHARACTERS:
        raise ValueError(f"must have 1 to {text.MAX_CHARACTERS:,} characters")
    text.require_text(shown)
    if placeholders.is_placeholder(shown):
        raise ValueError("must not be a placeholder for a missing value, such as n/a")
    if placeholders.is_rounded_number(shown):
        raise ValueError("was rounded by a spreadsheet; format its column as text, and enter the whole number")


def _phone_number(shown: str, region: str, number_format: NumberFormat | None) -> str:
    number = phone_numbers.parse(shown, region, number_format)
    if number is None:
        raise ValueError("must be one phone number and nothing else, such as +12125550123; put notes into another field")
    return number.text
