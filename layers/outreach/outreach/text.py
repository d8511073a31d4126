"""Text as people type it: normalised, compared and sorted in one way (docs/api.md, "Text, numbers and addresses")."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal

# The limits of strings that have no other one (docs/api.md, "JSON and HTTP").
MAX_NAME = 256
MAX_CHARACTERS = 2_000
# The characters of a list in an error or a warning; a field may have thousands of options.
_MAX_LISTED = 500

# Byte-order mark, zero-width space, word joiner and bidirectional controls. ZWJ and ZWNJ have a meaning and stay.
_INVISIBLE = dict.fromkeys([0xFEFF, 0x200B, 0x2060, 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], None)
# Latin letters without a decomposition, as they sort.
_BASE_LETTERS = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
# Sorting the marks of so short a text takes no time.
_MAX_UNCHECKED = 500
# Unicode Standard Annex #15, "Stream-Safe Text Format"; the combining grapheme joiner shows nothing.
_MAX_MARKS = 30
_JOINER = "\u034f"
# White space, controls, format characters such as the zero-width joiner, and surrogates.
_INVISIBLE_CATEGORIES = ("Zs", "Zl", "Zp", "Cc", "Cf", "Cs")
# Characters of other categories that show nothing: the fillers of Hangul and the blank of Braille; the grapheme joiner,
# vowels of Khmer, and the selectors of variants (Unicode, "Default_Ignorable_Code_Point").
_FILLERS = (0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800)
_IGNORABLE = (0x034F, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x2065, *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9))
_IGNORABLE_PLANE = range(0xE0000, 0xE1000)
_BLANK = frozenset(map(chr, [*_FILLERS, *_IGNORABLE, *_IGNORABLE_PLANE]))
_LINE_CONTROLS = "\v\f\x85"
_LINES = "\t\n\r\u2028\u2029"
# The last two of each plane, and 32 more (Unicode, "Noncharacters").
_NONCHARACTERS = "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)) + "\ufdd0-\ufdef"
# Control characters except tab and line breaks, surrogates, and noncharacters.
_NOT_IN_TEXT = re.compile(f"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")
# Nearly every text, in a form that matches twenty times as fast.
_PLAIN_TEXT = re.compile("[\t\n\r -~\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0001fffd]*")


def normalise(text: str) -> str:
    """Return the text in Unicode NFC, without invisible characters, and without white space at either end."""
    return text.strip() if text.isascii() else normal_form("NFC", text.translate(_INVISIBLE)).strip()


def normalise_body(text: str) -> str:
    """Return the body of a message in Unicode NFC, otherwise as given."""
    return normal_form("NFC", text)


def normal_form(form: Literal["NFC", "NFD", "NFKC"], text: str) -> str:
    """Return the text in a normal form of Unicode.

    The marks of a letter are sorted, in a time that grows with the square of their number. So a long text becomes
    stream-safe first (Unicode Standard Annex #15, "Stream-Safe Text Process").
    """
    return unicodedata.normalize(form, text if len(text) <= _MAX_UNCHECKED or text.isascii() else _stream_safe(text))


def _stream_safe(text: str) -> str:
    """Return a text with a joiner after every 30 marks in a row, which no language writes."""
    pieces, begin, marks = [], 0, 0
    for index, char in enumerate(text):
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks > _MAX_MARKS:
            pieces.append(text[begin:index])
            begin, marks = index, 1
    return _JOINER.join([*pieces, text[begin:]])


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
    return normal_form("NFC", " ".join(folded.split()))


def is_same(first: str, second: str) -> bool:
    """Return whether two texts count as the same."""
    return comparison_key(first) == comparison_key(second)


def sort_key(text: str) -> tuple[str, str]:
    """Return what sorts regardless of case and accents first (``Émile`` next to ``Emil``), then by the exact text."""
    base = without_accents(text)
    return (base if base.isascii() else base.translate(_BASE_LETTERS)), text


def without_accents(text: str) -> str:
    """Return the text case-folded, and without accents."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    decomposed = normal_form("NFD", folded)
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def ascii_digits(text: str) -> str:
    """Return the text with ASCII digits in place of the decimal digits of other scripts."""
    return text if text.isascii() else "".join(map(_ascii_digit, text))


def _ascii_digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if char.isdecimal() else char


def empty_if_blank(text: str) -> str:
    """Return the text, or an empty one if it shows nothing."""
    return "" if is_blank(text) else text


def require_visible(text: str) -> str:
    """Return the text.

    Raises:
        ValueError: the text is blank.
    """
    if is_blank(text):
        raise ValueError("must not be blank")
    return text


def require_text(text: str) -> str:
    """Return a text that has no character which means nothing in a text, and which carriers and other systems may refuse.

    Raises:
        ValueError: it contains a control character other than tab and line breaks, a surrogate or a noncharacter.
    """
    if not _PLAIN_TEXT.fullmatch(text) and (found := _NOT_IN_TEXT.search(text)):
        raise ValueError(_refusal(found[0]))
    return text


def without_controls(text: str) -> str:
    """Return a text without the characters that :func:`require_text` refuses. Those that end a line become a line break."""
    if _PLAIN_TEXT.fullmatch(text):
        return text
    return _NOT_IN_TEXT.sub(lambda found: "\n" if found[0] in _LINE_CONTROLS else "", text)


def require_name(text: str) -> str:
    """Return the normalised name of a thing, such as a field, an option, a campaign or a column.

    Raises:
        ValueError: :func:`require_text` refuses it, or it contains a tab, a line break, or a line or paragraph separator.
    """
    name = require_text(normalise(text))
    for char in _LINES:
        if char in name:
            raise ValueError(_refusal(char))
    return name


def _refusal(char: str) -> str:
    return f"must not contain the character U+{ord(char):04X}"


def listed(names: Sequence[str]) -> str:
    """Return the names as an error or a warning lists them: as many as people read, and how many more there are."""
    shown = max(1, sum(length <= _MAX_LISTED for length in accumulate(map(len, names))))
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest:,} more" if rest > 0 else "")
