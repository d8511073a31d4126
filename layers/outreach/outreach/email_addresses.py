"""E-mail addresses as people type them (docs/api.md, "Text, numbers and addresses").

``email-validator`` checks them without asking the DNS. It is imported with the first address, because it is slow to import.
"""

from __future__ import annotations

import re
from functools import lru_cache

from outreach import text

_MAILTO = re.compile(r"mailto:", re.IGNORECASE)
_BEFORE, _AFTER = "<\"'“”‘’«» ", ">\"'“”‘’«» .,;"
# The limit of SMTP (RFC 5321, 4.5.3.1.3). The library also checks it, but only after slower steps.
_MAX_LENGTH = 254


def parse(given: str) -> str:
    """Return an e-mail address without what surrounds it, in the case given.

    Raises:
        ValueError: the text is not an e-mail address. The message says so.
    """
    address = _without_surroundings(text.normalise(given))
    if len(address) > _MAX_LENGTH or not _is_address(address):
        raise ValueError("must be an e-mail address such as tom@example.com")
    return address


def _without_surroundings(given: str) -> str:
    address = given.rstrip(_AFTER).lstrip(_BEFORE)
    return _MAILTO.sub("", address, count=1).lstrip(_BEFORE) if _MAILTO.match(address) else address


@lru_cache(maxsize=4096)  # a row of an import, or a request, reads each address several times
def _is_address(address: str) -> bool:
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return False
    return True
