"""Phone numbers as people type them (docs/api.md, "Text, numbers and addresses").

A number is read exactly or refused. The digits of the result are the digits that were given, with the region's country code
added and a national prefix removed where libphonenumber says so. Letters and notes next to a number never become digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import phonenumbers

from outreach import text

_MAX_DIGITS = 15  # ITU-T E.164, section 6
# The limit of libphonenumber. Each slash and parenthesis of a text is tried as the end of a number.
_MAX_CHARACTERS = 250

_URI_SCHEME = re.compile(r"(?:tel|sms|whatsapp):\s*", re.IGNORECASE)
# ``x12``, ``ext. 12``, ``(ext 12)``, ``;ext=12``, ``#12``, and the same in Spanish, Portuguese, French and Russian.
_EXTENSION = re.compile(
    r"""
    (?<![ ,;(-]) [ ,;(-]*  # all separators before it, so that a long run of them is tried once
    (?<![^\W\d_]) (?:ext(?:ension|n)?[.:]{0,2} | x\.? | \# | anexo | int\.? | ramal | poste | доб\.?)  # no end of a word
    [ =]* (\d{1,7})
    [ )#]* $
    """,
    re.IGNORECASE | re.VERBOSE,
)
# What a spreadsheet adds to a number.
_DECIMALS = re.compile(r"(?<=\d)[.,]00?$")
_SEPARATORS = re.compile(r"[ ./()\-]+")
_INTERNATIONAL = re.compile(r"(\+|00)?([1-9]\d{6,14})")
_SHAPE = re.compile(r"(?:\+|00)?\d+")
# A vanity number ends with one word of at least three letters, so that ``212555012O`` is not one.
_VANITY = re.compile(r"(?P<digits>\+?[\d ./()\-]*\d\)?)-?[A-Z]{3,}")
# What follows may be a second number, a range or a note, if what precedes is a number by itself.
_NEXT_PART = re.compile(r"[/(]")


class NumberFormat(StrEnum):
    """How phone numbers without ``+`` are written."""

    NATIONAL = "national"
    INTERNATIONAL = "international"


@dataclass(frozen=True)
class PhoneNumber:
    """A phone number.

    Attributes:
        text: the number in E.164 if it is valid, otherwise the normalised text as given.
        is_valid: whether libphonenumber calls the number valid. Only a valid number can be texted.
        extension: the extension that was dropped, or empty.
    """

    text: str
    is_valid: bool
    extension: str = ""


def parse(given: str, region: str, number_format: NumberFormat | None = None) -> PhoneNumber | None:
    """Read a phone number; return ``None`` for a text that is not a phone number.

    Args:
        region: ISO 3166 code of the country in which numbers without a country code are read.
        number_format: ``None`` reads national numbers, and keeps those as given that are valid in both formats.
    """
    normalised = text.normalise(given)
    return _parse(normalised, region, number_format) if len(normalised) <= _MAX_CHARACTERS else None


@lru_cache(maxsize=4096)  # a row of an import, or a request, reads each number several times
def _parse(normalised: str, region: str, number_format: NumberFormat | None) -> PhoneNumber | None:
    plain, extension = _without_extension(_plain(normalised))
    # A spreadsheet adds decimals to numbers only, so none precede an extension.
    spellings = [plain] if extension else _spellings(plain)
    if not all(_SHAPE.fullmatch(_compact(spelling)) for spelling in spellings):
        vanity = _read_vanity(plain, region)
        return PhoneNumber(vanity, is_valid=True, extension=extension) if vanity else None
    if _has_two_parts(plain, region):
        return None
    valid = {_read_digits(_compact(spelling), region, number_format) for spelling in spellings} - {None}
    if len(valid) == 1:
        return PhoneNumber(str(*valid), is_valid=True, extension=extension)
    return PhoneNumber(normalised, is_valid=False, extension=extension) if _is_short_enough(_compact(plain)) else None


def to_e164(given: str, region: str) -> str | None:
    """Return the number in E.164, or ``None`` if it is not a valid number."""
    number = parse(given, region)
    return number.text if number and number.is_valid else None


def read_reported(sender: str) -> str:
    """Return a number that a carrier reports: E.164 if it begins with ``+`` and is valid.

    Short codes and names are kept exactly. They are phone numbers of no region, and a name such as ``212555DUCK`` spells none.
    """
    number = parse(sender, "ZZ") if sender.startswith("+") else None
    return number.text if number and number.is_valid else sender


def read_international(given: str) -> str | None:
    """Return a number whose digits begin with a country code in E.164, with or without ``+`` before them.

    With ``+``, its length must fit, and libphonenumber need not call it valid: carriers may know it. Without ``+``, it
    must be valid, because the digits of a national number can look like those of another country.

    Returns:
        The number in E.164, or ``None`` for any other text.
    """
    found = _INTERNATIONAL.fullmatch(_compact(_plain(text.normalise(given))))
    number = read_reported(f"+{found[2]}") if found else None
    return number if found and number and (found[1] or is_valid_number(number)) else None


def read_e164(given: str) -> str | None:
    """Return a number that has ``+`` or ``00`` before its country code in E.164, valid or not; ``None`` for any other text."""
    return read_international(given) if _compact(_plain(text.normalise(given))).startswith(("+", "00")) else None


def is_valid_number(number: str) -> bool:
    """Return whether a number is in E.164 and belongs to a number range that is in use."""
    return number.startswith("+") and _valid(number, None) == number


def has_part(given: str, region: str | None) -> Callable[[str], bool]:
    """Return a function that says whether a stored number has a part of a number in it, in whatever way the part is written.

    Separators do not count: ``664 123`` is in ``+43664123456``. ``0043 664`` is its beginning, and in Austria ``0664 123``, too.
    Text that cannot be part of a number matches nothing.

    Args:
        region: ISO 3166 code of the country whose national prefix the part may have; ``None`` if it is unknown. Then leading
            zeros may be one.
    """
    part = _compact(_plain(text.normalise(given)))
    if not _SHAPE.fullmatch(part):
        return lambda number: False
    beginnings = tuple(_beginnings(part, region)) if region else ()
    parts = {part} if region else {part, part.lstrip("0") or part}

    def matches(number: str) -> bool:
        digits = _compact(number)
        return digits.startswith(beginnings) or any(part in digits for part in parts)

    return matches


def _beginnings(part: str, region: str) -> Iterator[str]:
    """Yield what a number in E.164 begins with if it begins with a part that has a prefix."""
    if part.startswith("00") and part.strip("0"):
        yield f"+{part[2:]}"
    prefix = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
    if prefix and part.startswith(prefix) and part != prefix:
        yield f"+{_country_code(region)}{part.removeprefix(prefix)}"


def missing_country_code(given: str, region: str) -> str | None:
    """Return what a number that is not valid as given would be if its first digits were a country code.

    Returns:
        The number in E.164, or ``None`` if it would not be valid either, or is valid as given.
    """
    number = parse(given, region)
    if number is None or number.is_valid:
        return None
    international = parse(given, region, NumberFormat.INTERNATIONAL)
    return international.text if international and international.is_valid else None


def _plain(normalised: str) -> str:
    """Return the text with ASCII digits, ``+``, ``-`` and spaces, without URI scheme and separators around it."""
    without_scheme = _URI_SCHEME.sub("", normalised, count=1) if _URI_SCHEME.match(normalised) else normalised
    return "".join(map(_plain_character, text.ascii_digits(without_scheme))).strip(" .-")


def _plain_character(char: str) -> str:
    if char.isascii():
        return " " if char == "\t" else char
    category = unicodedata.category(char)
    if category == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    return " " if category == "Zs" else _WIDE.get(char, char)


_WIDE = {"＋": "+", "﹢": "+", "（": "(", "）": ")", "．": ".", "／": "/"}


def _spellings(plain: str) -> list[str]:
    """Return what a number may mean: without the decimals of a spreadsheet, or with ``.00`` as digits if it has other dots."""
    found = _DECIMALS.search(plain)
    if found is None:
        return [plain]
    without_decimals = plain[: found.start()]
    return [plain, without_decimals] if plain[found.start()] == "." in without_decimals else [without_decimals]


def _without_extension(plain: str) -> tuple[str, str]:
    found = _EXTENSION.search(plain)
    return (plain[: found.start()], found[1]) if found and found.start() else (plain, "")


def _compact(plain: str) -> str:
    return _SEPARATORS.sub("", plain)


def _is_short_enough(compact: str) -> bool:
    return 0 < len(compact.removeprefix("+")) - 2 * compact.startswith("00") <= _MAX_DIGITS


def _has_two_parts(plain: str, region: str) -> bool:
    """Return whether what precedes a slash or parenthesis is a number by itself: ``030 12345/46``, ``0171 1234567 (2)``."""
    return any(_is_number(digits, region) for digits in dict.fromkeys(map(_compact, _parts_before(plain))))


def _parts_before(plain: str) -> Iterator[str]:
    return (plain[: found.start()] for found in _NEXT_PART.finditer(plain))


def _is_number(compact: str, region: str) -> bool:
    """Return whether digits are a valid number in any format."""
    return bool(compact) and any(_read_digits(compact, region, number_format) for number_format in NumberFormat)


def _read_digits(compact: str, region: str, number_format: NumberFormat | None) -> str | None:
    """Return E.164 for digits with or without ``+`` or ``00``; ``None`` if they are not valid, or valid in two ways."""
    if compact.startswith(("+", "00")):
        return _valid(f"+{compact.removeprefix('+') if compact.startswith('+') else compact[2:]}", None)
    international = None if compact.startswith("0") else _valid(f"+{compact}", None)
    if number_format is NumberFormat.INTERNATIONAL:
        return international
    national = _valid(compact, region)
    is_ambiguous = compact.startswith(_country_code(region)) and international not in (None, national)
    return None if is_ambiguous and number_format is None else national


def _country_code(region: str) -> str:
    return str(phonenumbers.country_code_for_region(region))


def _read_vanity(plain: str, region: str) -> str | None:
    found = _VANITY.fullmatch(plain)
    if not found or _is_number(_compact(found["digits"]), region) or _has_two_parts(found["digits"], region):
        return None
    return _read_digits(_compact(phonenumbers.convert_alpha_characters_in_number(plain)), region, None)


def _valid(number: str, region: str | None) -> str | None:
    """Return the E.164 form of a number if libphonenumber calls it valid."""
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return e164 if len(e164) <= 1 + _MAX_DIGITS else None
