"""A site's fields in the contacts table, and how they change.

All stored fields of a site are one item: they are read as a whole by every write of a contact, and a name's uniqueness needs
nothing but the condition on its version. A site that has changed nothing has no item.

==================  ==========  =====================================================
pk                  sk          item
==================  ==========  =====================================================
``SITE#<site>``     ``FIELDS``  ``fields`` (JSON: custom fields, and changed system fields), ``version``
==================  ==========  =====================================================
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import orjson

from outreach import dynamo
from outreach.contacts.fields import LAST, PROPERTIES, Field, FieldOption, Schema, new_key, replaced, system_fields
from outreach.contacts.models import IdentityType
from outreach.contacts.values import FieldType
from outreach.errors import Conflict, NotFound, ValidationFailed
from outreach.settings import settings
from outreach.sites import store as sites

_MAX_BYTES = 350_000  # an item has at most 400 KB
_ATTEMPTS = 10


def load(site_id: str) -> Schema:
    """The site's fields as of now: a field that was just created can be used at once.

    Raises:
        NotFound: there is no such site.
    """
    item = dynamo.get(settings().contacts_table, _key(site_id), consistent=True) or {"fields": "[]", "version": 0}
    stored = {field.id: field for field in map(_field, orjson.loads(item["fields"]))}
    fields = {field.id: field for field in system_fields(site_id)} | stored
    site = sites.get_site(site_id)
    return Schema(site_id, site.default_region, tuple(fields.values()), item["version"], site.max_contacts)


def create_field(site_id: str, draft: Field) -> Field:
    """Add a field; one with the order ``LAST`` comes after the others. Added a second time, it is as it stands.

    Raises:
        Conflict: the name is in use (``duplicate_field``).
        ValidationFailed: the definition contradicts itself.
    """
    return _change(site_id, lambda schema: _added(schema, draft))


def update_field(site_id: str, field_id: str, change: Callable[[Field], Field]) -> Field:
    """Replace a field by what ``change`` makes of it.

    Raises:
        NotFound: there is no such field.
        Conflict: the name is in use (``duplicate_field``), or a system field would get another name or type (``system_field``).
        ValidationFailed: the definition contradicts itself.
    """
    return _change(site_id, lambda schema: _updated(schema, get_field(schema, field_id), change))


def delete_field(site_id: str, field_id: str) -> None:
    """Remove a field; its values disappear with it.

    Raises:
        NotFound: there is no such field.
        Conflict: it is a system field (``system_field``).
    """
    _change(site_id, lambda schema: _removed(schema, get_field(schema, field_id)))


def get_field(schema: Schema, field_id: str) -> Field:
    """
    Raises:
        NotFound: there is no such field.
    """
    field = schema.by_id(field_id)
    if field is None:
        raise NotFound("There is no such contact field.")
    return field


def _added(schema: Schema, draft: Field) -> tuple[Schema, Field]:
    if known := schema.by_id(draft.id):
        return schema, known
    _require_free_name(schema, draft)
    _require_sound(draft)
    if draft.order == LAST:
        draft = replace(draft, order=1 + max(field.order for field in schema.fields))
    return replace(schema, fields=(*schema.fields, draft)), draft


def _updated(schema: Schema, before: Field, change: Callable[[Field], Field]) -> tuple[Schema, Field]:
    after = change(before)
    if before.is_system and (after.name, after.type) != (before.name, before.type):
        raise Conflict("A system field keeps its name and its type.", code="system_field")
    if after.type.storage != before.type.storage:
        # What contacts hold is no value of the new type: the field starts empty.
        after = replace(after, key=new_key(str(uuid.uuid4())))
    _require_free_name(schema, after)
    _require_sound(after)
    return replace(schema, fields=replaced(schema.fields, after)), after


def _removed(schema: Schema, field: Field) -> tuple[Schema, Field]:
    if field.is_system:
        raise Conflict("A system field cannot be deleted.", code="system_field")
    return replace(schema, fields=tuple(other for other in schema.fields if other.id != field.id)), field


def _require_free_name(schema: Schema, field: Field) -> None:
    owner = schema.find(field.name)
    taken = owner is not None and owner.id != field.id
    if taken or field.name.casefold() in (name.casefold() for name in PROPERTIES):
        raise Conflict(f"There is already a contact field or property named {field.name}.", code="duplicate_field")


def _require_sound(field: Field) -> None:
    values = [value.casefold() for value in field.option_values]
    if field.type.has_options and not values:
        raise ValidationFailed.at("/fieldOptions", f"a {field.type} needs options")
    if values and not field.type.has_options:
        raise ValidationFailed.at("/fieldOptions", f"a {field.type} has no options")
    if len(set(values)) < len(values):
        raise ValidationFailed.at("/fieldOptions", "the values must differ")
    try:
        field.read(field.default_value)
    except ValueError as error:
        raise ValidationFailed.at("/defaultValue", str(error)) from error


def _change(site_id: str, edit: Callable[[Schema], tuple[Schema, Field]]) -> Field:
    """Apply an edit to the schema as it is; again when somebody else was faster."""
    for _ in range(_ATTEMPTS):
        schema, field = edit(load(site_id))
        if _save(schema):
            return field
    raise Conflict("The contact fields are being changed by others; try again.")


def _save(schema: Schema) -> bool:
    system = set(system_fields(schema.site_id))
    fields = orjson.dumps([asdict(field) for field in schema.fields if field not in system])
    if len(fields) > _MAX_BYTES:
        raise ValidationFailed.at("", "the site's contact fields take too much room; use fewer, or fewer options")
    item = {**_key(schema.site_id), "fields": fields.decode(), "version": schema.version + 1}
    return dynamo.put_version(settings().contacts_table, item, schema.version)


def _field(stored: dict[str, Any]) -> Field:
    identity_type = stored["identity_type"]
    return Field(
        **stored
        | {
            "type": FieldType(stored["type"]),
            "identity_type": identity_type and IdentityType(identity_type),
            "options": tuple(FieldOption(**option) for option in stored["options"]),
        }
    )


def _key(site_id: str) -> dict[str, str]:
    return {"pk": f"SITE#{site_id}", "sk": "FIELDS"}
