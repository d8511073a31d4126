"""Counts the SMS segments of a text, which carriers charge for and limit per second (docs/carriers.md, "Segments").

The rules are those of 3GPP TS 23.038 and 23.040.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from outreach.carriers import gsm, registry
from outreach.sites.models import Carrier


class Encoding(StrEnum):
    """GSM-7 uses 7 bits per character of a small alphabet, UCS-2 16 bits for all other text."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


@dataclass(frozen=True)
class Segments:
    """The encoding of a text and its number of segments."""

    encoding: Encoding
    count: int


@dataclass(frozen=True)
class _Capacity:
    """How many characters fit into a segment; each segment of a longer message has a header of six bytes.

    Attributes:
        single: in a message of one segment.
        multipart: in each segment of a longer message.
    """

    single: int
    multipart: int


_CAPACITIES = {Encoding.GSM_7: _Capacity(160, 153), Encoding.UCS_2: _Capacity(70, 67)}

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
    """Return the encoding in which a carrier sends a text, and the number of segments (at least one)."""
    extension = registry.entry(carrier).gsm_extension
    if _is_gsm(text, extension):
        return _segments(Encoding.GSM_7, (2 if char in extension else 1 for char in text))
    return _segments(Encoding.UCS_2, (2 if ord(char) > 0xFFFF else 1 for char in text))


def downgrade(text: str, carrier: Carrier) -> str:
    """Replace typographic quotes, dashes, dots and spaces with plain ones if the text can then be sent as GSM-7."""
    plain = text.translate(_PLAIN)
    return plain if _is_gsm(plain, registry.entry(carrier).gsm_extension) else text


def _is_gsm(text: str, extension: frozenset[str]) -> bool:
    return all(char in gsm.BASIC or char in extension for char in text)


def _segments(encoding: Encoding, widths: Iterable[int]) -> Segments:
    """Count the segments of characters with these widths. A character of two units (escape or surrogate pair) is never split."""
    capacity = _CAPACITIES[encoding]
    total, segments, used = 0, 1, 0
    for width in widths:
        total += width
        if used + width > capacity.multipart:
            segments, used = segments + 1, 0
        used += width
    return Segments(encoding, 1 if total <= capacity.single else segments)
