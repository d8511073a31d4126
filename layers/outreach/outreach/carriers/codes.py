"""The error codes of each carrier. Apart from the registry, because who explains a code needs no library of a client."""

from __future__ import annotations

from outreach.carriers import telnyx_codes, twilio_codes
from outreach.carriers.error_scopes import CodeTable
from outreach.sites.models import Carrier

_TABLES = {Carrier.TWILIO: twilio_codes.CODES, Carrier.TELNYX: telnyx_codes.CODES}


def of_carrier(carrier: Carrier) -> CodeTable:
    """Return the known codes of a carrier."""
    return _TABLES[carrier]
