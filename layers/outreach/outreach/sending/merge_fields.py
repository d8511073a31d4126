"""Merge fields: the names that a message may take from a contact (docs/api.md, "Merge fields")."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from outreach import text
from outreach.contacts.fields import Field, SiteFields
from outreach.contacts.models import Contact
from outreach.errors import FieldError, ValidationFailed
from outreach.sending import template_faults, templates
from outreach.sending.templates import Reference, Segments

_NAME, _CUSTOM_FIELDS = "name", "customFields"
# What Liquid knows of a text or a list.
_PROPERTIES = ("size", "first", "last")
# What Liquid reads as one name.
_PLAIN_NAME = re.compile(r"[^\W\d][\w-]*")


class FieldValues(Mapping[str, object]):
    """The values of a contact's fields by the fields' names, which match as text, regardless of case."""

    def __init__(self, site_fields: SiteFields, contact: Contact) -> None:
        self._site_fields, self._contact = site_fields, contact

    def __getitem__(self, name: str) -> object:
        field = self._site_fields.find(name) if isinstance(name, str) else None
        value = field and _value(self._contact, field)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in self._site_fields.ordered if _value(self._contact, field) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return True  # Liquid asks at each rendering, and counting takes as long as the rest of it


class MergeFields(FieldValues):
    """The merge fields of a contact: its name, and its fields by their names at the top level and in ``customFields``."""

    def __getitem__(self, name: str) -> object:
        if _is(name, _NAME):
            return self._contact.name
        if _is(name, _CUSTOM_FIELDS):
            return FieldValues(self._site_fields, self._contact)
        return super().__getitem__(name)


@lru_cache(maxsize=1024)
def _is(name: str, property_: str) -> bool:
    """Return whether a name is that of a property. All contacts of a send are asked for the same few names."""
    return text.is_same(name, property_)


def _value(contact: Contact, field: Field) -> object:
    """Return a contact's value of a field: of an identity field, its first identity of the type; ``None`` if it has none."""
    if field.identity_type is None:
        return field.value_in(contact.values)
    values = (identity.value for identity in contact.live_identities if identity.type is field.identity_type)
    return next(values, None)


def unknown_names(template: str, site_fields: SiteFields) -> list[str]:
    """Return the names in a template that are no merge field of the site, in their order, as Liquid writes them.

    Raises:
        ValidationFailed: the template is invalid; points at ``/message``.
    """
    return [reference.text for reference in _unknown(template, site_fields)]


def require_known_names(template: str, site_fields: SiteFields) -> None:
    """Require that every name in a template is a merge field.

    Raises:
        ValidationFailed: the template is invalid, or has names that are no merge field of the site. Points at ``/message`` and
            suggests the nearest names.
    """
    errors = [_error(template, reference, site_fields) for reference in _unknown(template, site_fields)]
    if errors:
        raise ValidationFailed(*errors)


def _unknown(template: str, site_fields: SiteFields) -> list[Reference]:
    return [reference for reference in templates.parse(template).references if not _is_known(reference.segments, site_fields)]


def _is_known(segments: Segments, site_fields: SiteFields) -> bool:
    """Return whether a name is a merge field. What an index that is a name itself leads to is known only with a contact."""
    root, *rest = segments
    if isinstance(root, str) and _is(root, _CUSTOM_FIELDS):
        return bool(rest) and _is_field(rest[0], site_fields) and _are_properties(rest[1:])
    is_name = isinstance(root, str) and _is(root, _NAME)
    return (is_name or _is_field(root, site_fields)) and _are_properties(rest)


def _is_field(segment: object, site_fields: SiteFields) -> bool:
    return isinstance(segment, tuple) or (isinstance(segment, str) and site_fields.find(segment) is not None)


def _are_properties(segments: Iterable[object]) -> bool:
    return all(not isinstance(segment, str) or segment in _PROPERTIES for segment in segments)


def _error(template: str, reference: Reference, site_fields: SiteFields) -> FieldError:
    nearest, place = _nearest(reference.segments, site_fields), template_faults.place_at(template, reference.index)
    message = f"contains {reference.text}{place}, which is not a merge field of this site; did you mean {nearest}?"
    return FieldError("/message", message)


def _nearest(segments: Segments, site_fields: SiteFields) -> str:
    """Return the merge field whose name is most similar to a name or to one of its parts, as Liquid writes it."""
    parts = [segment for segment in segments if isinstance(segment, str)]
    is_custom = bool(parts) and _is(parts[0], _CUSTOM_FIELDS)
    parts = [_squashed(part) for part in parts[is_custom:]]
    names = [*([] if is_custom else [_NAME]), *(field.name for field in site_fields.ordered)]

    def similarity(name: str) -> float:
        squashed = _squashed(name)
        return max((difflib.SequenceMatcher(None, part, squashed).ratio() for part in parts), default=0)

    return _as_written(max(names, key=similarity), is_custom=is_custom)


def _squashed(name: str) -> str:
    return re.sub(r"[\s_-]", "", text.comparison_key(name))


def _as_written(name: str, *, is_custom: bool) -> str:
    if not _PLAIN_NAME.fullmatch(name):
        return f'{_CUSTOM_FIELDS}["{name}"]'
    return f"{_CUSTOM_FIELDS}.{name}" if is_custom else name
