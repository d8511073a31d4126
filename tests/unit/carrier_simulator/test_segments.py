from __future__ import annotations

import pytest
from carrier_simulator.segments import segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("GSM-7", 1)),
        ("a" * 160, ("GSM-7", 1)),
        ("a" * 161, ("GSM-7", 2)),
        ("a" * 306, ("GSM-7", 2)),
        ("a" * 307, ("GSM-7", 3)),
        ("€" * 80, ("GSM-7", 1)),
        # An escape pair is not split: the first segment holds only 152 septets.
        ("a" * 152 + "€" + "a" * 152, ("GSM-7", 3)),
        ("ё" * 70, ("UCS-2", 1)),
        ("ё" * 71, ("UCS-2", 2)),
        ("ё" * 66 + "😀" + "ё" * 66, ("UCS-2", 3)),
    ],
)
def test_a_text_has_an_encoding_and_a_number_of_segments(text: str, expected: tuple[str, int]) -> None:
    assert segments(text) == expected
