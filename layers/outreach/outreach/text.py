"""Text as people type it: normalised, compared and sorted in one way (docs/api.md, "Text, numbers and addresses")."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

# The limits of strings that have no other one (docs/api.md, "JSON and HTTP").
MAX_NAME = 256
MAX_CHARACTERS = 2_000

# Byte-order mark, zero-width space, word joiner and bidirectional controls. ZWJ and ZWNJ have a meaning and stay.
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B, 0x2060, 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], None)
# Latin letters without a decomposition, as they sort.
_BASE_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
# White space, controls, format characters such as the zero-width joiner, and surrogates.
_INVISIBLE_CATEGORIES = ("Zs", "Zl", "Zp", "Cc", "Cf", "Cs")
# Letters and symbols that show nothing, the fillers of Hangul and the blank of Braille, and the selectors of variants.
_BLANK = frozenset(map(chr, [0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, *range(0xFE00, 0xFE10)]))
# Control characters, line and paragraph separators, and surrogates.
_NOT_IN_NAMES = ("Cc", "Zl", "Zp", "Cs")


def normalise(text: str) -> str:
    """Return the text in Unicode NFC, without invisible characters, and without white space at either end."""
    return text.strip() if text.isascii() else unicodedata.normalize("NFC", text.translate(_INVISIBLE)).strip()


def normalise_body(text: str) -> str:
    """Return the body of a message in Unicode NFC, otherwise as given."""
    return unicodedata.normalize("NFC", text)


def is_blank(text: str) -> bool:
    """Return whether a text shows nothing: it has no other characters than white space, controls and invisible ones."""
    return all(unicodedata.category(char) in _INVISIBLE_CATEGORIES or char in _BLANK for char in text)


def comparison_key(text: str) -> str:
    """Return a comparison key: equal for texts that differ only in case or white space."""
    return _comparison_key(normalise(text))


def compact_key(text: str) -> str:
    """Return a comparison key of a heading: equal for texts that differ only in case, or in white space or its absence."""
    return comparison_key(text).replace(" ", "")


def folding_for(key: str) -> Callable[[str], str]:
    """Return the function that makes normalised texts comparable with a comparison key; fast where case folding suffices."""
    return str.casefold if key.isascii() and " " not in key else _comparison_key


def _comparison_key(normalised: str) -> str:
    """Return :func:`comparison_key` of a text that is normalised already, at a fraction of its cost."""
    folded = normalised.casefold()
    if folded.isascii() and folded.isprintable() and "  " not in folded:
        return folded
    return unicodedata.normalize("NFC", " ".join(folded.split()))


def is_same(first: str, second: str) -> bool:
    """Return whether two texts count as the same."""
    return comparison_key(first) == comparison_key(second)


def sort_key(text: str) -> tuple[str, str]:
    """Return what sorts regardless of case and accents first (``Émile`` next to ``Emil``), then by the exact text."""
    base = without_accents(text)
    return base if base.isascii() else base.translate(_BASE_LETTERS), text


def without_accents(text: str) -> str:
    """Return the text case-folded, and without accents."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFD", folded)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def ascii_digits(text: str) -> str:
    """Return the text with ASCII digits in place of the decimal digits of other scripts."""
    return text if text.isascii() else "".join(map(_ascii_digit, text))


def _ascii_digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def require_visible(text: str) -> str:
    """Return the text.

    Raises:
        ValueError: the text is blank.
    """
    if is_blank(text):
        raise ValueError("must not be blank")
    return text


def require_name(text: str) -> str:
    """Return the normalised name of a thing, such as a field, an option, a campaign or a column.

    Raises:
        ValueError: it contains a control character, a line or paragraph separator, a surrogate or a noncharacter.
    """
    name = normalise(text)
    for char in name:
        if unicodedata.category(char) in _NOT_IN_NAMES or _is_noncharacter(ord(char)):
            raise ValueError(f"must not contain the character U+{ord(char):04X}")
    return name


def _is_noncharacter(code: int) -> bool:
    return (code & 0xFFFE) == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
