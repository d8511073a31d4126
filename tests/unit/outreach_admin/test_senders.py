"""What a channel account may send from, as people and carriers write it."""

from __future__ import annotations

import re

import pytest
from outreach_admin import senders

from outreach.sites.models import Carrier, ChannelAccount, SenderType

TWILIO, TELNYX = Carrier.TWILIO, Carrier.TELNYX
SERVICE, PROFILE = "MG" + "0aF3" * 8, "4001017c-8e05-4fe8-8d5b-d3c5c3a1f1e1"


@pytest.mark.parametrize(
    ("carrier", "given", "sender", "sender_type"),
    [
        (TWILIO, " +1 (500) 555-0006 ", "+15005550006", SenderType.NUMBER),
        (TWILIO, "688", "688", SenderType.SHORT_CODE),
        (TELNYX, " 68849", "68849", SenderType.SHORT_CODE),
        (TELNYX, "12345678", "12345678", SenderType.SHORT_CODE),
        (TWILIO, "A", "A", SenderType.ALPHANUMERIC),
        (TWILIO, "R&D+Co_1-2 x", None, None),
        (TWILIO, "R&D+Co_1-2", "R&D+Co_1-2", SenderType.ALPHANUMERIC),
        (TWILIO, "+1Shop", "+1Shop", SenderType.ALPHANUMERIC),
        (TELNYX, "My Shop 24", "My Shop 24", SenderType.ALPHANUMERIC),
        (TWILIO, SERVICE, SERVICE, SenderType.POOL),
        (TELNYX, PROFILE, PROFILE, SenderType.POOL),
        (TELNYX, PROFILE.upper(), PROFILE.upper(), SenderType.POOL),
    ],
)
def test_a_sender_has_one_spelling_and_one_type(
    carrier: Carrier, given: str, sender: str | None, sender_type: SenderType | None
) -> None:
    if sender is None:
        with pytest.raises(ValueError, match="at most"):
            senders.read_sender(carrier, given)
        return
    assert senders.read_sender(carrier, given) == sender
    assert ChannelAccount("1", "10000", carrier, sender, "", 1).sender_type is sender_type


@pytest.mark.parametrize(
    ("carrier", "given", "error"),
    [
        (TWILIO, "", "E.164"),
        (TWILIO, "12", "E.164"),
        (TWILIO, "123456789", "E.164"),
        (TWILIO, "15005550006", "E.164"),
        (TWILIO, "+0123456789", "E.164"),
        (TWILIO, "&_&", "letter"),
        (TWILIO, "Twelve chars", "12 characters"),
        (TWILIO, "Müller", "has ü"),
        (TWILIO, "a.b", "has ."),
        (TELNYX, "R&D", "has &"),
        (TWILIO, PROFILE, "a messaging profile of Telnyx"),
        (TELNYX, SERVICE, "a Messaging Service of Twilio"),
        (TWILIO, SERVICE[:-1], "33 characters"),
    ],
)
def test_what_no_carrier_would_send_from_is_refused_with_the_reason(carrier: Carrier, given: str, error: str) -> None:
    with pytest.raises(ValueError, match=re.escape(error)):
        senders.read_sender(carrier, given)
