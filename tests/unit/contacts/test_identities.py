"""How identities are written and compared, and where messages go (contract, Contacts and Campaigns)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreach.contacts import identities, models
from outreach.contacts.models import IdentityType
from outreach.messages.recipient import Recipient, recipient
from outreach.messages.status import SkipReason
from tests.unit.contacts.examples import CONTACT_ID, contact, identity

SMS, EMAIL = IdentityType.SMS, IdentityType.EMAIL


@pytest.mark.parametrize(
    ("type_", "value", "region", "written", "normal"),
    [
        (EMAIL, " Tom@Example.COM ", "US", "Tom@Example.COM", "tom@example.com"),
        (SMS, "(212) 555-0123", "US", "+12125550123", "+12125550123"),
        (SMS, "0788 123 456", "RW", "+250788123456", "+250788123456"),
        (SMS, "+250788123456", "US", "+250788123456", "+250788123456"),
        (SMS, "+033214561", "US", "+033214561", "+033214561"),
        (IdentityType.WHATSAPP, "212-555-0123", "US", "+12125550123", "+12125550123"),
        (IdentityType.TELEGRAM, " @Tom ", "US", "@Tom", "@Tom"),
    ],
)
def test_identities_are_normalised_by_their_type(type_: IdentityType, value: str, region: str, written: str, normal: str) -> None:
    assert identities.normalise(type_, value, region) == (written, normal)


@pytest.mark.parametrize(("type_", "value"), [(SMS, "  "), (IdentityType.LINE, "a" * 401), (EMAIL, "tom")])
def test_what_is_no_identity_is_refused(type_: IdentityType, value: str) -> None:
    with pytest.raises(ValueError, match="must"):
        identities.normalise(type_, value, "US")


def test_an_identity_leads_to_its_contact() -> None:
    contact_id = models.new_contact_id()
    ids = {models.identity_id(contact_id, ordinal) for ordinal in range(1, models.MAX_IDENTITIES + 1)}
    assert len(ids) == models.MAX_IDENTITIES
    assert {models.contact_of_identity(id_) for id_ in ids} == {contact_id}


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([], Recipient(None, SkipReason.NO_RECIPIENT)),
        ([(EMAIL, "tom@example.com")], Recipient(None, SkipReason.NO_RECIPIENT)),
        ([(EMAIL, "tom@example.com"), (SMS, "212 555 0123"), (SMS, "212 555 0124")], Recipient("+12125550123")),
        ([(SMS, "+033214561"), (SMS, "212 555 0124")], Recipient("+033214561", SkipReason.INVALID_RECIPIENT)),
        ([(SMS, "12345")], Recipient("+112345", SkipReason.INVALID_RECIPIENT)),
    ],
)
def test_messages_go_to_the_first_sms_identity(addresses: list[tuple[IdentityType, str]], expected: Recipient) -> None:
    assert recipient(contact("Tom", *addresses)) == expected


def test_messages_never_go_to_a_deleted_identity() -> None:
    gone, live = identity(SMS, "212 555 0123", is_deleted=True), identity(SMS, "212 555 0124", 2)
    assert recipient(replace(contact(), id=CONTACT_ID, identities=(gone, live))).number == "+12125550124"
