"""How an identity is written and compared (contract, Contacts: (type, normalised value) is unique in a site)."""

from __future__ import annotations

import phonenumbers

from outreach.contacts.models import IdentityType
from outreach.contacts.values import FieldType, read

MAX_VALUE = 400  # a marker's key holds the value, in at most 2,048 bytes

_NUMBERS = (IdentityType.SMS, IdentityType.WHATSAPP)


def normalise(type_: IdentityType, value: str, region: str) -> tuple[str, str]:
    """An identity's value as it is written, and as it is compared.

    Numbers become E.164; one that libphonenumber can't parse is kept as given. E-mail is compared without regard to case and
    written as given.

    Args:
        region: ISO 3166 region that national numbers are read in.

    Raises:
        ValueError: the value is blank or too long, or an e-mail identity's is no e-mail address.
    """
    written = value.strip()
    if not written or len(written) > MAX_VALUE:
        raise ValueError(f"must have 1 to {MAX_VALUE} characters")
    if type_ in _NUMBERS:
        written = e164(written, region) or written
    if type_ is IdentityType.EMAIL:
        read(written, FieldType.EMAIL)
        return written, written.casefold()
    return written, written


def e164(number: str, region: str) -> str | None:
    """The number in E.164, or ``None`` when libphonenumber can't parse it."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def is_valid_number(number: str) -> bool:
    """Whether a carrier could know the number, in E.164."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False
