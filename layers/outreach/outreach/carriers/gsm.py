"""The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038)."""

from __future__ import annotations

# Section 6.2.1, in the order of the table, without the escape character.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Section 6.2.1.1: each of these characters takes two septets.
EXTENSION = frozenset("\f^{}\\[~]|€")
