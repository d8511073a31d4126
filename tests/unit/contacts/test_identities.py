"""The normalisation of identities, and the recipient numbers of contacts (docs/api.md, "Contacts" and "Campaigns")."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.contacts import identities, identity_uniqueness, models
from outreach.contacts.models import IdentityType
from outreach.messages.recipient import RecipientNumber, recipient_of
from outreach.messages.status import SkipReason
from tests.unit.contacts.examples import CONTACT_ID, contact, identity

SMS, EMAIL = IdentityType.SMS, IdentityType.EMAIL


@pytest.mark.parametrize(
    ("type_", "value", "region", "shown", "normalised_value"),
    [
        (EMAIL, " Tom@Example.COM ", "US", "Tom@Example.COM", "tom@example.com"),
        (EMAIL, "<mailto:Zoe\u0308@Example.com>;", "US", "Zo\u00eb@Example.com", "zo\u00eb@example.com"),
        (SMS, "(212) 555-0123", "US", "+12125550123", "+12125550123"),
        (SMS, "0788 123 456", "RW", "+250788123456", "+250788123456"),
        (SMS, "+250788123456", "US", "+250788123456", "+250788123456"),
        (SMS, "+033214561", "US", "+033214561", "+033214561"),
        (SMS, "447911123456", "US", "447911123456", "447911123456"),
        (SMS, "+1 (212) 555-0123 ext. 9", "US", "+12125550123", "+12125550123"),
        (IdentityType.WHATSAPP, "212-555-0123", "US", "+12125550123", "+12125550123"),
        (IdentityType.TELEGRAM, " @Tom\ufeff ", "US", "@Tom", "@Tom"),
        (IdentityType.EXTERNAL_ID, "Cafe\u0301  1", "US", "Caf\u00e9  1", "Caf\u00e9  1"),
    ],
)
def test_identities_are_normalised_by_their_type(
    type_: IdentityType, value: str, region: str, shown: str, normalised_value: str
) -> None:
    assert identities.normalise(type_, value, region) == (shown, normalised_value)


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (SMS, "  "),
        (SMS, "Tom"),
        (SMS, "2125550123 (mobile)"),
        (IdentityType.WHATSAPP, "+12125550123 Tom"),
        (IdentityType.LINE, "a" * 2_001),
        (EMAIL, "tom"),
        (EMAIL, "ΐ" * 390 + "@x.example"),
    ],
)
def test_an_invalid_identity_is_refused(type_: IdentityType, value: str) -> None:
    with pytest.raises(ValueError, match="must"):
        identities.normalise(type_, value, "US")


@pytest.mark.parametrize("value", ["n/a", "NULL", "0", "-", "#N/A", "1.23457E+15", "1,23457E+15"])
@pytest.mark.parametrize("type_", IdentityType)
def test_no_identity_is_a_placeholder_or_a_rounded_number(type_: IdentityType, value: str) -> None:
    with pytest.raises(ValueError, match=r"placeholder|rounded"):
        identities.normalise(type_, value, "US")


@given(st.sampled_from(IdentityType), st.text(max_size=2_100) | st.text("ΐß\u0344\U0001d160a@.", max_size=2_100))
def test_any_value_is_refused_or_fits_into_a_key_and_is_stable(type_: IdentityType, value: str) -> None:
    try:
        shown, normalised_value = identities.normalise(type_, value, "US")
    except ValueError:
        return
    assert identities.normalise(type_, shown, "US") == (shown, normalised_value)
    key = identity_uniqueness.item_key("s" * 64, (type_, normalised_value))
    assert len(key["pk"].encode()) <= 2048


def test_long_values_have_keys_of_their_own() -> None:
    values = [letter * length for letter in "aΐ" for length in (1_800, 1_801, 2_000)]
    keys = {identity_uniqueness.item_key("10000", (IdentityType.LINE, value))["pk"] for value in values}
    assert len(keys) == len(values)
    assert identity_uniqueness.item_key("10000", (IdentityType.LINE, "a"))["pk"] == "SITE#10000#IDENTITY#line#a"


def test_an_identity_id_leads_to_its_contact() -> None:
    contact_id = models.new_contact_id()
    ids = {models.identity_id(contact_id, ordinal) for ordinal in range(1, models.MAX_IDENTITIES + 1)}
    assert len(ids) == models.MAX_IDENTITIES
    assert {models.contact_of_identity(id_) for id_ in ids} == {contact_id}


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([], RecipientNumber(None, SkipReason.NO_RECIPIENT)),
        ([(EMAIL, "tom@example.com")], RecipientNumber(None, SkipReason.NO_RECIPIENT)),
        ([(EMAIL, "tom@example.com"), (SMS, "212 555 0123"), (SMS, "212 555 0124")], RecipientNumber("+12125550123")),
        ([(SMS, "+033214561"), (SMS, "212 555 0124")], RecipientNumber("+033214561", SkipReason.INVALID_RECIPIENT)),
        ([(SMS, "12345")], RecipientNumber("12345", SkipReason.INVALID_RECIPIENT)),
    ],
)
def test_messages_go_to_the_first_sms_identity(addresses: list[tuple[IdentityType, str]], expected: RecipientNumber) -> None:
    assert recipient_of(contact("Tom", *addresses)) == expected


def test_messages_never_go_to_a_deleted_identity() -> None:
    deleted, live = identity(SMS, "212 555 0123", is_deleted=True), identity(SMS, "212 555 0124", 2)
    assert recipient_of(replace(contact(), id=CONTACT_ID, identities=(deleted, live))).number == "+12125550124"
