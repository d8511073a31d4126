"""Contacts as DynamoDB items: one JSON document, and the few attributes that keys, indexes and conditions need.

botocore takes fourteen times as long to read a page of items with nested attributes as one with a string in each item.

Filters evaluate the document itself (:mod:`outreach.contacts.filters.compiler`), without building a :class:`Contact`. The
document does not contain ``id``; readers add it from the item's key.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType

Document = dict[str, Any]

# The properties of a document that are not values of fields. No field key equals one of them: the keys of custom fields are
# hexadecimal, and those of system fields differ.
_PROPERTIES = {"id", "name", "createTime", "lastUpdatedTime", "identities", "lastOrdinal", "mergedIds"}

# The identity attributes that are absent when empty, by their name in the document.
_OPTIONAL_ATTRIBUTES = {
    "name": "name",
    "avatarUrl": "avatar_url",
    "infoUrl": "info_url",
    "screenName": "screen_name",
    "originalContactPageUrl": "original_contact_page_url",
    "isDeleted": "is_deleted",
}


def shard_of(contact_id: str, shards: int) -> int:
    """Return a contact's shard, which never changes: CRC-32 of the id."""
    return zlib.crc32(contact_id.encode()) % shards


def key_of(site_id: str, contact_id: str, shards: int) -> dict[str, str]:
    """Return a contact's primary key."""
    return {"pk": scan_pk(site_id, shard_of(contact_id, shards)), "sk": contact_id}


def scan_pk(site_id: str, shard: int) -> str:
    """Return the partition key of a shard's contacts."""
    return f"SITE#{site_id}#CONTACT#{shard:02}"


def order_pk(site_id: str, shard: int) -> str:
    """Return a shard's partition key in the index ``order``."""
    return f"SITE#{site_id}#ORDER#{shard:02}"


def item_of(contact: Contact, shards: int) -> dict[str, Any]:
    """Return a contact's item. A tombstone has no keys of the index ``order``, which keeps it out of lists."""
    is_live = contact.merged_to is None
    return {
        **key_of(contact.site_id, contact.id, shards),
        "order_pk": order_pk(contact.site_id, shard_of(contact.id, shards)) if is_live else None,
        "order_sk": f"{contact.create_time}#{contact.id}" if is_live else None,
        "document": orjson.dumps(_document(contact)).decode(),
        "merged_to": contact.merged_to,
        "version": contact.version,
        "import_mark": contact.import_mark or None,
    }


def contact_of(site_id: str, item: Mapping[str, Any]) -> Contact:
    """Reverse :func:`item_of`."""
    document = orjson.loads(item["document"])
    return Contact(
        id=item["sk"],
        site_id=site_id,
        name=document["name"],
        create_time=document["createTime"],
        last_updated_time=document["lastUpdatedTime"],
        values={FieldKey(key): value for key, value in document.items() if key not in _PROPERTIES},
        identities=tuple(map(_identity, document["identities"])),
        last_ordinal=document["lastOrdinal"],
        merged_ids=tuple(document.get("mergedIds", ())),
        merged_to=item.get("merged_to"),
        version=item["version"],
        import_mark=item.get("import_mark") or "",
    )


def document_of(contact: Contact) -> Document:
    """Return the stored document with ``id`` added, as filters and sort orders use it."""
    return _document(contact) | {"id": contact.id}


def _document(contact: Contact) -> Document:
    merged_ids = {"mergedIds": list(contact.merged_ids)} if contact.merged_ids else {}
    return {
        "name": contact.name,
        "createTime": contact.create_time,
        "lastUpdatedTime": contact.last_updated_time,
        **{str(key): value for key, value in contact.values.items()},
        "identities": [_identity_document(identity) for identity in contact.identities],
        "lastOrdinal": contact.last_ordinal,
        **merged_ids,
    }


def _identity_document(identity: Identity) -> Document:
    optional = {name: getattr(identity, attribute) for name, attribute in _OPTIONAL_ATTRIBUTES.items()}
    document: Document = {"id": identity.id, "type": identity.type.value, "value": identity.value}
    if identity.normalised_value != identity.value:
        document["normal"] = identity.normalised_value
    return document | {name: value for name, value in optional.items() if value}


def _identity(document: Document) -> Identity:
    optional: dict[str, Any] = {attribute: document[name] for name, attribute in _OPTIONAL_ATTRIBUTES.items() if name in document}
    return Identity(
        id=document["id"],
        type=IdentityType(document["type"]),
        value=document["value"],
        normalised_value=document.get("normal") or document["value"],
        **optional,
    )
