"""Keywords of lists of contacts (docs/api.md, "Contacts")."""

from __future__ import annotations

import pytest

from outreach.contacts.listing import search
from outreach.contacts.models import IdentityType
from tests.unit.contacts.examples import document

ADA = document("Ada", (IdentityType.EMAIL, "Ada@Example.com"), (IdentityType.SMS, "+12125550123"))


@pytest.mark.parametrize(
    ("keyword", "is_found"),
    [
        ("mailto:<ada@example.com>;", True),
        ("+1 212 555 0123 ext. 9", True),
        ("2125550123.0", True),
        ("example.com.", False),
        ("<bob@example.com>", False),
        ("+1 212 555 0124 ext. 9", False),
    ],
)
def test_a_whole_address_is_found_in_every_spelling_of_it(keyword: str, is_found: bool) -> None:
    assert search.has_keyword(keyword, "US")(ADA) is is_found
