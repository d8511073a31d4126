"""What identifies a person in stored values: numbers, e-mail addresses, identities of other systems, names and contact ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
import phonenumbers

from outreach import text
from outreach.contacts.models import Contact, IdentityType

ERASED = "erased"
# A condition on an e-mail address must have one as its value.
ERASED_EMAIL = "erased@erased.example"

_NUMBER_TYPES = (IdentityType.SMS, IdentityType.WHATSAPP)
# What people write between the digits of a number.
_BETWEEN = r"[\s().\-/\u2010-\u2015]*"
# Fewer digits without a country code, or characters of an id, may be anything.
_LEAST_NATIONAL_DIGITS = 7
_LEAST_ID_CHARACTERS = 6
_NO_VALUES: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Traces:
    """What identifies a person.

    Attributes:
        numbers: phone numbers; E.164 where they are valid. They and e-mail addresses are found inside of any text.
        names: the names. They are found only as the whole value of a condition on ``name``, or of a cell, because they may be
            words.
        ids: identities of other systems, with their types. They are found only as the whole value of a condition on their type,
            or, if they are long enough, of a cell.
        contact_ids: the contact, and those that were merged into it.
    """

    numbers: frozenset[str]
    emails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    ids: frozenset[tuple[IdentityType, str]] = frozenset()
    contact_ids: frozenset[str] = frozenset()

    @classmethod
    def of(cls, contacts: Iterable[Contact], numbers: Iterable[str], contact_ids: Iterable[str]) -> Traces:
        """Return the traces of contacts, and of further numbers and contact ids."""
        people = list(contacts)
        identities = [identity for contact in people for identity in contact.identities]
        values = {(identity.type, value) for identity in identities for value in (identity.value, identity.normalised_value)}
        return cls(
            numbers=frozenset({*numbers, *(value for type_, value in values if type_ in _NUMBER_TYPES)}),
            emails=frozenset(value for type_, value in values if type_ is IdentityType.EMAIL),
            names=frozenset(contact.name for contact in people),
            ids=frozenset(entry for entry in values if entry[0] not in (*_NUMBER_TYPES, IdentityType.EMAIL)),
            contact_ids=frozenset({*contact_ids, *(contact.id for contact in people)}),
        )

    def occur_in(self, value: Any) -> bool:
        """Return whether a value has a trace."""
        return bool(self.redact(value) != value)

    def redact(self, value: Any, words: frozenset[str] = _NO_VALUES) -> Any:
        """Return a value with :data:`ERASED` in place of each trace. Goes through lists, objects and JSON in strings.

        Args:
            words: what is a trace as the whole value, comparable.
        """
        if isinstance(value, str):
            return self._redact_text(value, words)
        if isinstance(value, Mapping):
            words = self._exact_values_of_condition(value) or words
            return {
                name: self.redact(part, self._exact_values_of_cells if name == "values" else words)
                for name, part in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.redact(part, words) for part in value]
        return value

    def _exact_values_of_condition(self, value: Mapping[str, Any]) -> frozenset[str]:
        """Return what a condition of a filter may be compared with; nothing for any other object."""
        field = value.get("field_name") or value.get("fieldName")
        if not isinstance(field, str):
            return _NO_VALUES
        key = text.comparison_key(field)
        return _comparable(self.names if key == "name" else (id_ for type_, id_ in self.ids if type_.casefold() == key))

    @cached_property
    def _exact_values_of_cells(self) -> frozenset[str]:
        return _comparable([*self.names, *(id_ for _, id_ in self.ids if len(id_) >= _LEAST_ID_CHARACTERS)])

    def _redact_text(self, value: str, words: frozenset[str]) -> str:
        if value[:1] in ("{", "[") and (document := _json(value)) is not None:
            redacted = self.redact(document, words)
            return orjson.dumps(redacted).decode() if redacted != document else value
        if words and text.comparison_key(value) in words:
            return ERASED
        # Digits of other scripts have the same positions.
        matches = list(self._pattern.finditer(text.ascii_digits(value))) if self._pattern else []
        for match in reversed(matches):
            value = value[: match.start()] + (ERASED_EMAIL if "@" in match[0] else ERASED) + value[match.end() :]
        return value

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        numbers = (pattern for number in self.numbers for pattern in _spellings(number))
        emails = (rf"(?<![\w.+-]){re.escape(email)}(?![\w-])" for email in self.emails)
        alternatives = "|".join([*numbers, *emails])
        return re.compile(alternatives, re.IGNORECASE) if alternatives else None


def _comparable(words: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(text.comparison_key, words)))


def _json(value: str) -> Any:
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict | list) else None


def _spellings(number: str) -> Iterator[str]:
    """Yield the patterns of a number: with its country code, and without it."""
    digits = re.sub(r"\D", "", text.ascii_digits(number))
    if not digits:
        return
    yield _digits_pattern(digits, prefix=r"(?:\+|00)?")
    try:
        parsed = phonenumbers.parse(number if number.startswith("+") else f"+{digits}")
    except phonenumbers.NumberParseException:
        return
    national = phonenumbers.national_significant_number(parsed)
    if len(national) >= _LEAST_NATIONAL_DIGITS:
        code = _BETWEEN.join(str(parsed.country_code))
        yield _digits_pattern(national, prefix=rf"(?:(?:\+|00)?{code}{_BETWEEN})?0?\(?")


def _digits_pattern(digits: str, prefix: str) -> str:
    # No date of a stored time: ``2026-11-29T`` has the digits of a Danish number.
    return rf"(?<!\d){prefix}{_BETWEEN.join(digits)}(?!\d|T\d\d:)"
