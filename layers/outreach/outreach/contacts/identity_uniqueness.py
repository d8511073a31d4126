"""Uniqueness items: the items that keep identity keys unique in a site, and their changes when contacts are written.

See :mod:`outreach.contacts.contact_store` for the whole protocol.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from outreach import dynamo
from outreach.contacts.models import Contact, IdentityType
from outreach.settings import settings

# An identity's type and normalised value.
IdentityKey = tuple[IdentityType, str]
# An action of a DynamoDB transaction.
Action = dict[str, Any]

# No Lambda function runs longer, so after this time the writer that made the reservation has ended.
_RESERVATION_SECONDS = 900
# DynamoDB allows 2,048 bytes in a partition key, which contains the site's id and the value.
_MAX_VALUE_BYTES = 1_800
_IS_OWNED = "attribute_not_exists(pk) OR identity_id = :before"


class IdentityTaken(Exception):
    """The uniqueness items of some identity keys belong to other identities."""

    def __init__(self, identity_keys: Sequence[IdentityKey]) -> None:
        super().__init__("uniqueness items belong to other identities")
        self.identity_keys = identity_keys


class IdentityChange(NamedTuple):
    """An identity key passes from the identity id ``before`` to the identity id ``after``; ``None`` means no identity."""

    key: IdentityKey
    before: str | None
    after: str | None


@dataclass(frozen=True)
class IdentityChanges:
    """The changes of uniqueness items in one write: first the new ones, then those that change owner, then the removed ones."""

    changes: tuple[IdentityChange, ...]

    @classmethod
    def between(cls, before: Iterable[Contact | None], after: Iterable[Contact | None]) -> IdentityChanges:
        """Return the changes that lead from the identities of ``before`` to those of ``after``."""
        old, new = _ids_by_key(before), _ids_by_key(after)
        changes = [IdentityChange(key, old.get(key), new.get(key)) for key in {**new, **old} if old.get(key) != new.get(key)]
        return cls(tuple(sorted(changes, key=lambda change: (change.after is None, change.before is not None))))

    @property
    def keys(self) -> list[IdentityKey]:
        """The changed identity keys, in the order of the changes."""
        return [change.key for change in self.changes]

    def split(self, room: int) -> tuple[IdentityChanges, IdentityChanges, IdentityChanges]:
        """Divide the changes into those to reserve before a transaction, those inside it, and the removals after it.

        Args:
            room: how many changes fit into the transaction.
        """
        to_set = sum(change.after is not None for change in self.changes)
        start = max(0, to_set - room)
        before, inside, after = self.changes[:start], self.changes[start : start + room], self.changes[start + room :]
        return IdentityChanges(before), IdentityChanges(inside), IdentityChanges(after)

    def actions(self, site_id: str) -> list[Action]:
        """Return the changes as actions of a transaction."""
        return [_set_action(site_id, change) if change.after else _remove_action(site_id, change) for change in self.changes]


def item_key(site_id: str, key: IdentityKey) -> dict[str, str]:
    """Return the primary key of an identity key's uniqueness item. It has the hash of a value that does not fit."""
    type_, normalised_value = key
    encoded = normalised_value.encode()
    # No value begins with a space, so none equals a hash.
    value = normalised_value if len(encoded) <= _MAX_VALUE_BYTES else f" {hashlib.sha256(encoded).hexdigest()}"
    return {"pk": f"SITE#{site_id}#IDENTITY#{type_}#{value}", "sk": "IDENTITY"}


@contextmanager
def reservation(site_id: str, changes: IdentityChanges) -> Iterator[None]:
    """Reserve identity keys for the write in the body of the ``with`` statement; release them if it fails.

    Raises:
        IdentityTaken: another identity has one of the keys.
    """
    try:
        for chunk in dynamo.chunks(changes.changes, dynamo.MAX_ACTIONS):
            _reserve(site_id, chunk)
        yield
    except BaseException:
        for change in changes.changes:
            _remove_if_owned(site_id, change.key, change.after)
        raise


def remove(site_id: str, changes: IdentityChanges) -> None:
    """Remove the uniqueness items of identities that contacts no longer have."""
    for change in changes.changes:
        _remove_if_owned(site_id, change.key, change.before)


def is_reserved(item: Mapping[str, Any]) -> bool:
    """Return whether the writer that reserved a uniqueness item may still be running."""
    return float(item.get("reserved_until", 0)) > time.time()


def remove_stale(
    site_id: str, key: IdentityKey, identity_id: str, *, contact_key: Mapping[str, str], contact_version: int
) -> None:
    """Remove a stale uniqueness item, unless its contact has changed since it was read.

    Args:
        identity_id: the identity that the item names.
        contact_key: the primary key of the contact that does not have the identity.
        contact_version: the version of that contact when it was read; 0 if it did not exist.
    """
    is_unchanged = {
        "TableName": settings().contacts_table,
        "Key": dynamo.to_item(contact_key),
        **dynamo.if_version(contact_version),
    }
    try:
        dynamo.transact([{"ConditionCheck": is_unchanged}, _remove_action(site_id, IdentityChange(key, identity_id, None))])
    except dynamo.TransactionRefused:
        return


def _ids_by_key(contacts: Iterable[Contact | None]) -> dict[IdentityKey, str]:
    return {identity.key: identity.id for contact in contacts if contact for identity in contact.live_identities}


def _reserve(site_id: str, changes: Sequence[IdentityChange]) -> None:
    end = int(time.time()) + _RESERVATION_SECONDS
    try:
        dynamo.transact([_set_action(site_id, change, reserved_until=end) for change in changes])
    except dynamo.TransactionRefused as refusal:
        raise IdentityTaken([changes[position].key for position in refusal.failed]) from refusal


def _set_action(site_id: str, change: IdentityChange, **attributes: Any) -> Action:
    item = {**item_key(site_id, change.key), "identity_id": change.after, **attributes}
    return {
        "Put": {
            "TableName": settings().contacts_table,
            "Item": dynamo.to_item(item),
            "ConditionExpression": "attribute_not_exists(pk) OR identity_id IN (:before, :after)",
            "ExpressionAttributeValues": dynamo.to_item({":before": change.before or change.after, ":after": change.after}),
        }
    }


def _remove_action(site_id: str, change: IdentityChange) -> Action:
    return {
        "Delete": {
            "TableName": settings().contacts_table,
            "Key": dynamo.to_item(item_key(site_id, change.key)),
            "ConditionExpression": _IS_OWNED,
            "ExpressionAttributeValues": dynamo.to_item({":before": change.before}),
        }
    }


def _remove_if_owned(site_id: str, key: IdentityKey, identity_id: str | None) -> None:
    dynamo.delete_if(settings().contacts_table, item_key(site_id, key), _IS_OWNED, {":before": identity_id})
