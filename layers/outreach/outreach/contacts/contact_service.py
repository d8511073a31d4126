"""Creating, updating, deleting and merging contacts."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from outreach import clock, dynamo
from outreach.contacts import contact_store, merge_journal, validation
from outreach.contacts.contact_store import ContactChange, StaleContact
from outreach.contacts.fields import SiteFields
from outreach.contacts.listing.contact_counts import ContactAllowance
from outreach.contacts.merge_journal import MergeJournal
from outreach.contacts.models import MAX_IDENTITIES, Contact, Identity, identity_id, new_contact_id
from outreach.contacts.schemas import ContactBody
from outreach.errors import Conflict, Forbidden, NotFound, ValidationFailed

T = TypeVar("T")

MAX_BATCH_DELETE = 1000


def create(site_fields: SiteFields, body: ContactBody, contact_id: str) -> Contact:
    """Create a contact, or return the contact that already has this id.

    Args:
        contact_id: a UUID; see :func:`outreach.contacts.models.new_contact_id`.

    Raises:
        ValidationFailed: see :mod:`outreach.contacts.validation`.
        Conflict: another contact has one of the identities (``duplicate_identity``).
        Forbidden: the site has reached its limit of contacts (``quota_exceeded``).
    """
    contact = validation.new_contact(site_fields, body, new_contact_id(uuid.UUID(contact_id)), clock.timestamp(clock.now()))
    try:
        ContactAllowance(site_fields.site_id, site_fields.max_contacts).take()
        contact_store.commit(ContactChange(None, contact))
    except (StaleContact, Conflict, Forbidden):
        existing = contact_store.find(site_fields.site_id, contact.id)
        if existing is None:
            raise
        return existing
    return contact


def update(site_fields: SiteFields, contact_id: str, body: ContactBody) -> Contact:
    """Replace the properties that the body contains. A concurrent change is kept: the body is applied to its result.

    Raises:
        NotFound: there is no such contact.
        ValidationFailed: see :mod:`outreach.contacts.validation`.
        Conflict: another contact has one of the identities (``duplicate_identity``), or the contact was merged into another
            (``merged_contact``).
    """

    def attempt() -> Contact:
        before = _get_live(site_fields.site_id, contact_id)
        after = validation.changed_contact(site_fields, body, before, clock.timestamp(clock.now()))
        contact_store.commit(ContactChange(before, after))
        return after

    return _retry_while_stale(attempt)


def delete(site_id: str, contact_id: str) -> None:
    """Delete a contact and the tombstones of the contacts that were merged into it.

    Raises:
        NotFound: there is no such contact.
        Conflict: the contact was merged into another (``merged_contact``).
    """

    def attempt() -> None:
        before = _get_live(site_id, contact_id)
        contact_store.commit(ContactChange(before, None))
        contact_store.delete_tombstones(before)

    _retry_while_stale(attempt)


def delete_many(site_id: str, contact_ids: Sequence[str]) -> None:
    """Delete contacts. Ids that belong to no contact, or to a tombstone, are ignored.

    Raises:
        ValidationFailed: there are no ids, or more than 1,000.
    """
    if not 1 <= len(contact_ids) <= MAX_BATCH_DELETE:
        raise ValidationFailed.at("/ids", f"must be 1 to {MAX_BATCH_DELETE:,} contact ids")
    contacts = contact_store.get_many(site_id, contact_ids, consistent=True).values()
    for group in _transaction_groups(contacts):
        try:
            contact_store.commit(*(ContactChange(contact, None) for contact in group))
        except StaleContact:
            for contact in group:
                _delete_if_exists(site_id, contact.id)
        else:
            for contact in group:
                contact_store.delete_tombstones(contact)


def merge(site_id: str, contact_id: str, other_id: str | None) -> None:
    """Merge ``other_id`` into ``contact_id``, in one transaction.

    If either contact is updated between reading and writing, the merge starts again with the updated contact. An update after the
    merge finds a tombstone and is refused.

    Raises:
        ValidationFailed: ``other_id`` is missing or equals ``contact_id``.
        NotFound: one of the contacts does not exist.
        Conflict: one of them was merged already (``merged_contact``), or together they have too many identities
            (``too_many_identities``).
    """
    merged_id = _require_other(contact_id, other_id)

    def attempt() -> None:
        target, other = _get_live(site_id, contact_id), _get_live(site_id, merged_id)
        if len(target.identities) + len(other.identities) > MAX_IDENTITIES:
            raise Conflict(f"The two contacts have more than {MAX_IDENTITIES} identities.", code="too_many_identities")
        now = clock.timestamp(clock.now())
        contact_store.commit(
            ContactChange(target, _merged(target, other, now)),
            ContactChange(other, _tombstone(other, target, now)),
            also=[merge_journal.write_action(target, other, now)],
        )

    _retry_while_stale(attempt)


def unmerge(site_id: str, contact_id: str, other_id: str | None) -> None:
    """Reverse the merge of ``other_id`` into ``contact_id``, in one transaction. Later changes of the latter stay there.

    Raises:
        ValidationFailed: ``other_id`` is missing or equals ``contact_id``.
        NotFound: one of the contacts does not exist.
        Conflict: the other contact is not merged into this one, or not for 30 days at most (``not_merged``); or this one was
            merged into another itself (``merged_contact``).
    """
    merged_id = _require_other(contact_id, other_id)

    def attempt() -> None:
        target, tombstone = _get_live(site_id, contact_id), contact_store.get(site_id, merged_id)
        journal = merge_journal.find(site_id, merged_id) if tombstone.merged_to == contact_id else None
        if journal is None or journal.merged_to != contact_id:
            raise Conflict("This contact was not merged into the other one in the last 30 days.", code="not_merged")
        _separate(target, tombstone, journal)

    _retry_while_stale(attempt)


def _require_other(contact_id: str, other_id: str | None) -> str:
    if other_id is None:
        raise ValidationFailed.at("/contactId", "is required")
    if contact_id == other_id:
        raise ValidationFailed.at("/contactId", "must differ from the contact in the path")
    return other_id


def _separate(target: Contact, tombstone: Contact, journal: MergeJournal) -> None:
    """Write the two contacts of a merge as they are without it.

    An identity that was removed from the target meanwhile returns to the other contact, unless a third one has it now.
    """
    now = clock.timestamp(clock.now())
    remaining = _without_merged(target, journal, now)
    everything = _restored(remaining, tombstone, journal, now)
    moved_keys = {identity.key for identity in target.identities}
    without_removed = replace(everything, identities=tuple(each for each in everything.identities if each.key in moved_keys))
    also = [merge_journal.delete_action(target.site_id, tombstone.id)]
    for restored in (everything, without_removed):
        try:
            contact_store.commit(ContactChange(target, remaining), ContactChange(tombstone, restored), also=also)
        except Conflict as conflict:
            if restored is without_removed or conflict.code != "duplicate_identity":
                raise
        else:
            return


def _without_merged(target: Contact, journal: MergeJournal, now: str) -> Contact:
    """Return the target without what came from the other contact. Identities changed since the merge stay, with new ids."""
    other = journal.other
    original = {identity.id: identity for identity in other.identities}
    kept: list[Identity] = []
    ordinal = target.last_ordinal
    for identity in target.identities:
        if identity.id not in original:
            kept.append(identity)
        elif identity.key != original[identity.id].key:
            ordinal += 1
            kept.append(replace(identity, id=identity_id(target.id, ordinal)))
    filled = {key for key in journal.filled if target.values.get(key) == other.values[key]}
    return replace(
        target,
        values={key: value for key, value in target.values.items() if key not in filled},
        identities=tuple(kept),
        last_ordinal=ordinal,
        merged_ids=tuple(id_ for id_ in target.merged_ids if id_ not in (other.id, *other.merged_ids)),
        last_updated_time=now,
        version=target.version + 1,
    )


def _restored(remaining: Contact, tombstone: Contact, journal: MergeJournal, now: str) -> Contact:
    """Return the other contact as it was, without identities that the target has regained."""
    taken = {identity.key for identity in remaining.live_identities}
    identities = tuple(identity for identity in journal.other.identities if identity.key not in taken or identity.is_deleted)
    return replace(journal.other, identities=identities, last_updated_time=now, version=tombstone.version + 1)


def _merged(target: Contact, other: Contact, now: str) -> Contact:
    return replace(
        target,
        values={**other.values, **target.values},
        identities=target.identities + other.identities,
        merged_ids=(*target.merged_ids, other.id, *other.merged_ids),
        last_updated_time=now,
        version=target.version + 1,
    )


def _tombstone(other: Contact, target: Contact, now: str) -> Contact:
    return replace(other, identities=(), merged_ids=(), merged_to=target.id, last_updated_time=now, version=other.version + 1)


def _get_live(site_id: str, contact_id: str) -> Contact:
    contact = contact_store.get(site_id, contact_id)
    if contact.merged_to:
        raise Conflict(f"The contact was merged into contact {contact.merged_to}.", code="merged_contact")
    return contact


def _retry_while_stale(attempt: Callable[[], T]) -> T:
    return dynamo.retry_on_conflict(attempt, error=Conflict("Other requests keep changing the contact; try again later."))


def _transaction_groups(contacts: Iterable[Contact]) -> Iterator[list[Contact]]:
    """Group contacts so that each group can be deleted in one transaction."""
    group: list[Contact] = []
    group_actions = 0
    for contact in contacts:
        actions = 1 + len(contact.live_identities)
        if group and group_actions + actions > dynamo.MAX_ACTIONS:
            yield group
            group, group_actions = [], 0
        group.append(contact)
        group_actions += actions
    if group:
        yield group


def _delete_if_exists(site_id: str, contact_id: str) -> None:
    try:
        delete(site_id, contact_id)
    except NotFound:
        return
    except Conflict as error:
        if error.code != "merged_contact":
            raise
