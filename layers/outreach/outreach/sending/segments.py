"""How many SMS a text takes, which is what carriers charge for and pace by (3GPP TS 23.038 and 23.040)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from outreach.sites.models import Carrier


class Encoding(StrEnum):
    """GSM-7 has 7 bits a character for one small alphabet, UCS-2 16 bits for everything else."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True)
class Segments:
    encoding: Encoding
    count: int


@dataclass(frozen=True)
class _Capacity:
    """Characters in a message of one segment, and in each segment of a longer one: their header takes six bytes."""

    alone: int
    joined: int


_CAPACITIES = {Encoding.GSM_7: _Capacity(160, 153), Encoding.UCS_2: _Capacity(70, 67)}

# 3GPP TS 23.038, section 6.2.1, in the order of the table, its escape left out.
_GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Section 6.2.1.1: characters of two septets.
_GSM_EXTENSION = frozenset("\f^{}\\[~]|€")
_EXTENSIONS = {Carrier.TWILIO: _GSM_EXTENSION, Carrier.TELNYX: _GSM_EXTENSION - {"€"}}

_TYPOGRAPHY = {
    "'": "‘’‚‛′`´",
    '"': "“”„‟″«»",
    "-": "‐‑‒–—―−",
    "...": "…",
    "<": "‹",
    ">": "›",
    " ": "\t\u00a0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "\n": "\u2028\u2029",
    "": "\u200b\u2060\ufeff\u00ad",
}
_PLAIN = str.maketrans({fancy: plain for plain, characters in _TYPOGRAPHY.items() for fancy in characters})


def count(text: str, carrier: Carrier) -> Segments:
    """The encoding that ``carrier`` sends ``text`` in, and its number of segments (at least one)."""
    extension = _EXTENSIONS[carrier]
    if _is_gsm(text, extension):
        return Segments(Encoding.GSM_7, _fill(_CAPACITIES[Encoding.GSM_7], (2 if char in extension else 1 for char in text)))
    return Segments(Encoding.UCS_2, _fill(_CAPACITIES[Encoding.UCS_2], (2 if ord(char) > 0xFFFF else 1 for char in text)))


def downgrade(text: str, carrier: Carrier) -> str:
    """``text`` with plain quotes, dashes, dots and spaces, if that makes it GSM-7; else as it is, for nothing is won then."""
    plain = text.translate(_PLAIN)
    return plain if _is_gsm(plain, _EXTENSIONS[carrier]) else text


def _is_gsm(text: str, extension: frozenset[str]) -> bool:
    return all(char in _GSM_BASIC or char in extension for char in text)


def _fill(capacity: _Capacity, widths: Iterable[int]) -> int:
    """Segments that characters of these widths fill. One of two units (an escape or surrogate pair) is never split."""
    total, segments, used = 0, 1, 0
    for width in widths:
        total += width
        if used + width > capacity.joined:
            segments, used = segments + 1, 0
        used += width
    return 1 if total <= capacity.alone else segments
