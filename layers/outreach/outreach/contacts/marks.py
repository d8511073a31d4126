"""The items that keep identities unique, and the changes of them that a write of contacts brings (see ``store``)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from outreach import aws, dynamo
from outreach.contacts.models import Contact, IdentityType
from outreach.settings import settings

Mark = tuple[IdentityType, str]
Action = dict[str, Any]

_MAX_ACTIONS = 100
_LEASE_SECONDS = 900  # the longest that a function can run: after it nobody can be about to write the document any more


class Taken(Exception):
    """Marks that a write needs exist already."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        super().__init__("marks exist already")
        self.marks = marks


class MarkChange(NamedTuple):
    """A mark passes from the identity ``before`` to the identity ``after``; ``None`` is nobody."""

    mark: Mark
    before: str | None
    after: str | None


@dataclass(frozen=True)
class MarkChanges:
    """What a write does to marks: first those that are new, then those that change hands, then those that are removed."""

    changes: tuple[MarkChange, ...]

    @classmethod
    def between(cls, before: Iterable[Contact | None], after: Iterable[Contact | None]) -> MarkChanges:
        """What leads from the identities of some contacts to those of others."""
        old, new = _marks(before), _marks(after)
        changes = [MarkChange(mark, old.get(mark), new.get(mark)) for mark in {**new, **old} if old.get(mark) != new.get(mark)]
        return cls(tuple(sorted(changes, key=lambda change: (change.after is None, change.before is not None))))

    @property
    def marks(self) -> list[Mark]:
        return [change.mark for change in self.changes]

    def split(self, room: int) -> tuple[MarkChanges, MarkChanges, MarkChanges]:
        """What must be set before, what fits into a transaction with ``room`` for so many, and what may be removed after it."""
        to_set = sum(change.after is not None for change in self.changes)
        start = max(0, to_set - room)
        first, inside, last = self.changes[:start], self.changes[start : start + room], self.changes[start + room :]
        return MarkChanges(first), MarkChanges(inside), MarkChanges(last)

    def actions(self, site_id: str) -> list[Action]:
        """The changes as actions of a transaction."""
        return [_set(site_id, change) if change.after else _remove(site_id, change) for change in self.changes]


def key_of(site_id: str, mark: Mark) -> dict[str, str]:
    """The primary key of a mark."""
    type_, normal = mark
    return {"pk": f"SITE#{site_id}#IDENTITY#{type_}#{normal}", "sk": "IDENTITY"}


@contextmanager
def reserved(site_id: str, changes: MarkChanges) -> Iterator[None]:
    """Set marks ahead of the write in the body, and take them back when it fails.

    Raises:
        Taken: some of them exist already.
    """
    try:
        for chunk in dynamo.chunks(changes.changes, _MAX_ACTIONS):
            _reserve(site_id, chunk)
        yield
    except BaseException:
        for change in changes.changes:
            _remove_quietly(site_id, change.mark, change.after)
        raise


def remove(site_id: str, changes: MarkChanges) -> None:
    """Remove marks that the documents don't hold any more."""
    for change in changes.changes:
        _remove_quietly(site_id, change.mark, change.before)


def is_leased(item: Mapping[str, Any]) -> bool:
    """Whether somebody may still be about to write the document that the mark was set for."""
    return float(item.get("leased_until", 0)) > time.time()


def clear(site_id: str, mark: Mark, identity_id: str, *, unless_changed: Mapping[str, str], version: int) -> None:
    """Remove a mark that is not in force; nothing happens when the contact that decides this has changed meanwhile."""
    contact = {"TableName": settings().contacts_table, "Key": dynamo.to_item(unless_changed), **dynamo.if_version(version)}
    try:
        dynamo.transact([{"ConditionCheck": contact}, _remove(site_id, MarkChange(mark, identity_id, None))])
    except dynamo.TransactionRefused:
        return


def _marks(contacts: Iterable[Contact | None]) -> dict[Mark, str]:
    return {identity.mark: identity.id for contact in contacts if contact for identity in contact.live_identities}


def _reserve(site_id: str, changes: Sequence[MarkChange]) -> None:
    lease = int(time.time()) + _LEASE_SECONDS
    try:
        dynamo.transact([_set(site_id, change, leased_until=lease) for change in changes])
    except dynamo.TransactionRefused as refusal:
        raise Taken([changes[position].mark for position in refusal.failed]) from refusal


def _set(site_id: str, change: MarkChange, **attributes: Any) -> Action:
    item = {**key_of(site_id, change.mark), "identity_id": change.after, **attributes}
    return {
        "Put": {
            "TableName": settings().contacts_table,
            "Item": dynamo.to_item(item),
            "ConditionExpression": "attribute_not_exists(pk) OR identity_id IN (:before, :after)",
            "ExpressionAttributeValues": dynamo.to_item({":before": change.before or change.after, ":after": change.after}),
        }
    }


def _remove(site_id: str, change: MarkChange) -> Action:
    return {
        "Delete": {
            "TableName": settings().contacts_table,
            "Key": dynamo.to_item(key_of(site_id, change.mark)),
            "ConditionExpression": "attribute_not_exists(pk) OR identity_id = :before",
            "ExpressionAttributeValues": dynamo.to_item({":before": change.before}),
        }
    }


def _remove_quietly(site_id: str, mark: Mark, identity_id: str | None) -> None:
    try:
        with dynamo.conditional():
            aws.dynamodb().delete_item(**_remove(site_id, MarkChange(mark, identity_id, None))["Delete"])
    except dynamo.ConditionFailed:
        return
