"""Suggests fields for the columns of files that other programs export: Google, Outlook, Apple, HubSpot and Mailchimp.

Outlook and Thunderbird translate their headings; those in German, French, Spanish, Italian and Portuguese are known.

``known_headings.json`` has the headings of those programs by contact field, the best one first. The empty field has the headings
of columns to ignore. ``#`` represents what varies: a number, or the time zone of HubSpot's ``Create Date (EST)``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

import orjson

from outreach import text
from outreach.contacts.models import IdentityType

_FILE = Path(__file__).with_name("known_headings.json")
_VARIABLE = re.compile(r"\d+|(?<=\()[a-z]{2,5}(?=\))")
_PHONE, _SMS = "phone", IdentityType.SMS.value


def suggest(unknown: Sequence[str], used: Collection[str]) -> dict[str, str | None]:
    """Return the field for each of the headings that a common export has; ``None`` for a column to ignore.

    A field gets only one column, unless it is an identity. Without a column of mobile numbers, the best column of phone numbers
    becomes the number to text.

    Args:
        unknown: the headings that are not contact fields.
        used: the names of the fields that other columns of the file hold.
    """
    known = {heading: match for heading in unknown if (match := _find(heading))}
    best: dict[str, str] = {}
    for heading, (name, _) in sorted(known.items(), key=lambda entry: entry[1][1]):
        best.setdefault(name, heading)
    suggestions = {heading: _field(heading, name, best, used) for heading, (name, _) in known.items()}
    if _SMS not in best and _SMS not in used and _PHONE in best:
        suggestions[best[_PHONE]] = _SMS
    return suggestions


def _field(heading: str, name: str, best: Mapping[str, str], used: Collection[str]) -> str | None:
    if name in list(IdentityType):
        return name
    return name if name and name not in used and best[name] == heading else None


def _find(heading: str) -> tuple[str, int] | None:
    """Return the field of a known heading, and how good the heading is for it: lower is better."""
    folded = text.compact_key(heading)
    return _known_headings().get(folded) or _known_headings().get(_VARIABLE.sub("#", folded))


@cache
def _known_headings() -> dict[str, tuple[str, int]]:
    headings_by_field = orjson.loads(_FILE.read_bytes())
    return {
        text.compact_key(heading): (name, rank)
        for name, headings in headings_by_field.items()
        for rank, heading in enumerate(headings)
    }
