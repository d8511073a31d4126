"""The contacts table: contacts, and the uniqueness items of their identity keys.

=======================================  ============  =================================================================
pk                                       sk            item
=======================================  ============  =================================================================
``SITE#<site>#CONTACT#<shard>``          ``<id>``      a contact (``contact_documents``); index ``order`` by
                                                       ``SITE#<site>#ORDER#<shard>``, ``<createTime>#<id>``
``SITE#<site>#IDENTITY#<type>#<value>``  ``IDENTITY``  the uniqueness item of an identity key: its ``identity_id``
``SITE#<site>#MERGE#<contact>``          ``MERGE``     the journal of a merge (``merge_journal``)
``SITE#<site>#COUNTS``                   ``<shard>``   the contact counter of a shard (``listing.contact_counts``)
``SITE#<site>``                          ``FIELDS``    the site's fields (``field_store``)
``SITE#<site>#IMPORTS``                  ``<id>``      an import (``imports.import_records``)
``SITE#<site>#OPTOUTS#<shard>``          ``<number>``  an opt-out; its history has its own partition (``consent.opt_outs``)
=======================================  ============  =================================================================

The identity id in a uniqueness item leads to the contact (``models.contact_of_identity``), and from a tombstone on to the contact
it was merged into, so a merge moves identities without a write to their uniqueness items. A uniqueness item is valid while that
contact has the identity and the identity is not deleted; otherwise it is stale.

A transaction has at most 100 actions. A write that changes more uniqueness items reserves the excess before the transaction that
writes the contact, and removes the excess after it. A crash in between leaves stale uniqueness items. The next writer that needs
such an identity key removes the stale item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from outreach import dynamo
from outreach.contacts import identity_uniqueness, merge_journal
from outreach.contacts.contact_documents import contact_of, item_of, key_of
from outreach.contacts.identity_uniqueness import Action, IdentityChanges, IdentityKey
from outreach.contacts.models import Contact, Identity, IdentityType, contact_of_identity
from outreach.errors import Conflict, NotFound, ValidationFailed
from outreach.settings import settings

T = TypeVar("T")

_MAX_DOCUMENT_BYTES = 350_000  # DynamoDB allows 400 KB for the whole item
_ATTEMPTS = 3


class StaleContact(dynamo.WriteConflict):
    """A contact has changed since it was read; read it again."""


@dataclass(frozen=True)
class ContactChange:
    """A write of one contact: a creation if ``before`` is ``None``, a deletion if ``after`` is ``None``."""

    before: Contact | None
    after: Contact | None

    @property
    def contact(self) -> Contact:
        """The contact after the change or, if it is deleted, before it."""
        contact = self.after or self.before
        assert contact is not None  # noqa: S101 - for the type checker: one of the two is always given
        return contact


def get(site_id: str, contact_id: str) -> Contact:
    """Read a contact or a tombstone, consistently.

    Raises:
        NotFound: the site has no such contact.
    """
    contact = find(site_id, contact_id)
    if contact is None:
        raise NotFound("The site has no contact with this id.")
    return contact


def get_live(site_id: str, contact_id: str) -> Contact:
    """Read a live contact, consistently.

    Raises:
        NotFound: the site has no such contact.
        Conflict: the contact was merged into another (``merged_contact``).
    """
    contact = get(site_id, contact_id)
    if contact.merged_to:
        raise Conflict(f"The contact was merged into contact {contact.merged_to}. Use that one.", code="merged_contact")
    return contact


def find(site_id: str, contact_id: str) -> Contact | None:
    """Read a contact or a tombstone, consistently, or return ``None``."""
    item = dynamo.get(settings().contacts_table, key_of(site_id, contact_id, settings().contact_shards), consistent=True)
    return item and contact_of(site_id, item)  # type: ignore[return-value]


def require(site_id: str, contact_id: str) -> Contact:
    """Return the contact that a request body names in ``contactId``, or the one that it was merged into.

    Raises:
        ValidationFailed: the site has no such contact.
    """
    contact = survivor(find(site_id, contact_id))
    if contact is None:
        raise ValidationFailed.at("/contactId", "is not a contact of this site")
    return contact


def get_many(
    site_id: str, contact_ids: Iterable[str], *, consistent: bool = False, tombstones: bool = False
) -> dict[str, Contact]:
    """Return the live contacts with the given ids, by id.

    Args:
        consistent: ``False`` costs half as much but may miss the most recent writes.
        tombstones: whether merged contacts count, too.
    """
    keys = [key_of(site_id, contact_id, settings().contact_shards) for contact_id in dict.fromkeys(contact_ids)]
    items = dynamo.batch_get(settings().contacts_table, keys, consistent=consistent)
    contacts = (contact_of(site_id, item) for item in items)
    return {contact.id: contact for contact in contacts if tombstones or contact.merged_to is None}


def survivor(contact: Contact | None) -> Contact | None:
    """Follow a tombstone to the live contact that it was merged into; ``None`` if that contact was deleted."""
    while contact is not None and contact.merged_to is not None:
        contact = find(contact.site_id, contact.merged_to)
    return contact


def find_by_identities(site_id: str, identity_keys: Iterable[IdentityKey]) -> Iterator[tuple[Contact, Identity]]:
    """Yield the live contacts that have any of the identity keys, each with its identity. Reads consistently."""
    item_keys = [identity_uniqueness.item_key(site_id, key) for key in dict.fromkeys(identity_keys)]
    for item in dynamo.batch_get(settings().contacts_table, item_keys, consistent=True):
        contact = survivor(find(site_id, contact_of_identity(item["identity_id"])))
        identity = contact and _identity_of_item(contact, item)
        if contact and identity:
            yield contact, identity


def find_by_number(site_id: str, number: str) -> Contact | None:
    """Return the live contact that has a number as an SMS identity. Reads consistently."""
    return next((contact for contact, _ in find_by_identities(site_id, [(IdentityType.SMS, number)])), None)


def owners(site_id: str, identity_keys: Iterable[IdentityKey], *, consistent: bool = False) -> dict[IdentityKey, str]:
    """Return the contact ids to which uniqueness items lead, by identity key.

    The result is a hint, because the contacts are not read: a contact may be a tombstone or not exist. It costs half a read unit
    per identity key, or a whole one when ``consistent``.
    """
    key_by_pk = {identity_uniqueness.item_key(site_id, key)["pk"]: key for key in identity_keys}
    item_keys = [identity_uniqueness.item_key(site_id, key) for key in key_by_pk.values()]
    items = dynamo.batch_get(settings().contacts_table, item_keys, consistent=consistent)
    return {key_by_pk[item["pk"]]: contact_of_identity(item["identity_id"]) for item in items}


def get_identity(site_id: str, identity_id: str) -> tuple[Contact, Identity]:
    """Return an identity and the contact that has it now.

    Raises:
        NotFound: no contact of the site has it.
    """
    contact = survivor(find(site_id, contact_of_identity(identity_id)))
    for identity in contact.identities if contact else ():
        if contact and identity.id == identity_id:
            return contact, identity
    raise NotFound("The site has no contact identity with this id.")


def commit(*changes: ContactChange, also: Sequence[Action] = ()) -> None:
    """Write contacts of one site and the uniqueness items of their identities, all or nothing.

    Args:
        also: further actions of the same transaction, without conditions.

    Raises:
        StaleContact: one of the contacts has changed since it was read.
        Conflict: another contact has one of the identities (``duplicate_identity``).
        ValidationFailed: a contact is too large.
    """
    site_id = changes[0].contact.site_id
    contact_actions = [_contact_action(change) for change in changes]
    identity_changes = IdentityChanges.between((change.before for change in changes), (change.after for change in changes))
    # Not `retry_on_conflict`: only an identity that is taken is tried again, and a stale contact is the caller's to read again.
    for _ in range(_ATTEMPTS):
        try:
            _write(site_id, [*contact_actions, *also], identity_changes)
        except identity_uniqueness.IdentityTaken as taken:
            for key in taken.identity_keys:
                _remove_if_stale(site_id, key)
        else:
            return
    raise Conflict("Another contact with the same identity is being written; try again.", code="duplicate_identity")


def retry_while_stale(attempt: Callable[[], T]) -> T:
    """Repeat an attempt that reads contacts and commits them, while other requests change the contacts in between.

    Raises:
        Conflict: others keep changing them.
    """
    return dynamo.retry_on_conflict(attempt, error=Conflict("Other requests keep changing the contact; try again later."))


def delete_tombstones(deleted: Contact) -> None:
    """Delete the tombstones of contacts that were merged into a deleted contact, and the journals of these merges.

    Call this after the contact is deleted: until then the tombstones lead to its identities.
    """
    for contact_id in deleted.merged_ids:
        key = key_of(deleted.site_id, contact_id, settings().contact_shards)
        dynamo.delete(settings().contacts_table, key)
        merge_journal.delete(deleted.site_id, contact_id)


def _write(site_id: str, contact_actions: Sequence[Action], identity_changes: IdentityChanges) -> None:
    before, inside, after = identity_changes.split(dynamo.MAX_ACTIONS - len(contact_actions))
    with identity_uniqueness.reservation(site_id, before):
        try:
            dynamo.transact([*contact_actions, *inside.actions(site_id)])
        except dynamo.TransactionRefused as refusal:
            if refusal.failed[0] < len(contact_actions):
                raise StaleContact from refusal
            keys = [inside.keys[position - len(contact_actions)] for position in refusal.failed]
            raise identity_uniqueness.IdentityTaken(keys) from refusal
    identity_uniqueness.remove(site_id, after)


def _contact_action(change: ContactChange) -> Action:
    table, shards = settings().contacts_table, settings().contact_shards
    condition = dynamo.if_version(change.before.version if change.before else 0)
    if change.after is None:
        key = key_of(change.contact.site_id, change.contact.id, shards)
        return {"Delete": {"TableName": table, "Key": dynamo.to_item(key), **condition}}
    item = item_of(change.after, shards)
    if len(item["document"].encode()) > _MAX_DOCUMENT_BYTES:
        raise ValidationFailed.at("", "must be smaller than 350 KB; use fewer identities or shorter values")
    return {"Put": {"TableName": table, "Item": dynamo.to_item(item), **condition}}


def _remove_if_stale(site_id: str, key: IdentityKey) -> None:
    """Remove a uniqueness item if it is stale.

    Raises:
        Conflict: the item is valid, or its reservation has not ended (``duplicate_identity``).
    """
    item = dynamo.get(settings().contacts_table, identity_uniqueness.item_key(site_id, key), consistent=True)
    if item is None:
        return
    contact_id = contact_of_identity(item["identity_id"])
    contact = find(site_id, contact_id)
    while contact is not None and contact.merged_to is not None:
        contact_id, contact = contact.merged_to, find(site_id, contact.merged_to)
    if contact and _identity_of_item(contact, item):
        raise Conflict(
            f"Contact {contact.id} already has this {key[0]} identity. Change that contact, or merge the two.",
            code="duplicate_identity",
        )
    if identity_uniqueness.is_reserved(item):
        raise Conflict(f"Another contact with this {key[0]} identity is being written; try again.", code="duplicate_identity")
    identity_uniqueness.remove_stale(
        site_id,
        key,
        item["identity_id"],
        contact_key=key_of(site_id, contact_id, settings().contact_shards),
        contact_version=contact.version if contact else 0,
    )


def _identity_of_item(contact: Contact, item: Mapping[str, Any]) -> Identity | None:
    """Return the live identity of a contact that a uniqueness item names; ``None`` means that the item is stale."""
    for identity in contact.live_identities:
        item_key = identity_uniqueness.item_key(contact.site_id, identity.key)
        if identity.id == item["identity_id"] and item_key["pk"] == item["pk"]:
            return identity
    return None
