"""A site's fields in the contacts table.

One item has all of them, because every write of a contact reads them all, and because a condition on the item's version is then
enough to keep names unique. A site whose fields were never changed has no item.

==================  ==========  =====================================================
pk                  sk          item
==================  ==========  =====================================================
``SITE#<site>``     ``FIELDS``  ``fields`` (JSON: custom fields and changed system fields), ``version``
==================  ==========  =====================================================
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import orjson

from outreach import dynamo, text
from outreach.contacts.field_values import FieldType
from outreach.contacts.fields import (
    LAST,
    RESERVED_NAMES,
    Field,
    FieldOption,
    SiteFields,
    replace_field,
    system_fields,
)
from outreach.contacts.models import IdentityType
from outreach.errors import Conflict, NotFound, ValidationFailed
from outreach.settings import settings
from outreach.sites import site_store
from outreach.tolerant_reader import known

_MAX_BYTES = 350_000  # DynamoDB allows 400 KB for the whole item


def load(site_id: str) -> SiteFields:
    """Read the site's fields consistently, so a new field can be used at once.

    Raises:
        NotFound: there is no such site.
    """
    item = dynamo.get(settings().contacts_table, _key(site_id), consistent=True) or {"fields": "[]", "version": 0}
    stored = {field.id: field for field in map(_field, orjson.loads(item["fields"]))}
    fields = {field.id: field for field in system_fields(site_id)} | stored
    site = site_store.get_site(site_id)
    return SiteFields(site_id, site.default_region, tuple(fields.values()), item["version"], site.max_contacts)


def create_field(site_id: str, draft: Field) -> Field:
    """Add a field, or return the field that already has its id.

    Args:
        draft: the new field. The order ``LAST`` places it after all others.

    Raises:
        Conflict: the name is in use (``duplicate_field``).
        ValidationFailed: the options or the default value do not fit the type.
    """
    return _change(site_id, lambda site_fields: _add(site_fields, draft))


def update_field(site_id: str, field_id: str, change: Callable[[Field], Field]) -> Field:
    """Replace a field by the result of ``change``.

    Raises:
        NotFound: there is no such field.
        Conflict: the name is in use (``duplicate_field``), or a system field would get another name or type (``system_field``).
        ValidationFailed: the options or the default value do not fit the type.
    """
    return _change(site_id, lambda site_fields: _update(site_fields, get_field(site_fields, field_id), change))


def delete_field(site_id: str, field_id: str) -> None:
    """Delete a field, which hides its values in all contacts.

    Raises:
        NotFound: there is no such field.
        Conflict: it is a system field (``system_field``).
    """
    _change(site_id, lambda site_fields: _remove(site_fields, get_field(site_fields, field_id)))


def get_field(site_fields: SiteFields, field_id: str) -> Field:
    """Return a field by its id.

    Raises:
        NotFound: there is no such field.
    """
    field = site_fields.by_id(field_id)
    if field is None:
        raise NotFound("The site has no contact field with this id.")
    return field


def _add(site_fields: SiteFields, draft: Field) -> tuple[SiteFields, Field]:
    if existing := site_fields.by_id(draft.id):
        return site_fields, existing
    _require_unique_name(site_fields, draft)
    _require_consistent(draft)
    if draft.order == LAST:
        draft = replace(draft, order=1 + max(field.order for field in site_fields.fields))
    return replace(site_fields, fields=(*site_fields.fields, draft)), draft


def _update(site_fields: SiteFields, before: Field, change: Callable[[Field], Field]) -> tuple[SiteFields, Field]:
    after = change(before)
    if before.is_system and (after.name, after.type) != (before.name, before.type):
        raise Conflict("The name and the type of a system field cannot be changed.", code="system_field")
    if after.type is not before.type:
        after = replace(after, is_retyped=True)
    _require_unique_name(site_fields, after)
    _require_consistent(after)
    return replace(site_fields, fields=replace_field(site_fields.fields, after)), after


def _remove(site_fields: SiteFields, field: Field) -> tuple[SiteFields, Field]:
    if field.is_system:
        raise Conflict("A system field cannot be deleted.", code="system_field")
    return replace(site_fields, fields=tuple(other for other in site_fields.fields if other.id != field.id)), field


def _require_unique_name(site_fields: SiteFields, field: Field) -> None:
    owner = site_fields.find(field.name)
    is_taken = owner is not None and owner.id != field.id
    if is_taken or text.compact_key(field.name) in RESERVED_NAMES:
        detail = f"There is already a contact field, property or column named {field.name}; choose another name."
        raise Conflict(detail, code="duplicate_field")


def _require_consistent(field: Field) -> None:
    values = [text.comparison_key(value) for value in field.option_values]
    if field.type.has_options and not values:
        message = f'must have at least one option, such as {{"value": "gold"}}, because the field\'s type is {field.type}'
        raise ValidationFailed.at("/fieldOptions", message)
    if values and not field.type.has_options:
        raise ValidationFailed.at("/fieldOptions", f"must be empty, because a field of type {field.type} has no options")
    if len(set(values)) < len(values):
        raise ValidationFailed.at("/fieldOptions", "must have different values")
    try:
        field.parse(field.default_value)
    except ValueError as error:
        raise ValidationFailed.at("/defaultValue", str(error)) from error


def _change(site_id: str, edit: Callable[[SiteFields], tuple[SiteFields, Field]]) -> Field:
    """Apply an edit to the site's fields, and again to the current ones if another writer has changed them."""

    def attempt() -> Field:
        site_fields, field = edit(load(site_id))
        if not _save(site_fields):
            raise dynamo.WriteConflict
        return field

    return dynamo.retry_on_conflict(attempt, error=Conflict("Other requests keep changing the contact fields; try again later."))


def _save(site_fields: SiteFields) -> bool:
    unchanged = set(system_fields(site_fields.site_id))
    fields = orjson.dumps([asdict(field) for field in site_fields.fields if field not in unchanged])
    if len(fields) > _MAX_BYTES:
        raise ValidationFailed.at("", "would make the site's contact fields larger than 350 KB; use fewer fields or options")
    item = {**_key(site_fields.site_id), "fields": fields.decode(), "version": site_fields.version + 1}
    return dynamo.put_version(settings().contacts_table, item, site_fields.version)


def _field(stored: dict[str, Any]) -> Field:
    identity_type = stored["identity_type"]
    return Field(
        **known(Field, stored)
        | {
            "type": FieldType(stored["type"]),
            "identity_type": identity_type and IdentityType(identity_type),
            "options": tuple(FieldOption(**known(FieldOption, option)) for option in stored["options"]),
        }
    )


def _key(site_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": "FIELDS"}
