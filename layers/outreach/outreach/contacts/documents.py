"""A contact as an item: one packed JSON document, and outside of it only what keys, indexes and conditions need.

botocore takes fourteen times as long for a page of nested attributes as for the same page with one string in each item.

Filters evaluate the document as it is (see ``outreach.contacts.filters``), without building a :class:`Contact`; ``id`` is added
from the key by whoever reads it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import orjson

from outreach.contacts.models import Contact, FieldKey, Identity, IdentityType

Document = dict[str, Any]

# What stands in a document beside the values of the fields; ``fields.PROPERTIES`` keeps fields from having such names.
_OWN = {"id", "name", "createTime", "lastUpdatedTime", "identities", "lastOrdinal", "mergedIds"}

# Identity attributes that are left out when they say nothing, by their name in the document.
_OPTIONAL = {
    "name": "name",
    "avatarUrl": "avatar_url",
    "infoUrl": "info_url",
    "screenName": "screen_name",
    "originalContactPageUrl": "original_contact_page_url",
    "isDeleted": "is_deleted",
}


def shard_of(contact_id: str, shards: int) -> int:
    """The same for ever: CRC-32 of the id."""
    return zlib.crc32(contact_id.encode()) % shards


def key_of(site_id: str, contact_id: str, shards: int) -> dict[str, str]:
    """The contact's primary key."""
    return {"pk": scan_pk(site_id, shard_of(contact_id, shards)), "sk": contact_id}


def scan_pk(site_id: str, shard: int) -> str:
    """The partition key of a shard's contacts."""
    return f"SITE#{site_id}#CONTACT#{shard:02}"


def order_pk(site_id: str, shard: int) -> str:
    """The partition key of the index ``order``."""
    return f"SITE#{site_id}#ORDER#{shard:02}"


def item_of(contact: Contact, shards: int) -> dict[str, Any]:
    """The whole item. A tombstone has no order keys, so that it is in no list."""
    live = contact.merged_to is None
    return {
        **key_of(contact.site_id, contact.id, shards),
        "order_pk": order_pk(contact.site_id, shard_of(contact.id, shards)) if live else None,
        "order_sk": f"{contact.create_time}#{contact.id}" if live else None,
        "document": orjson.dumps(_document(contact)).decode(),
        "merged_to": contact.merged_to,
        "version": contact.version,
    }


def contact_of(site_id: str, item: Mapping[str, Any]) -> Contact:
    """The inverse of :func:`item_of`."""
    document = orjson.loads(item["document"])
    return Contact(
        id=item["sk"],
        site_id=site_id,
        name=document["name"],
        create_time=document["createTime"],
        last_updated_time=document["lastUpdatedTime"],
        values={FieldKey(key): value for key, value in document.items() if key not in _OWN},
        identities=tuple(map(_identity, document["identities"])),
        last_ordinal=document["lastOrdinal"],
        merged_ids=tuple(document.get("mergedIds", ())),
        merged_to=item.get("merged_to"),
        version=item["version"],
    )


def document_of(contact: Contact) -> Document:
    """The document that is stored, with ``id``: what filters and orders work on."""
    return _document(contact) | {"id": contact.id}


def _document(contact: Contact) -> Document:
    merged = {"mergedIds": list(contact.merged_ids)} if contact.merged_ids else {}
    return {
        "name": contact.name,
        "createTime": contact.create_time,
        "lastUpdatedTime": contact.last_updated_time,
        **{str(key): value for key, value in contact.values.items()},
        "identities": [_packed(identity) for identity in contact.identities],
        "lastOrdinal": contact.last_ordinal,
        **merged,
    }


def _packed(identity: Identity) -> Document:
    optional = {name: getattr(identity, attribute) for name, attribute in _OPTIONAL.items()}
    packed: Document = {"id": identity.id, "type": identity.type.value, "value": identity.value}
    if identity.normal != identity.value:
        packed["normal"] = identity.normal
    return packed | {name: value for name, value in optional.items() if value}


def _identity(packed: Document) -> Identity:
    optional: dict[str, Any] = {attribute: packed[name] for name, attribute in _OPTIONAL.items() if name in packed}
    return Identity(
        packed["id"], IdentityType(packed["type"]), packed["value"], packed.get("normal") or packed["value"], **optional
    )
