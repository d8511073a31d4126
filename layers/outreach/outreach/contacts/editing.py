"""Creating, changing, deleting and merging contacts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from outreach import clock
from outreach.contacts import counting, drafting, store
from outreach.contacts.bodies import ContactBody
from outreach.contacts.fields import Schema
from outreach.contacts.identities import normalise
from outreach.contacts.models import MAX_IDENTITIES, Contact, Identity, IdentityType, identity_id, new_contact_id
from outreach.contacts.store import Change, Stale
from outreach.errors import Conflict, Forbidden, NotFound, ValidationFailed

T = TypeVar("T")

MAX_DELETED_AT_ONCE = 1000

_ATTEMPTS = 10
_ACTIONS_AT_ONCE = 100


def create(schema: Schema, body: ContactBody, contact_id: str) -> Contact:
    """Store a new contact; created a second time under its id, it is as it stands.

    Args:
        contact_id: a UUID; see :func:`outreach.contacts.models.new_contact_id`.

    Raises:
        ValidationFailed: see :mod:`outreach.contacts.drafting`.
        Conflict: another contact has one of the identities (``duplicate_identity``).
        Forbidden: the site has all the contacts that it may have (``quota_exceeded``).
    """
    contact = drafting.new_contact(schema, body, new_contact_id(uuid.UUID(contact_id)), clock.timestamp(clock.now()))
    try:
        counting.require_room(schema.site_id, schema.max_contacts)
        store.commit(Change(None, contact))
    except (Stale, Conflict, Forbidden):
        known = store.find(schema.site_id, contact.id)
        if known is None:
            raise
        return known
    return contact


def of_number(schema: Schema, number: str) -> Contact:
    """The contact with that SMS identity; made when there is none, with the number as its name (contract, Contacts).

    Required fields don't apply to it: nobody was asked for them.

    Args:
        number: as the carrier writes it.
    """
    written, normal = normalise(IdentityType.SMS, number, schema.region)
    mark = (IdentityType.SMS, normal)
    for _ in range(_ATTEMPTS):
        for contact, _identity in store.find_by_marks(schema.site_id, [mark]):
            return contact
        contact_id, now = new_contact_id(), clock.timestamp(clock.now())
        identity = Identity(identity_id(contact_id, 1), IdentityType.SMS, written, normal)
        contact = Contact(contact_id, schema.site_id, written, now, now, identities=(identity,), last_ordinal=1, version=1)
        try:
            store.commit(Change(None, contact))
        except Conflict:
            continue  # another message of the same number was faster
        return contact
    raise Conflict("The contact is being written by others; try again.")


def update(schema: Schema, contact_id: str, body: ContactBody) -> Contact:
    """Replace what the body names. A change by somebody else in between is kept: the body is applied to it anew.

    Raises:
        NotFound: there is no such contact.
        ValidationFailed: see :mod:`outreach.contacts.drafting`.
        Conflict: another contact has one of the identities (``duplicate_identity``), or the contact was merged into another.
    """

    def apply() -> Contact:
        before = _live(schema.site_id, contact_id)
        after = drafting.changed_contact(schema, body, before, clock.timestamp(clock.now()))
        store.commit(Change(before, after))
        return after

    return _until_fresh(apply)


def delete(site_id: str, contact_id: str) -> None:
    """Remove a contact, and with it the tombstones of those that were merged into it.

    Raises:
        NotFound: there is no such contact.
        Conflict: it was merged into another, of which it is a part.
    """

    def apply() -> None:
        before = _live(site_id, contact_id)
        store.commit(Change(before, None))
        store.forget_tombstones(before)

    _until_fresh(apply)


def delete_many(site_id: str, contact_ids: Sequence[str]) -> None:
    """Remove contacts; ids of none, and of tombstones, are passed over.

    Raises:
        ValidationFailed: no ids, or more than 1,000.
    """
    if not 1 <= len(contact_ids) <= MAX_DELETED_AT_ONCE:
        raise ValidationFailed.at("ids", f"must be 1 to {MAX_DELETED_AT_ONCE} contacts")
    contacts = store.get_many(site_id, contact_ids, consistent=True).values()
    for group in _groups(contacts):
        try:
            store.commit(*(Change(contact, None) for contact in group))
        except Stale:
            for contact in group:
                _delete_if_there(site_id, contact.id)
        else:
            for contact in group:
                store.forget_tombstones(contact)


def merge(site_id: str, contact_id: str, other_id: str | None) -> None:
    """Merge ``other_id`` into ``contact_id``: one transaction of two contacts, so that a crash leaves all or nothing.

    An update of either contact that comes in between makes the merge start over with what it wrote; one that comes after it
    finds a tombstone and is refused.

    Raises:
        ValidationFailed: the two are one, or there is no other.
        NotFound: one of them does not exist.
        Conflict: one of them is merged already, or together they have too many identities.
    """
    if other_id is None:
        raise ValidationFailed.at("/contactId", "is required")
    if contact_id == other_id:
        raise ValidationFailed.at("/contactId", "a contact cannot be merged with itself")

    def apply() -> None:
        into, other = _live(site_id, contact_id), _live(site_id, other_id)
        if len(into.identities) + len(other.identities) > MAX_IDENTITIES:
            raise Conflict(f"Together they have more than {MAX_IDENTITIES} identities.", code="too_many_identities")
        now = clock.timestamp(clock.now())
        store.commit(Change(into, _united(into, other, now)), Change(other, _tombstone(other, into, now)))

    _until_fresh(apply)


def _united(into: Contact, other: Contact, now: str) -> Contact:
    return replace(
        into,
        values={**other.values, **into.values},
        identities=into.identities + other.identities,
        merged_ids=(*into.merged_ids, other.id, *other.merged_ids),
        last_updated_time=now,
        version=into.version + 1,
    )


def _tombstone(other: Contact, into: Contact, now: str) -> Contact:
    return replace(other, identities=(), merged_ids=(), merged_to=into.id, last_updated_time=now, version=other.version + 1)


def _live(site_id: str, contact_id: str) -> Contact:
    contact = store.get(site_id, contact_id)
    if contact.merged_to:
        raise Conflict(f"The contact was merged into {contact.merged_to}.", code="merged_contact")
    return contact


def _until_fresh(attempt: Callable[[], T]) -> T:
    """Call until nobody else writes the same contact between its reading and its writing."""
    for _ in range(_ATTEMPTS):
        try:
            return attempt()
        except Stale:
            continue
    raise Conflict("The contact is being changed by others; try again.")


def _groups(contacts: Iterable[Contact]) -> Iterator[list[Contact]]:
    """Contacts that can be deleted in one transaction, as many as fit."""
    group: list[Contact] = []
    actions = 0
    for contact in contacts:
        cost = 1 + len(contact.live_identities)
        if group and actions + cost > _ACTIONS_AT_ONCE:
            yield group
            group, actions = [], 0
        group.append(contact)
        actions += cost
    if group:
        yield group


def _delete_if_there(site_id: str, contact_id: str) -> None:
    try:
        delete(site_id, contact_id)
    except (NotFound, Conflict):
        return
