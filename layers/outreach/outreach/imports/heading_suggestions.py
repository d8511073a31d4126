"""Suggests fields for the columns of files that other programs export, such as Google, Outlook, Apple, HubSpot and Mailchimp.

Outlook and Thunderbird translate their headings; those in German, French, Spanish, Italian, Portuguese and Japanese are known.
Databases and shops write them with underscores: ``first_name``, ``billing_phone``. So punctuation does not count.

``known_headings.json`` has the headings of those programs by contact field, the best one first. The empty field has the headings
of columns to ignore. ``#`` represents what varies: a number, or the time zone of HubSpot's ``Create Date (EST)``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence, Set
from functools import cache
from pathlib import Path

import orjson

from outreach import text
from outreach.contacts.models import IdentityType

_FILE = Path(__file__).with_name("known_headings.json")
_VARIABLE = re.compile(r"\d+|(?<=\()[a-z]{2,5}(?=\))")
_PUNCTUATION = re.compile(r"[_\-.:/()'\u2019*]+")
_PHONE, _SMS, _OPTED_OUT = "phone", IdentityType.SMS.value, "isOptedOut"

# A field, and how good a heading is for it: lower is better.
_Match = tuple[str, int]


def suggest(unknown: Sequence[str], used: Set[str], names: Collection[str] = ()) -> dict[str, str | None]:
    """Return the field for each of the headings that a common export has; ``None`` for a column to ignore.

    A field gets only one column, unless it is an identity. Without a column of mobile numbers, the best column of phone numbers
    becomes the number to text. A second column of opt-outs gets no suggestion: a person decides whether it can be ignored.

    Args:
        unknown: the headings that are not contact fields.
        used: the names of the fields that other columns of the file hold.
        names: the names of the site's fields.
    """
    own = {_letters(name): (name, -1) for name in names}
    known = {heading: match for heading in unknown if (match := _find(heading, own))}
    best: dict[str, str] = {}
    for heading, (name, _) in sorted(known.items(), key=lambda entry: entry[1][1]):
        best.setdefault(name, heading)
    suggestions = {heading: _field(heading, name, best, used) for heading, (name, _) in known.items()}
    undecided = [heading for heading, (name, _) in known.items() if name == _OPTED_OUT and suggestions[heading] is None]
    for heading in undecided:
        del suggestions[heading]
    if _PHONE in best and not used & {_SMS, _PHONE} and _SMS not in best:
        suggestions[best[_PHONE]] = _SMS
    return suggestions


def _field(heading: str, name: str, best: Mapping[str, str], used: Set[str]) -> str | None:
    if name in list(IdentityType):
        return name
    return name if name and name not in used and best[name] == heading else None


def _find(heading: str, own: Mapping[str, _Match]) -> _Match | None:
    """Return the field of a known heading."""
    folded = text.compact_key(heading)
    spellings = [folded, _VARIABLE.sub("#", folded)]
    exact = (match for spelling in spellings if (match := _known_headings().get(spelling)))
    plain = (match for spelling in map(_letters, spellings) if (match := own.get(spelling) or _plain_headings().get(spelling)))
    return next(exact, None) or next(plain, None)


def _letters(heading: str) -> str:
    """Return a heading without white space and punctuation."""
    return _PUNCTUATION.sub("", text.compact_key(heading))


@cache
def _known_headings() -> dict[str, _Match]:
    headings_by_field = orjson.loads(_FILE.read_bytes())
    return {
        text.compact_key(heading): (name, rank)
        for name, headings in headings_by_field.items()
        for rank, heading in enumerate(headings)
    }


@cache
def _plain_headings() -> dict[str, _Match]:
    return {_letters(heading): match for heading, match in reversed(_known_headings().items())}
