"""Reads what a channel account sends from: a number, a short code, a name or a pool (docs/carriers.md, "Senders")."""

from __future__ import annotations

import re

from outreach import phone_numbers
from outreach.carriers import registry
from outreach.sites.models import POOLS, SHORT_CODE, Carrier, ChannelAccount, SenderType

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
# Digits with what people write between them are meant as a number, not as a name.
_DIGITS = re.compile(r"[0-9 ().+-]*")
_MAX_NAME_LENGTH = 11


def read_sender(carrier: Carrier, given: str) -> str:
    """Return a sender in its one spelling: a number in E.164 form, anything else as it is.

    Raises:
        ValueError: the carrier has no such senders. The message says what is wrong.
    """
    sender = given.strip()
    if pool := next((name for name, pattern in POOLS.items() if pattern.fullmatch(sender)), None):
        if pool is not carrier:
            raise ValueError(f"is {registry.entry(pool).pool_name}, but the carrier of the account is {carrier}")
        return sender
    if SHORT_CODE.fullmatch(sender):
        return sender
    return _read_number(sender) if _DIGITS.fullmatch(sender) else _read_name(carrier, sender)


def check_profile(account: ChannelAccount) -> None:
    """Check that an account names the pool (Telnyx: the messaging profile) that its carrier needs to send from a name.

    Raises:
        ValueError: it names none.
    """
    if account.sender_type is not SenderType.ALPHANUMERIC or not registry.entry(account.carrier).names_need_pool:
        return
    if not POOLS[account.carrier].fullmatch(account.carrier_account):
        pool = registry.entry(account.carrier).pool_name
        raise ValueError(f"must be the id of {pool}, because the carrier needs it to send from a name")


def _read_number(sender: str) -> str:
    number = phone_numbers.read_reported(sender)
    if not _NUMBER.fullmatch(number):
        raise ValueError("must be a number in E.164 form such as +15005550006, or a short code of 3 to 8 digits")
    return number


def _read_name(carrier: Carrier, sender: str) -> str:
    signs = registry.entry(carrier).name_characters
    if unknown := sorted({char for char in sender if not (char.isascii() and char.isalnum()) and char not in signs}):
        listed = "".join(f" {sign}" for sign in signs.strip())
        raise ValueError(f"has {' '.join(unknown)}, but a name at {carrier} may contain only letters, digits, spaces{listed}")
    if not any(map(str.isalpha, sender)):
        raise ValueError("must have at least one letter to be a name")
    if len(sender) > _MAX_NAME_LENGTH:
        raise ValueError(f"has {len(sender)} characters, but a name may have {_MAX_NAME_LENGTH} at most")
    return sender
