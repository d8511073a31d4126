from __future__ import annotations

import pytest
from carrier_simulator import segments as simulated
from hypothesis import given
from hypothesis import strategies as st

from outreach.carriers.segments import Encoding, count, downgrade
from outreach.sites.models import Carrier

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("", GSM, 1),
        ("a" * 160, GSM, 1),
        ("a" * 161, GSM, 2),
        ("a" * 306, GSM, 2),
        ("a" * 307, GSM, 3),
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", GSM, 1),
        ("^{}\\[~]|\f" * 8 + "{" * 8, GSM, 1),
        ("^{}\\[~]|\f" * 8 + "{" * 8 + "a", GSM, 2),
        # The pair at the end of the first segment moves to the second, which is then full.
        ("a" * 152 + "{" + "a" * 151, GSM, 2),
        ("a" * 152 + "{" + "a" * 152, GSM, 3),
        ("ç", UCS, 1),
        ("`", UCS, 1),
        ("я" * 70, UCS, 1),
        ("я" * 71, UCS, 2),
        ("я" * 134, UCS, 2),
        ("я" * 135, UCS, 3),
        ("😀" * 35, UCS, 1),
        ("😀" * 36, UCS, 2),
        ("😀" * 66, UCS, 2),
        ("😀" * 67, UCS, 3),
        ("я" * 66 + "😀" + "я" * 65, UCS, 2),
        ("я" * 66 + "😀" + "я" * 66, UCS, 3),
    ],
)
def test_the_encoding_and_segments_of_a_text(text: str, encoding: Encoding, segments: int) -> None:
    for carrier in Carrier:
        counted = count(text, carrier)
        assert (counted.encoding, counted.count) == (encoding, segments)


@pytest.mark.parametrize(("carrier", "encoding", "segments"), [(Carrier.TWILIO, GSM, 1), (Carrier.TELNYX, UCS, 2)])
def test_telnyx_has_no_euro_sign_in_gsm_7(carrier: Carrier, encoding: Encoding, segments: int) -> None:
    counted = count("€" * 71, carrier)
    assert (counted.encoding, counted.count) == (encoding, segments)


@given(st.text(st.sampled_from("ab{€я😀é^ç"), max_size=400))
def test_the_simulator_counts_the_same_segments(text: str) -> None:
    """The simulator has its own implementation."""
    counted = count(text, Carrier.TWILIO)
    assert (counted.encoding, counted.count) == simulated.segments(text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain", "plain"),
        ("“Ada’s” – well… «yes»", '"Ada\'s" - well... "yes"'),
        ("10\u00a0000\u202fkm\tto\u200b go", "10 000 km to go"),
        ("it´s `so`", "it's 'so'"),
        ("“Ada” 😀", "“Ada” 😀"),
        ("„Zażółć” …", "„Zażółć” …"),
    ],
)
def test_typography_is_replaced_where_that_saves_segments(text: str, plain: str) -> None:
    assert downgrade(text, Carrier.TWILIO) == plain


def test_typography_is_kept_where_the_carrier_sends_ucs_2_anyway() -> None:
    assert downgrade("“5 €”", Carrier.TELNYX) == "“5 €”"
    assert downgrade("“5 €”", Carrier.TWILIO) == '"5 €"'
