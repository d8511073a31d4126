"""The contacts table: contacts and the marks that keep their identities unique.

=======================================  ============  =================================================
pk                                       sk            item
=======================================  ============  =================================================
``SITE#<site>#CONTACT#<shard>``          ``<id>``      a contact (see ``documents``); index ``order`` by
                                                       ``SITE#<site>#ORDER#<shard>``, ``<createTime>#<id>``
``SITE#<site>#IDENTITY#<type>#<value>``  ``IDENTITY``  a mark: ``identity_id`` holds that normalised value
``SITE#<site>#COUNTS``                   ``<shard>``   where a shard's live contacts are (see ``counting``)
``SITE#<site>``                          ``FIELDS``    the site's fields (see ``schema``)
``SITE#<site>#IMPORTS``                  ``<id>``      an import (see ``files.records``)
=======================================  ============  =================================================

A mark leads to its contact by the identity's id alone (``models.contact_of_identity``), and from a tombstone on to the survivor;
so a merge moves identities without touching a mark. A mark is in force while that contact's document holds the identity, live.

A transaction takes 100 actions. A write that changes more marks than fit reserves the rest before (with a lease) and deletes the
rest after the transaction that holds the document; what a crash leaves over is a mark that is not in force, which the next writer
who needs it clears away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from outreach import aws, dynamo
from outreach.contacts import marks
from outreach.contacts.documents import contact_of, item_of, key_of
from outreach.contacts.marks import Action, Mark, MarkChanges
from outreach.contacts.models import Contact, Identity, contact_of_identity
from outreach.errors import Conflict, NotFound, ValidationFailed
from outreach.settings import settings

_MAX_ACTIONS = 100
_MAX_DOCUMENT_BYTES = 350_000  # an item has at most 400 KB
_ATTEMPTS = 3


class Stale(Exception):
    """A contact was changed by somebody else since it was read; read again."""


@dataclass(frozen=True)
class Change:
    """What becomes of one contact: no ``before`` creates it, no ``after`` deletes it."""

    before: Contact | None
    after: Contact | None

    @property
    def contact(self) -> Contact:
        contact = self.after or self.before
        assert contact is not None  # noqa: S101 - for the type checker: one of the two is always given
        return contact


def get(site_id: str, contact_id: str) -> Contact:
    """A contact as of now, a tombstone too.

    Raises:
        NotFound: the site has no such contact.
    """
    contact = find(site_id, contact_id)
    if contact is None:
        raise NotFound("There is no such contact.")
    return contact


def find(site_id: str, contact_id: str) -> Contact | None:
    """A contact as of now, a tombstone too, or ``None``."""
    item = dynamo.get(settings().contacts_table, key_of(site_id, contact_id, settings().contact_shards), consistent=True)
    return item and contact_of(site_id, item)  # type: ignore[return-value]


def get_many(site_id: str, contact_ids: Iterable[str], *, consistent: bool = False) -> dict[str, Contact]:
    """The live contacts among the ids, by id. May lag a write by a moment, unless ``consistent`` (at the double price)."""
    keys = [key_of(site_id, contact_id, settings().contact_shards) for contact_id in dict.fromkeys(contact_ids)]
    items = dynamo.batch_get(settings().contacts_table, keys, consistent=consistent)
    contacts = (contact_of(site_id, item) for item in items)
    return {contact.id: contact for contact in contacts if contact.merged_to is None}


def survivor(contact: Contact | None) -> Contact | None:
    """The contact itself, or the one that it was merged into at last; ``None`` when that was deleted."""
    while contact is not None and contact.merged_to is not None:
        contact = find(contact.site_id, contact.merged_to)
    return contact


def find_by_marks(site_id: str, wanted: Iterable[Mark]) -> Iterator[tuple[Contact, Identity]]:
    """The live contacts that hold any of the identities, each with the identity, as of now."""
    keys = [marks.key_of(site_id, mark) for mark in dict.fromkeys(wanted)]
    for item in dynamo.batch_get(settings().contacts_table, keys, consistent=True):
        contact = survivor(find(site_id, contact_of_identity(item["identity_id"])))
        identity = contact and _holding(contact, item)
        if contact and identity:
            yield contact, identity


def owners(site_id: str, wanted: Iterable[Mark]) -> dict[Mark, str]:
    """The contacts to which marks lead, by the mark. A hint, for half a read unit each: the contacts are not looked at."""
    by_key = {marks.key_of(site_id, mark)["pk"]: mark for mark in wanted}
    keys = [marks.key_of(site_id, mark) for mark in by_key.values()]
    found = dynamo.batch_get(settings().contacts_table, keys)
    return {by_key[item["pk"]]: contact_of_identity(item["identity_id"]) for item in found}


def get_identity(site_id: str, identity_id: str) -> tuple[Contact, Identity]:
    """An identity by its id, with the contact that has it now.

    Raises:
        NotFound: no contact of the site has it.
    """
    contact = survivor(find(site_id, contact_of_identity(identity_id)))
    for identity in contact.identities if contact else ():
        if contact and identity.id == identity_id:
            return contact, identity
    raise NotFound("There is no such contact identity.")


def commit(*changes: Change) -> None:
    """Write contacts of one site together with the marks of their identities, all or nothing.

    Raises:
        Stale: one of the contacts is not as it was read.
        Conflict: another contact has one of the identities (``duplicate_identity``).
        ValidationFailed: a contact is too large for an item.
    """
    site_id = changes[0].contact.site_id
    documents = [_document_action(change) for change in changes]
    wanted = MarkChanges.between((change.before for change in changes), (change.after for change in changes))
    for _ in range(_ATTEMPTS):
        try:
            _write(site_id, documents, wanted)
        except marks.Taken as taken:
            for mark in taken.marks:
                _clear(site_id, mark)
        else:
            return
    raise Conflict("Another contact is being written with the same identity.", code="duplicate_identity")


def forget_tombstones(deleted: Contact) -> None:
    """Remove those that were merged into a contact: after the contact, whose identities are found through them."""
    for contact_id in deleted.merged_ids:
        key = key_of(deleted.site_id, contact_id, settings().contact_shards)
        aws.dynamodb().delete_item(TableName=settings().contacts_table, Key=dynamo.to_item(key))


def _write(site_id: str, documents: Sequence[Action], wanted: MarkChanges) -> None:
    room = _MAX_ACTIONS - len(documents)
    first, inside, last = wanted.split(room)
    with marks.reserved(site_id, first):
        try:
            dynamo.transact([*documents, *inside.actions(site_id)])
        except dynamo.TransactionRefused as refusal:
            if refusal.failed[0] < len(documents):
                raise Stale from refusal
            raise marks.Taken([inside.marks[position - len(documents)] for position in refusal.failed]) from refusal
    marks.remove(site_id, last)


def _document_action(change: Change) -> Action:
    table, shards = settings().contacts_table, settings().contact_shards
    condition = dynamo.if_version(change.before.version if change.before else 0)
    if change.after is None:
        key = key_of(change.contact.site_id, change.contact.id, shards)
        return {"Delete": {"TableName": table, "Key": dynamo.to_item(key), **condition}}
    item = item_of(change.after, shards)
    if len(item["document"].encode()) > _MAX_DOCUMENT_BYTES:
        raise ValidationFailed.at("", "the contact takes too much room; use fewer identities or shorter values")
    return {"Put": {"TableName": table, "Item": dynamo.to_item(item), **condition}}


def _clear(site_id: str, mark: Mark) -> None:
    """Remove a mark that is not in force.

    Raises:
        Conflict: it is, or its reservation has not ended (``duplicate_identity``).
    """
    item = dynamo.get(settings().contacts_table, marks.key_of(site_id, mark), consistent=True)
    if item is None:
        return
    contact_id = contact_of_identity(item["identity_id"])
    contact = find(site_id, contact_id)
    while contact is not None and contact.merged_to is not None:
        contact_id, contact = contact.merged_to, find(site_id, contact.merged_to)
    if contact and _holding(contact, item):
        raise Conflict(f"Contact {contact.id} has this {mark[0]} identity.", code="duplicate_identity")
    if marks.is_leased(item):
        raise Conflict(f"Another contact is being written with this {mark[0]} identity.", code="duplicate_identity")
    key = key_of(site_id, contact_id, settings().contact_shards)
    marks.clear(site_id, mark, item["identity_id"], unless_changed=key, version=contact.version if contact else 0)


def _holding(contact: Contact, mark_item: dict[str, str]) -> Identity | None:
    """The contact's live identity that the mark stands for: then the mark is in force."""
    for identity in contact.live_identities:
        if identity.id == mark_item["identity_id"] and marks.key_of(contact.site_id, identity.mark)["pk"] == mark_item["pk"]:
            return identity
    return None
