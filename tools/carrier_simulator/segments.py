"""Counts the SMS segments of a text (3GPP TS 23.038 alphabets; 160/153 septets, 70/67 UCS-2 units)."""

from __future__ import annotations

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("\f^{}\\[~]|€")


def segments(text: str, extended: frozenset[str] = GSM_EXTENDED) -> tuple[str, int]:
    """Return the encoding (``GSM-7`` or ``UCS-2``) and the number of segments of a text.

    Segments never split an escape pair or a surrogate pair.

    Args:
        extended: the characters that the carrier sends as a GSM-7 escape pair.
    """
    if all(char in GSM_BASIC or char in extended for char in text):
        return "GSM-7", _count([2 if char in extended else 1 for char in text], single=160, part=153)
    return "UCS-2", _count([2 if ord(char) > 0xFFFF else 1 for char in text], single=70, part=67)


def _count(widths: list[int], *, single: int, part: int) -> int:
    if sum(widths) <= single:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > part:
            count, used = count + 1, 0
        used += width
    return count
